"""Models with other backbones and without a pyramid: they train, come back from a file, detect, and are served."""

import numpy as np
import pytest

from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import check, summarize
from mrcnn_keras.layers import RoIAlignLayer
from mrcnn_keras.model import MaskRCNN

pytestmark = pytest.mark.slow  # each model takes half a minute to be made, trained and loaded

THIN = {"BACKBONE_WIDTH": 16, "BACKBONE_FREEZE_STAGES": 0}
SINGLE = {**THIN, "MASK_HEAD_CONVS": 1, "PRE_NMS_LIMIT_TRAINING": 200, "PRE_NMS_LIMIT_INFERENCE": 200}
C4 = {"BACKBONE_FEATURES": "c4", "POOL_SIZE": 14, "MASK_POOL_SIZE": 14, "MASK_HEAD_CONVS": 0, "BOX_HEAD_FCS": 0}
MOBILE = {"BACKBONE": "mobilenet_v3_small", "BACKBONE_NORM": "bn", "BACKBONE_FREEZE_STAGES": 0}
VARIANTS = {
    "c4": SINGLE | C4 | {"BACKBONE": "resnet50", "BACKBONE_WIDTH": 8, "BACKBONE_NORM": "bn"},
    "c5": SINGLE | {"BACKBONE_FEATURES": "c5"},
    "dc5": SINGLE | {"BACKBONE_FEATURES": "dc5"},
    "mobilenet": MOBILE,
}
SERVED = ("c4", "mobilenet")


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_trains_saves_detects_and_is_served(variant, small_model, make_batch, as_dataset, tmp_path):
    model = small_model(**VARIANTS[variant], DETECTION_MIN_CONFIDENCE=0.01)
    model.compile()
    before = {weight.path: np.array(weight) for weight in model.trainable_weights}
    history = model.fit(as_dataset(make_batch(1, 2), make_batch()), shuffle=False, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    still = [weight.path for weight in model.trainable_weights if np.array_equal(weight, before[weight.path])]
    assert still == []

    image = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    [found] = model.detect([image])
    assert len(found) > 0
    model.save(tmp_path / "model.keras")
    loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert loaded.config == model.config
    [again] = loaded.detect([image])
    np.testing.assert_array_equal(again.boxes, found.boxes)
    np.testing.assert_array_equal(again.masks, found.masks)
    if variant in SERVED:
        path = saved_model(loaded, tmp_path / "served" / "1")
        assert summarize(check(loaded, path, [image]))["equal"]


def test_what_is_inside_a_model_with_c4(small_model, make_batch):
    model = small_model(**{**SINGLE, **C4})
    assert [layer.pool_size for layer in model.layers if isinstance(layer, RoIAlignLayer)] == [14]
    images = {name: make_batch()[name] for name in ("image", "image_size")}
    names = ("stages", "pyramid", "anchors", "rpn_logits", "box_features", "mask_features", "mask_logits")
    tensors = model.inference_tensors(*names)(images)
    assert [stage.shape for stage in tensors["stages"]] == [(2, 16, 16, 16), (2, 8, 8, 32), (2, 4, 4, 64)]
    np.testing.assert_array_equal(tensors["pyramid"][0], tensors["stages"][-1])
    assert [level.shape for level in tensors["anchors"]] == [(4 * 4 * 15, 4)]
    assert [level.shape for level in tensors["rpn_logits"]] == [(2, 4 * 4 * 15)]
    assert tensors["box_features"].shape == (2, 20, 7, 7, 128)
    assert tensors["mask_features"].shape[1:] == (7, 7, 128)
    assert tensors["mask_logits"].shape[1:] == (14, 14, 3)
