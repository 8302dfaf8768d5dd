"""Models with the other mask branches: they train, come back from a file, detect, and are served."""

import numpy as np
import pytest

from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import check, summarize
from mrcnn_keras.model import MaskRCNN

VARIANTS = {
    "softmax, mlp, 28 cells": {
        "MASK_LOSS": "softmax",
        "MASK_HEAD_KIND": "mlp",
        "MASK_HEAD_UNITS": 16,
        "MASK_HEAD_FCS": 3,
        "MASK_DECONVS": 2,
    },
    "class-agnostic, fcn, 7 cells": {"MASK_CLASS_AGNOSTIC": True, "MASK_DECONVS": 0},
}


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_trains_saves_detects_and_is_served(variant, small_model, make_batch, as_dataset, tmp_path):
    model = small_model(**VARIANTS[variant], DETECTION_MIN_CONFIDENCE=0.01)
    model.compile()
    side = model.config.mask_side()
    before = [np.array(weight) for weight in model.get_layer("mask_head").trainable_weights]
    history = model.fit(as_dataset(make_batch(1, 2), make_batch()), shuffle=False, verbose=0).history
    assert np.isfinite(history["mrcnn_mask_loss"]).all()
    after = model.get_layer("mask_head").trainable_weights
    assert all(np.any(old != new) for old, new in zip(before, after, strict=True))

    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    [found] = model.detect([image])
    assert len(found) > 0
    assert model.answer(image[None])["masks"].shape == (1, 10, side, side)
    model.save(tmp_path / "model.keras")
    loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert loaded.config == model.config
    [again] = loaded.detect([image])
    np.testing.assert_array_equal(again.boxes, found.boxes)
    np.testing.assert_array_equal(again.masks, found.masks)
    path = saved_model(loaded, tmp_path / "served" / "1")
    assert summarize(check(loaded, path, [image]))["equal"]
