"""Files of pictures in, limits, and PNG masks out: each as model.detect has it."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow.core.protobuf import saved_model_pb2

from mrcnn_keras.detections import Detections, crop_mask, paste_mask
from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import compare


def file_of(picture, kind="PNG", **options):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def detections(answer, row, crops_of):
    answer = {name: value.numpy()[row] for name, value in answer.items()}
    count = answer["num_detections"]
    assert not answer["class_ids"][count:].any()
    size = tuple(answer["image_size"].tolist())
    crops = [crops_of(answer, i, size) for i in range(count)]
    return Detections(size, *(answer[name][:count] for name in ("boxes", "class_ids", "scores")), crops)


def small(answer, i, size):
    return paste_mask(answer["masks"][i], answer["mask_boxes"][i], size)


def test_files_of_any_sizes_in_one_batch(model, served, picture):
    pictures = [picture(70, 50), picture(1, 1), picture(40, 200)]
    answer = served.signatures["serving_bytes"](image_bytes=[file_of(image) for image in pictures])
    assert answer["image_size"].numpy().tolist() == [[70, 50], [1, 1], [40, 200]]
    for row, expected in enumerate(model.detect(pictures)):
        assert compare(detections(answer, row, small), expected)["equal"]


def test_a_photograph_is_turned_upright(model, served, picture):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    file = file_of(picture(40, 60), "JPEG", exif=exif)
    answer = served.signatures["serving_bytes"](image_bytes=[file])
    upright = np.rot90(np.asarray(Image.open(io.BytesIO(file))), -1)
    assert answer["image_size"].numpy().tolist() == [[60, 40]]
    assert compare(detections(answer, 0, small), model.detect([upright])[0])["equal"]


def test_serving_bytes_takes_no_files(served):
    answer = served.signatures["serving_bytes"](image_bytes=tf.constant([], tf.string))
    assert answer["boxes"].shape == (0, 100, 4)
    assert answer["masks"].shape == (0, 100, 28, 28)


def test_a_broken_file_ends_the_request_with_its_place(served, picture):
    with pytest.raises(tf.errors.InvalidArgumentError, match="picture 1 of image_bytes, 7 bytes, is neither JPEG nor"):
        served.signatures["serving_bytes"](image_bytes=[file_of(picture(8, 8)), b"no file"])


def test_signatures_limit_score_and_number(served, picture):
    images = np.stack([picture(64, 64), picture(64, 64)[::-1]])
    everything = served.signatures["serving_default"](images=images)
    scores = everything["scores"].numpy()
    assert everything["num_detections"].numpy().min() > 20
    for name, inputs in (("detect", images), ("detect_bytes", [file_of(image) for image in images])):
        detect = getattr(served, name)
        np.testing.assert_array_equal(detect(inputs)["scores"], scores)
        best = detect(inputs, score_threshold=scores[0, 10])
        assert best["num_detections"].numpy().tolist() == (scores >= scores[0, 10]).sum(axis=1).tolist()
        assert detect(inputs, max_detections=[3, 5])["num_detections"].numpy().tolist() == [3, 5]
    few = served.detect(images, max_detections=[7])
    assert few["num_detections"].numpy().tolist() == [7, 7]
    np.testing.assert_array_equal(few["masks"][:, :7], everything["masks"][:, :7])
    assert not few["masks"][:, 7:].numpy().any()
    assert not few["mask_boxes"][:, 7:].numpy().any()


def test_the_defaults_of_the_limits_are_in_the_file(saved):
    content = saved_model_pb2.SavedModel.FromString((saved / "saved_model.pb").read_bytes())
    for name, pictures in (("detect", "images"), ("detect_bytes", "image_bytes")):
        signature = content.meta_graphs[0].signature_def[name]
        assert set(signature.inputs) == {pictures, "score_threshold", "max_detections"}
        defaults = {name: tf.make_ndarray(value).tolist() for name, value in signature.defaults.items()}
        assert defaults == {"score_threshold": [np.float32(0.05)], "max_detections": [100]}


def test_png_masks(model, picture, tmp_path):
    signature = tf.saved_model.load(str(saved_model(model, tmp_path / "1", masks="png"))).signatures["serving_bytes"]

    def crop(answer, i, size):
        mask = np.asarray(Image.open(io.BytesIO(answer["masks_bytes"][i])))
        assert mask.shape == size
        return crop_mask(mask)

    pictures = [picture(70, 50), picture(30, 90)]
    answer = signature(image_bytes=[file_of(image) for image in pictures])
    assert not {"masks", "mask_boxes"} & set(answer)
    for row, expected in enumerate(model.detect(pictures)):
        assert compare(detections(answer, row, crop), expected)["equal"]


def test_full_masks_of_files_lie_in_the_largest_picture(model, saved_full, picture):
    def crop(answer, i, size):
        assert answer["masks"].shape == (100, 70, 90)
        assert not answer["masks"][i, size[0] :].any()
        return crop_mask(answer["masks"][i, : size[0], : size[1]])

    pictures = [picture(70, 50), picture(30, 90)]
    signature = tf.saved_model.load(str(saved_full)).signatures["serving_bytes"]
    answer = signature(image_bytes=[file_of(image) for image in pictures])
    for row, expected in enumerate(model.detect(pictures)):
        assert compare(detections(answer, row, crop), expected)["equal"]
