"""The workflow that docs and users rely on, in Python, from a folder of pictures to a SavedModel."""

import matplotlib
import numpy as np
import pytest
import tensorflow as tf

import mrcnn_keras as mk
from tests.graphs import op_by_op

matplotlib.use("agg")


@pytest.mark.slow
def test_from_a_folder_to_a_saved_model(tiny_coco, tiny, tmp_path):
    data = mk.load_dataset(tiny_coco, subset="train")
    val = mk.load_dataset(tiny_coco, subset="val", format="coco")
    config = mk.Config.preset("resnet18_fpn", NUM_CLASSES=1 + 3, **tiny)
    model = mk.MaskRCNN(config)
    with op_by_op():  # `mrcnn demo` takes the same way with graphs
        history = mk.train(model, data, validation=val, epochs=1, out=tmp_path / "run")
        assert history["step"] == [3]

        image = val.load_image(0)
        found = model.detect([image, image[:40]])
        assert [len(found), *(detections.size for detections in found)] == [2, (64, 64), (40, 64)]
        axes = mk.visualize.display_instances(image, *found[0], data.class_names)
        axes.figure.savefig(tmp_path / "drawn.png", dpi=20)
        boxes, masks, class_ids, scores = found[0]
        mk.visualize.display_instances(image, boxes, masks, class_ids, data.class_names, scores)  # Matterport's order
        figures = mk.evaluate(model, val)
        assert {"bbox/AP", "segm/AP", "segm/AP50", "segm/AP/circle"} <= set(figures)

        model.save(tmp_path / "mine.keras")
        model = mk.MaskRCNN.load(tmp_path / "mine.keras")
        again = model.detect([image])[0]
        np.testing.assert_allclose(again.boxes, found[0].boxes, atol=1e-3)
    mk.export.saved_model(model, tmp_path / "serving" / "mine" / "1")
    served = tf.saved_model.load(str(tmp_path / "serving" / "mine" / "1"))
    answer = served.signatures["serving_default"](images=tf.constant(image[None]))
    np.testing.assert_allclose(answer["boxes"][0][: len(again)], again.boxes, atol=1e-2)
