"""What a MaskRCNN cannot do as other Keras models do is refused when it is asked for, with the cure."""

import re

import keras
import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN


@pytest.mark.parametrize(
    ("name", "options", "cure"),
    [
        ("old.h5", {}, "such as FOLDER/old.keras, or its weights"),
        ("model.weights.h5", {}, "such as FOLDER/model.keras,"),
        ("model", {}, "such as FOLDER/model.keras,"),
        ("model.keras", {"zipped": False}, "such as FOLDER/model.keras,"),
        ("none/model.keras", {}, "there is no folder FOLDER/none; create it first"),
    ],
)
def test_save_refuses_what_load_does_not_read(name, options, cure, model, tmp_path):
    with pytest.raises(UserError, match=re.escape(cure.replace("FOLDER", str(tmp_path)))):
        model.save(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_whole_model_in_hdf5_is_refused_past_save_too(model, tmp_path):
    with pytest.raises(UserError, match="in an HDF5 file could not be loaded again, .* NAME.keras"):
        keras.saving.save_model(model, tmp_path / "old.h5")
    keras.saving.save_model(model, tmp_path / "model.keras")
    assert model.get_config()["config"] == model.config.to_dict()


def test_save_weights_refuses_what_load_weights_does_not_read(model, tmp_path):
    for name, options in {"w.h5": {}, "w.weights.json": {"max_shard_size": 0.1}}.items():
        with pytest.raises(UserError, match=r"only one whole .weights.h5 is read again; give .*/w.weights.h5"):
            model.save_weights(tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


def test_a_quantised_model_is_refused(small_model, tmp_path):
    model = small_model(MASKS=False)
    with pytest.raises(UserError, match="could be saved, but not loaded again; write a quantised file with mk.export"):
        model.quantize("int8")
    model.get_layer("box_head").class_logits.quantize("int8")
    with pytest.raises(UserError, match="box_head/class_logits is quantised, and the file could not be read again"):
        model.save(tmp_path / "model.keras")


def test_clone_model_is_refused_but_not_that_of_a_part(model):
    with pytest.raises(UserError, match=r"neither detects nor trains; copy.deepcopy\(model\) copies"):
        keras.models.clone_model(model)
    assert keras.models.clone_model(model.get_layer("resnet18")).count_params()


def test_settings_of_a_model_are_not_replaced(model):
    config = model.config
    with pytest.raises(UserError, match=r"open the model with other settings: MaskRCNN.load\(path, NAME=value\)"):
        model.config = config.replace(DETECTION_MIN_CONFIDENCE=0.9)
    assert model.config is config


def test_weights_of_classes_and_samples_are_refused(model, make_batch):
    batch = make_batch(1, 2)
    for name, value in {"class_weight": {1: 2.0}, "sample_weight": np.ones(2)}.items():
        for method in (model.fit, model.train_on_batch):
            with pytest.raises(UserError, match=f"{name}=.* has no effect on a MaskRCNN; leave it out: the setting"):
                method(batch, **{name: value})
    with pytest.raises(UserError, match="sample_weight=.* has no effect"):
        model.compute_loss(sample_weight=np.ones(2))


def test_a_score_below_the_models_limit_gets_a_warning(model):
    image = np.zeros((64, 64, 3), np.uint8)
    with pytest.warns(UserWarning, match="min_score=0.001 is below the model's DETECTION_MIN_CONFIDENCE=0.01: it"):
        model.detect([image], min_score=0.001)


def test_two_models_may_be_parts_of_a_third(small_model, tmp_path):
    some, others = small_model(MASKS=False), small_model(MASKS=False)
    inputs = {name: keras.Input(i.shape[1:], dtype=i.dtype, name=name) for name, i in some.inference.input.items()}
    both = keras.Model(inputs, [model.inference(inputs)["boxes"] for model in (some, others)])
    both.save(tmp_path / "both.keras")
    loaded = keras.models.load_model(tmp_path / "both.keras")
    assert [weight.shape for weight in loaded.weights] == [weight.shape for weight in both.weights]


THREE = {
    "no file": (lambda path: None, "does not exist; give a file that is there"),
    "a folder": (lambda path: path.mkdir(), "is a folder without best.keras; give the folder of a training"),
    "half a file": (
        lambda path: path.write_bytes(b"PK\3\4 and no more"),
        "is not a .keras file, or one that is cut short",
    ),
}


@pytest.mark.parametrize("kind", THREE)
def test_no_file_a_folder_and_half_a_file_are_three_sentences(kind, model, tmp_path):
    make, sentence = THREE[kind]
    path = tmp_path / "model.keras"
    make(path)
    doors = {"load": MaskRCNN.load, "load_weights": model.load_weights, "from_checkpoint": MaskRCNN.from_checkpoint}
    if kind == "half a file":
        sentence_of = {"from_checkpoint": "is a .keras model; open it with MaskRCNN.load"}
    else:
        sentence_of, doors = {}, {**doors, "from_preset": MaskRCNN.from_preset}
    for name, door in doors.items():
        with pytest.raises(UserError) as caught:
            door(path)
        assert f"{path}" in str(caught.value)
        assert sentence_of.get(name, sentence) in str(caught.value)
