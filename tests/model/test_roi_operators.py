"""A model with each of the operators that the paper compares trains, is saved, comes back and detects."""

import numpy as np
import pytest

from mrcnn_keras.layers import RoIAlignLayer
from mrcnn_keras.model import MaskRCNN

pytestmark = pytest.mark.slow  # each model takes half a minute to be made, trained and loaded


@pytest.mark.parametrize(("operator", "reduce"), [("align", "max"), ("pool", "max"), ("warp", "mean")])
def test_a_model_trains_is_saved_and_detects(operator, reduce, small_model, make_batch, as_dataset, tmp_path):
    model = small_model(ROI_OPERATOR=operator, ROI_REDUCE=reduce)
    layers = [layer for layer in model.layers if isinstance(layer, RoIAlignLayer)]
    assert [(layer.operator, layer.reduce) for layer in layers] == [(operator, reduce)] * 2
    model.compile()
    stem = model.network.backbone.trainable_weights[0]
    before = np.array(stem)
    history = model.fit(as_dataset(make_batch(1, 2)), shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert (before != np.array(stem)).any()
    model.save(tmp_path / "model.keras")
    loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert loaded.config == model.config
    image = make_batch()["image"][0]
    found, again = (one.detect([image])[0] for one in (model, loaded))
    assert len(found) > 0
    np.testing.assert_array_equal(found.boxes, again.boxes)
    np.testing.assert_array_equal(found.scores, again.scores)
    np.testing.assert_array_equal(found.masks, again.masks)
