"""The setting PRECISION: what the network computes in, and that files, logits and losses do not depend on it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN, in_float32
from mrcnn_keras.model.precision import fast_bfloat16
from tests.graphs import op_by_op

FLOAT32 = ("class_logits", "box_deltas", "rpn_logits", "rpn_deltas", "mask_logits", "rois", "mask_targets")


@pytest.fixture(scope="module")
def bfloat16(small_model):
    # Matrix NMS would make differences of boxes differences of scores.
    model = small_model(PRECISION="bfloat16", DETECTION_MIN_CONFIDENCE=0.0, DETECTION_NMS_SIGMA=0.0)
    model.compile()
    return model


def test_network_computes_in_bfloat16_and_keeps_weights_and_what_is_compared_in_float32(bfloat16, make_batch):
    assert bfloat16.precision == "bfloat16"
    assert {weight.dtype for weight in bfloat16.weights} == {"float32", "int32"}
    with op_by_op():
        stages = bfloat16.network.features(tf.zeros((1, 64, 64, 3)), tf.constant([[64, 64]]))["stages"]
        outputs = bfloat16(make_batch(1, 2), training=True)
    assert {stage.dtype for stage in stages} == {tf.bfloat16}
    assert {name: outputs[name].dtype for name in FLOAT32} == dict.fromkeys(FLOAT32, tf.float32)
    assert {loss.dtype for loss in bfloat16.losses_of(outputs).values()} == {tf.float32}


def test_float32_is_what_keras_layers_do_by_themselves(small_model):
    assert small_model().precision == "float32"
    assert keras.config.dtype_policy().name == "float32"  # the policy of the process is as it was


def test_keras_own_policy_is_followed(small_model):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert small_model().precision == "bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")


def test_auto_follows_the_processor(small_model, monkeypatch):
    for unit, precision in (("amx_bf16", "bfloat16"), ("", "float32")):
        monkeypatch.setattr("mrcnn_keras.model.precision.fast_bfloat16", lambda unit=unit: unit)
        assert small_model(PRECISION="auto").precision == precision


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        ("fpu avx512_bf16 amx_bf16", "amx_bf16"),
        ("fpu avx512_bf16", "avx512_bf16"),
        ("fpu avx2 avx512f", ""),
        (None, ""),
    ],
)
def test_processors_with_units_for_bfloat16_are_known_by_their_flags(flags, found, tmp_path, monkeypatch):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("a GPU decides here")
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    cpuinfo = tmp_path / "cpuinfo"
    if flags is not None:
        cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none of amx_bf16\n")
    monkeypatch.setattr("mrcnn_keras.model.precision.CPUINFO", cpuinfo)
    assert fast_bfloat16.__wrapped__() == found
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert fast_bfloat16.__wrapped__() == ""


def test_float16_without_a_gpu_is_refused_with_the_cure(small_model):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(UserError, match="PRECISION = 'float16' is for GPUs.*PRECISION='auto'"):
        small_model(PRECISION="float16")


@pytest.mark.slow
def test_trains_in_bfloat16_and_the_file_loads_in_float32_with_the_same_weights(
    bfloat16, make_batch, as_dataset, tmp_path
):
    with op_by_op():
        losses = bfloat16.fit(as_dataset(make_batch(1, 2)), verbose=0).history
    assert all(np.isfinite(values).all() for values in losses.values())
    bfloat16.save(tmp_path / "x.keras")
    exact = MaskRCNN.load(tmp_path / "x.keras", PRECISION="float32")
    assert (MaskRCNN.load(tmp_path / "x.keras").precision, exact.precision) == ("bfloat16", "float32")
    for one, other in zip(exact.trainable_weights, bfloat16.trainable_weights, strict=True):
        np.testing.assert_array_equal(one, other)

    image = np.random.default_rng(0).integers(0, 256, (1, 60, 64, 3)).astype(np.uint8)
    with op_by_op(), in_float32(bfloat16):
        inside = bfloat16.answer(tf.constant(image))
    with op_by_op():
        expected, rounded = exact.answer(tf.constant(image)), bfloat16.answer(tf.constant(image))
    for name, value in expected.items():
        np.testing.assert_array_equal(inside[name], value)  # as exports are written
    assert not np.array_equal(rounded["scores"], expected["scores"])
    np.testing.assert_allclose(rounded["scores"], expected["scores"], atol=0.05)
    assert bfloat16.precision == "bfloat16"  # again
