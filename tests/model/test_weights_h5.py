"""A .weights.h5 is read like every other file: heads of other classes are left, and a refusal changes nothing."""

import h5py
import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN


@pytest.fixture(scope="module")
def saved(small_model, tmp_path_factory):
    """A compiled model after seven steps, and its file of weights."""
    model = small_model(OPTIMIZER="adamw")
    model.compile()
    model.optimizer.build(model.trainable_variables)
    for number, variable in enumerate(model.optimizer.variables):
        variable.assign(np.full(variable.shape, number + 7))
    model.get_layer("roi_targets").step.assign(7)
    path = tmp_path_factory.mktemp("weights") / "model.weights.h5"
    model.save_weights(path)
    return model, path


def values(model):
    slots = {str(number): np.array(slot) for number, slot in enumerate(model.optimizer.variables)}
    return {variable.path: np.array(variable) for variable in model.weights} | slots


def differing(some, others):
    return {path for path in some if not np.array_equal(some[path], others[path])}


@pytest.fixture
def other(saved):
    """A function: settings -> another model, compiled, with other weights than the saved one."""

    def make(**settings):
        model = MaskRCNN(saved[0].config.replace(**settings))
        model.compile()
        model.optimizer.build(model.trainable_variables)
        for variable in model.weights:
            variable.assign(variable + 1)
        return model

    return make


def test_weights_counters_and_optimizer_come_back(saved, other):
    model, path = saved
    again = other()
    report = again.load_weights(path)
    assert report is again.load_report
    assert report.complete
    assert not report.notes
    assert differing(values(again), values(model)) == set()
    assert int(again.optimizer.iterations) == int(again.get_layer("roi_targets").step) == 7


def test_heads_of_other_classes_are_reinitialised_and_masks_left_over(saved, other, capsys):
    _, path = saved
    again = other(NUM_CLASSES=1 + 5, MASKS=False)
    before = values(again)
    report = again.load_weights(path, skip_mismatch=True)
    assert {name.rpartition("/")[0] for name in report.replaced} == {"box_head/class_logits", "box_head/deltas"}
    assert {name.partition("/")[0] for name in report.left_over} == {"mask_head"}
    assert "re-initialised: box_head/class_logits, box_head/deltas" in capsys.readouterr().out
    assert differing(values(again), before) == {*report.loaded}  # counters and optimizer are another model's


def test_an_optimizer_of_other_variables_is_reported(saved, other):
    model = other()
    model.compile("sgd")
    assert "the optimizer's state was not taken" in model.load_weights(saved[1]).notes[0]


def test_a_refused_file_changes_nothing(saved, other, tmp_path):
    model = other()
    before = values(model)
    whole = saved[1].read_bytes()
    (tmp_path / "cut.weights.h5").write_bytes(whole[:-1000])
    for name in ("deeper", "words"):
        (tmp_path / f"{name}.weights.h5").write_bytes(whole)
        with h5py.File(tmp_path / f"{name}.weights.h5", "a") as file:
            if name == "words":
                del file["optimizer/vars/9"]  # the last part that is read
                file["optimizer/vars/9"] = "no number"
            else:
                group = file.create_group("layers/another/vars")
                group.attrs["name"] = "res9_1_conv1"
                group["0"] = np.zeros((1, 1, 2, 2), np.float32)
    sentences = {
        "cut": "is cut short or damaged",
        "deeper": "has res9_1_conv1, which this model's backbone does not have; make the model with the settings",
        "words": "has a dataset that holds no ordinary numbers",
        "none": "does not exist; give a file",
    }
    for name, sentence in sentences.items():
        path = tmp_path / f"{name}.weights.h5"
        with pytest.raises(UserError, match=f"{path} .*{sentence}"):
            model.load_weights(path)
        assert differing(values(model), before) == set(), name
    with pytest.raises(UserError, match="takes no by_name: names are matched.* leave it out"):
        model.load_weights(saved[1], by_name=True)
    with pytest.raises(UserError, match="holds weights without the settings of their model; it can only be"):
        MaskRCNN.from_checkpoint(saved[1])


def test_weights_of_the_inference_mode_are_those_of_the_model(saved, other, tmp_path):
    model, _ = saved
    model.inference.save_weights(tmp_path / "inference.weights.h5")
    assert other().load_weights(tmp_path / "inference.weights.h5").complete
