"""compile(jit_compile=True): what XLA compiles equals what it does not compile, and what it cannot is refused."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.data import ShapesDataset
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN, detecting
from mrcnn_keras.model.fixed_sizes import with_fixed_sizes
from mrcnn_keras.training import train
from tests.graphs import op_by_op

# Few operations, since XLA takes its time for each.
FEW = dict(
    IMAGE_RESIZE_MODE="square",
    MAX_GT_INSTANCES=3,
    DETECTION_MIN_CONFIDENCE=0.0,
    BACKBONE_FEATURES="c5",
    BACKBONE_NORM="frozen_bn",
    BACKBONE_FREEZE_STAGES=5,
    RPN_ANCHOR_SCALES=(16, 32),
)


def one_size(batches):
    return batches.map(lambda batch: {**batch, "image": tf.ensure_shape(batch["image"], (2, 64, 64, 3))})


@pytest.mark.slow
def test_a_compiled_step_equals_the_plain_one(small_model, make_batch, as_dataset):
    model = small_model(**FEW, NUM_KEYPOINTS=3, KEYPOINT_HEAD_CONVS=1, KEYPOINT_HEAD_CHANNELS=16)
    batch = make_batch(1, 2, keypoints=True)
    batch["gt_masks"][0, 1] = 0  # an object with a box only
    batch["gt_keypoints"][1, 0] = 0  # one without keypoints
    batch["gt_class_ids"][1, 1] = -1  # a crowd
    steps = one_size(as_dataset(batch, make_batch(2, keypoints=True)))  # two and one objects
    before, results = model.get_weights(), {}
    for compiled in (False, True):
        model.set_weights(before)
        model.compile(jit_compile=compiled)
        losses = model.fit(steps, verbose=0).history
        results[compiled] = losses, model.get_weights()
    assert set(results[True][0]) == {"loss", *model.loss_names}
    for name, (value,) in results[False][0].items():
        assert value > 0
        assert results[True][0][name][0] == pytest.approx(value, rel=1e-4), name
    moved = 0
    for old, plain, compiled in zip(before, results[False][1], results[True][1], strict=True):
        np.testing.assert_allclose(compiled - old, plain - old, rtol=1e-3, atol=1e-6)
        moved += not np.array_equal(old, plain)
    assert moved > 20


@pytest.mark.slow
def test_compiled_detection_equals_the_plain_one(small_model):
    model = small_model(**FEW)
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (60, 64, 3)).astype(np.uint8) for _ in range(3)]
    images[1] = images[1][:40]
    scores = [0.0, 0.5]
    expected = {score: model.detect(images, min_score=score) for score in scores}
    plain = model.predict(np.stack(images[::2]))
    model.compile(jit_compile=True)
    for score in scores:
        for found, other in zip(model.detect(images, score, batch_size=2), expected[score], strict=True):
            assert len(found) == len(other)
            np.testing.assert_array_equal(found.class_ids, other.class_ids)
            np.testing.assert_allclose(found.boxes, other.boxes, atol=1e-3)
            np.testing.assert_allclose(found.scores, other.scores, atol=1e-5)
            for crop, its in zip(found.mask_crops, other.mask_crops, strict=True):
                assert np.mean(crop.bits != its.bits) < 0.01
    assert sum(len(found) for found in expected[0.0]) == 30
    for name, value in model.predict(np.stack(images[::2])).items():
        np.testing.assert_allclose(value, plain[name], atol=1e-3)
    assert model._detector._compiled_for == {(2, 64, 64, 3)}  # not the third picture alone


def test_detection_is_compiled_for_full_batches_of_a_few_sizes(small_model, monkeypatch):
    model, used = small_model(**FEW | {"IMAGE_RESIZE_MODE": "fit"}), []
    detector = model._detector
    plain, compiled = detector._find, detector._compiled
    assert (compiled._jit_compile, plain._jit_compile) == (True, None)
    monkeypatch.setattr(detector, "_find", lambda inputs, limits: used.append("plain") or detector.find(inputs))
    monkeypatch.setattr(detector, "_compiled", lambda inputs, limits: used.append("XLA") or detector.find(inputs))
    monkeypatch.setattr(detecting, "COMPILED_SIZES", 1)
    images = [np.zeros((64, 64, 3), np.uint8)] * 3 + [np.zeros((64, 32, 3), np.uint8)] * 2
    with op_by_op():
        model.detect(images, batch_size=2)
        assert used == ["plain"] * 3
        model.compile(jit_compile=True)
        model.detect(images, batch_size=2)
        assert sorted(used[3:]) == ["XLA", "plain", "plain"]  # two of the first size, one alone, two of another size


def test_keras_auto_compiles_nothing_and_the_choice_is_in_the_file(small_model, tmp_path):
    model = small_model(**FEW, MASKS=False)
    assert model.jit_compile is False
    for asked, compiled in (("auto", False), (True, True)):
        model.compile(jit_compile=asked)
        assert model.jit_compile is compiled
    assert not model.inference.jit_compile  # predict of inputs
    model.save(tmp_path / "x.keras")
    assert MaskRCNN.load(tmp_path / "x.keras").jit_compile is True


def test_validation_is_not_compiled(small_model, monkeypatch):
    model = small_model(**FEW, MASKS=False)
    model.compile(jit_compile=True)
    monkeypatch.setattr(model, "_make_function", lambda step: model.jit_compile)
    model.make_train_function()
    model.make_test_function()
    assert (model.train_function, model.test_function, model.jit_compile) == (True, False, True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ROI_OPERATOR": "pool", "ROI_REDUCE": "max"}, "ROI_OPERATOR = 'pool', since.*ROI_OPERATOR='align' or 'warp'"),
        ({"ROI_ALIGN_SAMPLING": 0}, "ROI_ALIGN_SAMPLING = 0, since.*ROI_ALIGN_SAMPLING=2"),
    ],
)
def test_what_xla_cannot_compile_is_refused(small_model, settings, message):
    model = small_model(**FEW, **settings)
    with pytest.raises(UserError, match=message):
        model.compile(jit_compile=True)
    assert not model.jit_compile


def test_pictures_of_any_size_are_refused(small_model, make_batch, as_dataset):
    model = small_model(**FEW | {"IMAGE_RESIZE_MODE": "fit"}, MASKS=False)
    model.compile(jit_compile=True)
    with pytest.raises(UserError, match="IMAGE_RESIZE_MODE = 'fit'.*IMAGE_RESIZE_MODE='square' or 'crop'"):
        model.fit(as_dataset(make_batch(1)).map(lambda batch: {**batch, "image": _any_size(batch["image"])}))


def test_training_of_pictures_of_any_size_makes_no_folder(small_model, tmp_path):
    model = small_model(**FEW | {"IMAGE_RESIZE_MODE": "fit", "NUM_CLASSES": 4})
    model.compile(jit_compile=True)
    with pytest.raises(UserError, match="IMAGE_RESIZE_MODE = 'fit'"):
        train(model, ShapesDataset(count=2, image_size=(64, 64)), epochs=1, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_several_devices_are_refused(small_model, monkeypatch):
    model = small_model(**FEW, MASKS=False)
    monkeypatch.setattr(model, "_distribute_strategy", SimpleNamespace(num_replicas_in_sync=2))
    with pytest.raises(UserError, match="a step for 2 devices at once; leave jit_compile out"):
        model.jit_compile = True


def _any_size(images):
    return tf.compat.v1.placeholder_with_default(images, (None, None, None, 3))


def test_batches_get_one_number_of_objects_and_proposals(make_batch, as_dataset):
    config = Config(MAX_GT_INSTANCES=3, POST_NMS_ROIS_TRAINING=4)
    batch = make_batch(1, 2) | {"proposals": np.ones((2, 9, 4), np.float32)}
    fixed = with_fixed_sizes(batch, config)
    assert fixed["gt_class_ids"].numpy().tolist() == [[1, 2, 0]] * 2
    assert fixed["proposals"].shape == (2, 4, 4)
    assert fixed["gt_masks"].shape == (2, 3, 14, 14)
    np.testing.assert_array_equal(fixed["image"], batch["image"])
    (dataset,) = with_fixed_sizes(one_size(as_dataset(batch)), config)
    for name, value in fixed.items():
        np.testing.assert_array_equal(dataset[name], value)
        assert dataset[name].shape == value.shape
    none = with_fixed_sizes(make_batch(), config)
    assert none["gt_boxes"].shape == (2, 3, 4)
    assert not none["gt_class_ids"].numpy().any()


# --- float16


@pytest.fixture
def gpu(monkeypatch):
    """TensorFlow says that there is a GPU; nothing must be computed then."""
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: ["GPU:0"])


def test_in_float16_keras_scales_the_loss_and_decay_leaves_biases_alone(gpu, small_model, tmp_path):
    model = small_model(**FEW | {"WEIGHT_DECAY": 0.1}, MASKS=False, PRECISION="float16")
    model.compile()
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "x.keras")
    for each in (model, MaskRCNN.load(tmp_path / "x.keras")):
        assert each.precision == "float16"
        assert isinstance(each.optimizer, keras.optimizers.LossScaleOptimizer)
        inner = each.optimizer.inner_optimizer
        for variable in each.trainable_variables:
            assert inner._use_weight_decay(variable) == (variable.name == "kernel"), variable.path


def test_a_step_with_scaled_loss_is_the_plain_one(small_model, make_batch):
    weights = []
    for scaled in (False, True):
        model = small_model(**FEW | {"WEIGHT_DECAY": 0.1})
        optimizer = keras.optimizers.SGD(0.01, weight_decay=0.1, global_clipnorm=1.0)
        model.compile(keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer)
        with op_by_op():
            model.train_on_batch(make_batch(1, 2))
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
