"""A .keras file holds the model whole: settings, weights, optimizer and the count of steps that sampling goes by."""

import zipfile

import keras
import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN


def values(variables):
    return [np.array(variable) for variable in variables]


def assert_equal(some, others):
    for one, other in zip(values(some), values(others), strict=True):
        np.testing.assert_array_equal(one, other)


def test_training_goes_on_as_if_it_had_not_been_saved(model, make_batch, as_dataset, tmp_path, without_graphs):
    model.fit(as_dataset(make_batch(1, 2), make_batch(2, seed=1)), shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert loaded.config == model.config
    assert [w.path for w in loaded.weights] == [w.path for w in model.weights]
    assert_equal(loaded.weights, model.weights)
    assert_equal(loaded.optimizer.variables, model.optimizer.variables)
    assert int(loaded.optimizer.iterations) > 0
    assert int(loaded.get_layer("anchor_targets").step) == int(loaded.get_layer("roi_targets").step) > 0
    image = make_batch()["image"][0]
    found, again = (one.detect([image])[0].as_dict() for one in (model, loaded))
    assert {name: value.tolist() for name, value in found.items()} == {k: v.tolist() for k, v in again.items()}

    batch = as_dataset(make_batch(1, 2, seed=2))
    history, again = (one.fit(batch, shuffle=False, verbose=0).history for one in (model, loaded))
    assert history == {name: pytest.approx(loss, rel=1e-6) for name, loss in again.items()}
    for one, other in zip(values(model.weights), values(loaded.weights), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_optimizer_comes_back_whole(small_model, tmp_path):
    model = small_model(OPTIMIZER="adamw", LEARNING_RATE=0.003, WEIGHT_DECAY=0.02, GRADIENT_CLIP_NORM=3)
    model.compile()
    model.optimizer.build(model.trainable_variables)
    for number, variable in enumerate(model.optimizer.variables):
        variable.assign(np.full(variable.shape, number))
    model.save(tmp_path / "model.keras")
    loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert len(loaded.optimizer.variables) == 2 + 2 * len(model.trainable_variables)
    assert_equal(loaded.optimizer.variables, model.optimizer.variables)
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    assert loaded.optimizer.global_clipnorm == 3
    excluded = [v.path for v in loaded.trainable_variables if not loaded.optimizer._use_weight_decay(v)]
    assert excluded == [v.path for v in model.trainable_variables if v.name != "kernel"]


def test_a_model_that_was_never_compiled_can_be_saved(small_model, tmp_path):
    model = small_model(MASKS=False)
    model.save(tmp_path / "model.keras")
    loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert not loaded.compiled
    assert_equal(loaded.weights, model.weights)


def test_weights_alone_go_to_a_file_and_back(model, small_model, tmp_path):
    model.save_weights(tmp_path / "model.weights.h5")
    other = small_model()
    other.load_weights(tmp_path / "model.weights.h5")
    assert_equal(other.weights, model.weights)


def refused(path, message):
    with pytest.raises(UserError, match=message):
        MaskRCNN.load(path)


def test_files_that_hold_no_model_are_refused(tmp_path):
    refused(tmp_path / "none.keras", "none.keras does not exist")
    (tmp_path / "text.keras").write_text("no model")
    refused(tmp_path / "text.keras", "text.keras cannot be read")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    refused(tmp_path / "other.keras", "other.keras holds a Sequential, not a MaskRCNN")


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
def test_damaged_files_are_refused(member, model, tmp_path):
    model.save(tmp_path / "model.keras")
    whole = (tmp_path / "model.keras").read_bytes()
    (tmp_path / "half.keras").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "half.keras", "half.keras cannot be read")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
        place = archive.getinfo(member).header_offset + len(member) + 100
    # Bytes of the member changed in place, so that its checksum does not fit.
    (tmp_path / "changed.keras").write_bytes(whole[:place] + bytes(50) + whole[place + 50 :])
    refused(tmp_path / "changed.keras", "changed.keras cannot be read")
    # The archive is sound, the member is not; and the member is missing.
    for name, content in {"cut.keras": parts[member][:-200], "missing.keras": None}.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for part, data in {**parts, member: content}.items():
                if data is not None:
                    archive.writestr(part, data)
        refused(tmp_path / name, f"{name} cannot be read")
