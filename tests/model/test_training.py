"""The training mode: its losses, what learns from them, and Keras's fit and evaluate."""

import itertools
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN

LOSS_NAMES = Config().loss_names()
NO_OBJECTS = {"no slots": (), "padding": (0, 0), "only a crowd": (-1,)}
without_objects = pytest.mark.parametrize("class_ids", NO_OBJECTS.values(), ids=NO_OBJECTS)


def moved(model, dataset):
    """Trains a step -> two lists of paths: of the weights that have changed, and of the others."""
    weights = [w for w in model.weights if not w.path.endswith("step")]
    before = [w.numpy() for w in weights]
    model.fit(dataset, shuffle=False, verbose=0)
    changed = [not np.array_equal(old, new) for old, new in zip(before, weights, strict=True)]
    paths = [w.path.removeprefix("mrcnn/") for w in weights]
    return [list(itertools.compress(paths, which)) for which in (changed, np.logical_not(changed))]


def test_a_step_moves_each_part_but_the_frozen_stages(model, make_batch, as_dataset):
    changed, same = moved(model, as_dataset(make_batch(1, 2)))
    assert len(changed) == len(model.trainable_weights)
    parts = {path.split("/")[0].split("_")[0] for path in changed}
    assert parts == {"res3", "res4", "res5", "fpn", "rpn", "box", "mask"}
    assert {path.split("_")[0] for path in same} == {"stem", "res2"}


@without_objects
def test_pictures_without_objects_teach_classes_only(class_ids, model, make_batch, as_dataset):
    _, same = moved(model, as_dataset(make_batch(*class_ids)))
    heads = {path.rsplit("/", 1)[0] for path in same if not path.startswith(("stem", "res2"))}
    mask_head = model.get_layer("mask_head")
    masks = {f"mask_head/{layer.name}" for layer in (*mask_head.convs, *filter(None, mask_head.norms))}
    assert heads == {"rpn/deltas", "box_head/deltas", "mask_head/deconv", "mask_head/logits", *masks}


@without_objects
def test_pictures_without_objects_cost_no_boxes_and_masks(class_ids, model, make_batch):
    outputs = model(make_batch(*class_ids), training=True)
    losses = {name: float(value) for name, value in model.losses_of(outputs).items()}
    assert losses["rpn_bbox_loss"] == losses["mrcnn_bbox_loss"] == losses["mrcnn_mask_loss"] == 0
    assert 0 < losses["rpn_class_loss"] < 100
    assert 0 < losses["mrcnn_class_loss"] < 100
    assert outputs["mask_logits"].shape == (0, 14, 14, 3)


def test_a_batch_may_mix_pictures_with_and_without_objects(model, make_batch, as_dataset):
    batch = make_batch(1, 2)
    batch["gt_class_ids"][1] = 0
    batch["gt_boxes"][1] = 0
    history = model.fit(as_dataset(batch, make_batch(), make_batch(1)), shuffle=False, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_the_mask_loss_is_that_of_the_objects_with_masks_alone(model, make_batch):
    whole, mixed, bare = make_batch(1, 2), make_batch(1, 2), make_batch(1, 2)
    mixed["gt_masks"][:, 1] = 0  # the second object of each picture has a box only
    bare["gt_masks"][:] = 0
    outputs, found, none = (model(batch, training=False) for batch in (whole, mixed, bare))
    first = outputs["mask_class_ids"].numpy() == 1
    assert 0 < first.sum() < len(first)
    logits, targets = (outputs[name].numpy()[first] for name in ("mask_logits", "mask_targets"))
    logits = logits[..., 1].astype(float)
    by_hand = np.mean(np.log1p(np.exp(logits)) - targets * logits)  # binary cross-entropy
    losses, of_mixed, of_bare = (model.losses_of(one) for one in (outputs, found, none))
    assert float(of_mixed["mrcnn_mask_loss"]) == pytest.approx(by_hand, rel=1e-5)
    assert float(of_bare["mrcnn_mask_loss"]) == 0
    for name in set(LOSS_NAMES) - {"mrcnn_mask_loss"}:
        assert float(of_mixed[name]) == float(of_bare[name]) == float(losses[name]), name


def test_objects_with_a_box_only_teach_no_masks(model, make_batch, as_dataset):
    batch = make_batch(1, 2)
    batch["gt_masks"][:] = 0
    _, same = moved(model, as_dataset(batch))
    assert {path.split("/")[0] for path in same if not path.startswith(("stem", "res2"))} == {"mask_head"}


def test_losses_are_named_and_add_up(model, make_batch):
    outputs = model(make_batch(1, 2), training=False)
    losses = model.losses_of(outputs)
    assert tuple(losses) == LOSS_NAMES
    assert float(model.compute_loss(y_pred=outputs)) == pytest.approx(float(sum(losses.values())), rel=1e-6)


def test_losses_are_weighted(small_model, make_batch):
    weights = {**dict.fromkeys(LOSS_NAMES, 0), "mrcnn_mask_loss": 3}
    model = small_model(LOSS_WEIGHTS=weights)
    outputs = model(make_batch(1, 2), training=False)
    mask_loss = float(model.losses_of(outputs)["mrcnn_mask_loss"])
    assert float(model.compute_loss(y_pred=outputs)) == pytest.approx(3 * mask_loss, rel=1e-6)


def test_samples_of_anchors_and_rois(model, make_batch):
    outputs = model(make_batch(1, -2), training=True)
    assert outputs["rpn_labels"].shape == (2, 256)
    assert outputs["rois"].shape == (2, 32, 4)
    positives = np.sum(outputs["roi_class_ids"] > 0, axis=1)
    assert (positives >= 1).all()  # the annotated box itself
    assert (positives <= 8).all()
    assert len(outputs["mask_logits"]) == len(outputs["mask_targets"]) == positives.sum()
    assert set(outputs["mask_class_ids"].numpy().tolist()) == {1}


def test_a_replica_without_a_picture_outputs_nothing_and_costs_nothing(model, make_batch, monkeypatch):
    """Under tf.distribute the last batch may have fewer pictures than there are replicas."""
    batch = make_batch(1, 2)
    whole = model(batch, training=False)
    monkeypatch.setattr(tf.distribute, "get_strategy", lambda: SimpleNamespace(num_replicas_in_sync=2))
    for name, value in model(batch, training=False).items():
        assert np.array_equal(value, whole[name]), name
    outputs = model({name: value[:0] for name, value in batch.items()}, training=False)
    assert {name: value.shape[1:] for name, value in outputs.items()} == {k: v.shape[1:] for k, v in whole.items()}
    assert {len(value) for value in outputs.values()} == {0}
    model.reset_metrics()
    assert float(model.compute_loss(y_pred=outputs)) == 0
    assert {float(tracker.count) for tracker in model.loss_trackers} == {0}
    model.compute_loss(y_pred=whole)
    assert {float(tracker.count) for tracker in model.loss_trackers} == {1}


def test_fit_reports_each_loss_and_runs_callbacks(model, make_batch, as_dataset):
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["val_loss"])))
    data = as_dataset(make_batch(1, 2), make_batch(2))
    history = model.fit(data, validation_data=data, epochs=2, callbacks=[callback], shuffle=False, verbose=0).history
    names = {"loss", *LOSS_NAMES}
    assert set(history) == names | {f"val_{name}" for name in names}
    assert all(len(values) == 2 and np.isfinite(values).all() for values in history.values())
    assert seen == [(0, history["val_loss"][0]), (1, history["val_loss"][1])]
    assert history["loss"][0] == pytest.approx(sum(history[name][0] for name in LOSS_NAMES), rel=1e-5)


def test_evaluate_gives_the_same_twice_and_draws_no_numbers(model, make_batch, as_dataset):
    steps = [int(w.numpy()) for w in model.non_trainable_weights if w.path.endswith("step")]
    data = as_dataset(make_batch(1, 2))
    first = model.evaluate(data, return_dict=True, verbose=0)
    assert model.evaluate(data, return_dict=True, verbose=0) == first
    assert set(first) == {"loss", *LOSS_NAMES}
    assert [int(w.numpy()) for w in model.non_trainable_weights if w.path.endswith("step")] == steps


def test_without_masks_it_is_faster_rcnn(small_model, make_batch):
    model = small_model(MASKS=False)
    batch = make_batch(1, 2)
    del batch["gt_masks"]
    with tf.GradientTape() as tape:
        losses = model.losses_of(model(batch, training=True))
        total = sum(losses.values())
    assert tuple(losses) == LOSS_NAMES[:-1]
    assert all(gradient is not None for gradient in tape.gradient(total, model.trainable_variables))
    assert not any("mask" in weight.path for weight in model.weights)
    (found,) = model.detect([batch["image"][0]])
    assert found.masks is None
    assert "masks" not in model.inference.output_names


def test_biases_and_normalisation_are_excluded_from_weight_decay(small_model):
    model = small_model(WEIGHT_DECAY=0.1)
    model.compile()
    model.optimizer.build(model.trainable_variables)
    for variable in model.trainable_variables:
        assert model.optimizer._use_weight_decay(variable) == (variable.name == "kernel"), variable.path


@pytest.mark.parametrize("wrong", [None, "resnet18_fpn", Config])
def test_mask_rcnn_refuses_other_things_than_a_config(wrong):
    with pytest.raises(UserError, match="give a Config, such as Config.preset"):
        MaskRCNN(wrong)
