"""What a Keras user expects of the model object: compile, predict, presets, metrics."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import mrcnn_keras as mk
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN
from tests.tiny import TINY


@pytest.mark.parametrize(
    ("argument", "cure"),
    [
        ({"loss": "mse"}, "leave it out: the model computes its own"),
        ({"loss_weights": {"mrcnn_mask_loss": 2}}, "use the setting LOSS_WEIGHTS"),
        ({"metrics": ["accuracy"]}, r"pass mk.CocoMetrics\(dataset\) to fit"),
        ({"weighted_metrics": ["accuracy"]}, "measure COCO AP with mk.evaluate"),
    ],
)
def test_compile_refuses_losses_and_metrics(model, argument, cure):
    with pytest.raises(UserError, match=cure):
        model.compile(**argument)
    with pytest.raises(UserError, match="has no effect on a MaskRCNN"):
        model.compile("sgd", "mse")


def test_compile_options_come_back_with_a_saved_model(small_model, tmp_path):
    model, options = small_model(MASKS=False), {"steps_per_execution": 3, "run_eagerly": True, "jit_compile": False}
    model.compile(keras.optimizers.SGD(0.25), **options)
    model.save(tmp_path / "model.keras")
    loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert {name: getattr(loaded, name) for name in options} == options
    assert float(loaded.optimizer.learning_rate) == 0.25


@pytest.fixture
def counting(model, monkeypatch):
    """Lets the compiled model only count pictures in its steps: -> the sizes of the batches."""
    seen = {"train": [], "test": []}
    for mode in seen:

        def step(iterator, mode=mode):
            seen[mode].append(len(next(iterator)["image"]))
            return {"loss": 1.0}

        monkeypatch.setattr(model, f"make_{mode}_function", lambda: None)
        monkeypatch.setattr(model, f"{mode}_function", step)
    return seen


@pytest.fixture(scope="module")
def five():
    return mk.ShapesDataset(count=5, image_size=(64, 64), seed=0)


@pytest.mark.filterwarnings("error")
def test_fit_of_the_pipeline_has_epochs(model, counting, five):
    epochs, config = [], model.config.replace(NUM_CLASSES=4, CLASS_NAMES=())
    pipeline, validation = mk.make_pipeline(five, config), mk.make_pipeline(five, config, training=False)
    count = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: epochs.append(len(counting["train"])))
    model.fit(pipeline, epochs=3, verbose=0, validation_data=validation, callbacks=[count])
    assert epochs == [3, 6, 9]
    assert counting["train"] == [2] * 9
    assert counting["test"] == [2, 2, 1] * 3
    model.fit(pipeline, None, None, 2, 0)  # as Keras orders its arguments
    model.fit(pipeline, steps_per_epoch=5, epochs=2, verbose=0)
    assert len(counting["train"]) == 9 + 6 + 10
    counting["test"].clear()
    model.evaluate(pipeline, verbose=0)
    model.fit(pipeline, verbose=0, validation_data=pipeline, validation_steps=1)
    assert counting["test"] == [2] * (3 + 1)


def test_fit_refuses_batches_without_end(model, counting, make_batch):
    endless = tf.data.Dataset.from_tensors(make_batch(1, 2)).repeat()
    with pytest.raises(UserError, match="these batches have no end, .* give steps_per_epoch=N"):
        model.fit(endless)
    with pytest.raises(UserError, match="give validation_steps=N"):
        model.fit(endless, steps_per_epoch=1, validation_data=endless)
    with pytest.raises(UserError, match="give steps=N"):
        model.evaluate(endless)
    model.fit(endless, steps_per_epoch=2, verbose=0)
    assert len(counting["train"]) == 2


@pytest.mark.parametrize("better", [("val_mrcnn_mask_loss", "min"), ("rpn_bbox_loss", "min"), ("segm/AP", "max")])
def test_callbacks_know_the_direction_of_each_figure(model, counting, make_batch, better):
    figure, direction = better
    stops = [keras.callbacks.EarlyStopping(figure, patience=2), keras.callbacks.ReduceLROnPlateau(figure)]
    values = iter([3.0, 2.0, 1.0, 0.5] if direction == "min" else [0.5, 1.0, 2.0, 3.0])
    measure = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update({figure: next(values)}))
    history = model.fit(
        tf.data.Dataset.from_tensors(make_batch(1, 2)), epochs=4, verbose=0, callbacks=[measure, *stops]
    )
    assert [stop.mode for stop in stops] == [direction] * 2
    assert len(history.epoch) == 4  # it got better in each
    named = keras.callbacks.EarlyStopping(figure, mode="max")
    model.fit(tf.data.Dataset.from_tensors(make_batch(1, 2)), epochs=0, verbose=0, callbacks=named)
    assert named.mode == "max"


def test_predict_of_photographs_is_that_of_detect(model):
    images = np.random.default_rng(0).integers(0, 256, (3, 50, 70, 3)).astype(np.uint8)
    one_by_one = model.predict([*images])
    together = model.predict(images, batch_size=2)
    at_once = model.predict_on_batch(images)
    assert one_by_one["boxes"].shape == (3, TINY["DETECTION_MAX_INSTANCES"], 4)
    for found in (together, at_once):
        np.testing.assert_array_equal(found["class_ids"], one_by_one["class_ids"])
        np.testing.assert_allclose(found["boxes"], one_by_one["boxes"], atol=1e-3)
    for place, found in enumerate(model.detect(images)):
        assert one_by_one["num_detections"][place] == len(found) > 0
        np.testing.assert_allclose(one_by_one["boxes"][place, : len(found)], found.boxes, atol=1e-3)
    assert len(model.predict(images[:0])["boxes"]) == len(model.predict([])["boxes"]) == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"image": np.full((2, 64, 64, 3), 0.5)}, "image has type float64; give uint8 0..255: .*multiply them by 255"),
        (
            {"image_size": [[64, 64], [65, 64]]},
            r"image_size is \[\[64, 64\], \[65, 64\]\] for image of shape \(2, 64, 64, 3\)",
        ),
        ({"image_size": [[64, 64], [0, 64]]}, r"image_size is \[\[64, 64\], \[0, 64\]\]"),
        ({"image_size": [64, 64]}, r"give \[\[height, width\], ...\]"),
    ],
)
def test_predict_of_a_dict_refuses_what_finds_nothing_or_things_outside(model, change, words):
    inputs = {"image": np.zeros((2, 64, 64, 3), np.uint8), "image_size": [[64, 64]] * 2}
    with pytest.raises(UserError, match=words):
        model.predict(inputs | change)
    with pytest.raises(UserError, match="a dict without image_size; give image and image_size"):
        model.predict({"image": inputs["image"]})


def test_predict_leaves_ground_truth_out(model, make_batch):
    batch = make_batch(1, 2)
    expected = model.inference.predict({"image": batch["image"], "image_size": batch["image_size"]}, verbose=0)
    dataset = tf.data.Dataset.from_tensors(batch)
    for found in (model.predict(batch, verbose=0), model.predict(dataset, verbose=0), model.predict_on_batch(batch)):
        np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=1e-3)
    with pytest.raises(UserError, match="without end, as make_pipeline has it; give steps=N"):
        model.predict(dataset.repeat())
    assert len(model.predict(dataset.repeat(), steps=2, verbose=0)["boxes"]) == 4
    with pytest.raises(UserError, match="has no dicts"):
        model.predict(tf.data.Dataset.from_tensors(batch["image"]))


def test_a_preset_comes_back_from_its_folder(model, tmp_path):
    model.save_to_preset(tmp_path / "mine")
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["config.json", "model.weights.h5"]
    loaded = MaskRCNN.from_preset(tmp_path / "mine")
    assert loaded.config == model.config
    for one, other in zip(loaded.trainable_weights, model.trainable_weights, strict=True):
        np.testing.assert_array_equal(one, other)
    other = MaskRCNN.from_preset(str(tmp_path / "mine"), NUM_CLASSES=1 + 4)
    assert other.load_report.loaded
    assert "box_head/class_logits/kernel" not in other.load_report.loaded
    fresh = MaskRCNN.from_preset(tmp_path / "mine", load_weights=False)
    assert not np.array_equal(fresh.trainable_weights[0], model.trainable_weights[0])


def test_a_preset_by_name_without_published_weights_says_so(capsys):
    model = MaskRCNN.from_preset("resnet18_fpn", **{**TINY, "NUM_CLASSES": 2})
    assert model.config.NUM_CLASSES == 2
    assert "no weights of preset 'resnet18_fpn' are published" in capsys.readouterr().out
    MaskRCNN.from_preset("torchvision_v1", load_weights=False, **{**TINY, "NUM_CLASSES": 2, "BACKBONE_WIDTH": 4})
    with pytest.raises(UserError, match="preset 'resnet18' is unknown; did you mean resnet18_fpn"):
        MaskRCNN.from_preset("resnet18")


def test_save_to_preset_keeps_what_is_no_preset(model, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").touch()
    with pytest.raises(UserError, match="photos holds something else than a preset"):
        model.save_to_preset(tmp_path / "photos")
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["a.png"]


def test_load_takes_settings_and_the_folder_of_a_training(trained):
    model = MaskRCNN.load(trained, DETECTION_MIN_CONFIDENCE=0.25, DETECTION_MAX_INSTANCES=3)
    assert [model.config.DETECTION_MIN_CONFIDENCE, model.max_detections] == [0.25, 3]
    best = MaskRCNN.load(trained / "best.keras")
    for one, other in zip(model.trainable_weights, best.trainable_weights, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(UserError, match="DETECTION_MIN_CONFIDENCE = 2"):
        MaskRCNN.load(trained, DETECTION_MIN_CONFIDENCE=2)


def test_coco_metrics_are_in_the_logs_of_fit(small_model, tiny_coco, make_batch, as_dataset):
    model, metrics = small_model(NUM_CLASSES=1 + 3), mk.CocoMetrics(mk.load_dataset(tiny_coco, subset="val"))
    model.compile()
    history = model.fit(as_dataset(make_batch(1, 2)), epochs=2, shuffle=False, verbose=0, callbacks=[metrics]).history
    assert {"loss", "bbox/AP", "segm/AP", "segm/AP50"} <= set(history)
    assert len(history["segm/AP"]) == 2
