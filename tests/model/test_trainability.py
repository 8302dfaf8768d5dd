"""Layers that a user froze are frozen after save, load and resume, and the optimizer keeps the state of the others."""

import copy
import warnings
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from mrcnn_keras.architectures import GIVEN, STAGES
from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN, train_stages, train_the_same
from mrcnn_keras.model.feature_maps import make_backbone, make_roi_stage
from mrcnn_keras.model.trainability import apply_changes, optimizer_paths, trainable_by_path, trainable_changes

FROZEN = {"resnet18": False, "fpn": False, "rpn/conv": False}


def freeze(model):
    model.get_layer("resnet18").trainable = False  # a model in the model
    model.get_layer("fpn").trainable = False
    model.get_layer("rpn").convs[0].trainable = False  # a layer in a layer


@pytest.fixture(scope="module")
def frozen(small_model):
    """A model that was frozen before it was compiled, after three steps; and its variables that train."""
    model = small_model(OPTIMIZER="adamw")
    freeze(model)
    model.compile()
    model.optimizer.build(model.trainable_variables)
    for number, variable in enumerate(model.optimizer.variables):
        variable.assign(np.full(variable.shape, number + 3))
    return model


def paths(variables):
    return [variable.path for variable in variables]


def assert_goes_on(model, other):
    """The other model trains the same variables, and its optimizer has the same state for them."""
    assert paths(other.trainable_variables) == paths(model.trainable_variables)
    assert other.get_config().get("trainable") == model.get_config().get("trainable")
    assert optimizer_paths(other) == optimizer_paths(model)
    for one, its in zip(model.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one, its)


def test_changes_name_the_outermost_layers_and_what_differs_in_them():
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="a"), keras.layers.Dense(2, name="b")])
    inner.name = "inner"
    model = keras.Sequential([inner, keras.layers.Dense(1, name="c")])
    model.build((None, 2))
    at_first = trainable_by_path(model)
    assert trainable_changes(model, at_first) == {}
    inner.trainable = False
    assert trainable_changes(model, at_first) == {"inner": False}
    inner.get_layer("b").trainable = True
    assert trainable_changes(model, at_first) == {"inner": False, "inner/b": True}
    inner.trainable = True
    model.trainable = False
    assert trainable_changes(model, at_first) == {"": False}
    model.trainable = True
    apply_changes(model, {"inner": False, "inner/a": True, "of another model": False})
    assert trainable_changes(model, at_first) == {"inner": False, "inner/a": True}


def test_frozen_layers_stay_frozen_in_files_and_copies(frozen, tmp_path):
    assert frozen.get_config()["trainable"] == FROZEN
    assert not {path.partition("/")[0] for path in paths(frozen.trainable_variables)} & {"stem_conv", "fpn"}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Skipping variable loading")
        frozen.save(tmp_path / "model.keras")
        assert_goes_on(frozen, MaskRCNN.load(tmp_path / "model.keras"))
        assert_goes_on(frozen, keras.models.load_model(tmp_path / "model.keras"))
        assert_goes_on(frozen, copy.deepcopy(frozen))
    other = MaskRCNN.load(tmp_path / "model.keras", DETECTION_NMS_THRESHOLD=0.3, MASKS=False)
    assert other.get_config()["trainable"] == FROZEN


def test_layers_frozen_after_compile_keep_their_part_of_the_optimizer(frozen, small_model, tmp_path):
    model = small_model(OPTIMIZER="adamw", MASKS=False)
    assert model.get_config() == {"config": model.config.to_dict()}  # as ever, where nothing was changed
    model.compile()
    model.optimizer.build(model.trainable_variables)
    model.optimizer.iterations.assign(5)
    freeze(model)
    assert len(optimizer_paths(model)) > len(model.trainable_variables)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Skipping variable loading")
        model.save(tmp_path / "model.keras")
        loaded = MaskRCNN.load(tmp_path / "model.keras")
    assert_goes_on(model, loaded)
    fresh = MaskRCNN(model.config)
    fresh.compile()
    fresh.get_layer("box_head").trainable = False
    with pytest.raises(UserError, match="frozen: resnet18, fpn, rpn/conv; this model has: box_head; set layer."):
        train_the_same(fresh, loaded, "last.keras")
    fresh.get_layer("box_head").trainable = True
    train_the_same(fresh, loaded, "last.keras")
    assert fresh.get_config()["trainable"] == FROZEN
    assert optimizer_paths(fresh) == optimizer_paths(model)


@pytest.mark.parametrize(
    "settings",
    [
        {"BACKBONE": "resnet18", "BACKBONE_WIDTH": 4, "BACKBONE_NORM": "bn"},
        {"BACKBONE": "resnet18", "BACKBONE_WIDTH": 4, "BACKBONE_FREEZE_STAGES": 2},
        {"BACKBONE": "resnet18", "BACKBONE_WIDTH": 4, "BACKBONE_FEATURES": "c4", "POOL_SIZE": 14},
        {"BACKBONE": "mobilenet_v3_small", "BACKBONE_NORM": "bn"},
    ],
    ids=["batch norm", "some frozen", "c4", "keras.applications"],
)
def test_stages_by_name_train_as_in_a_model_made_with_that_setting(settings):
    def parts(config):
        made = {"backbone": make_backbone(config)}
        return made | ({"roi_stage": make_roi_stage(config)} if config.BACKBONE_FEATURES == "c4" else {})

    config = Config(**settings)
    mine = parts(config)
    model = SimpleNamespace(
        config=config, network=SimpleNamespace(backbone=mine["backbone"]), get_layer=mine.get, trainable_variables=()
    )
    counts = []
    for name, frozen in STAGES.items():
        train_stages(model, name)
        like = parts(config.replace(BACKBONE_FREEZE_STAGES=frozen))
        for part, made in like.items():
            wanted = [variable.path for variable in made.trainable_variables]
            assert [variable.path for variable in mine[part].trainable_variables] == wanted
        counts.append(sum(len(part.trainable_variables) for part in mine.values()))
    assert counts == sorted(counts)
    assert counts[0] == 0 < counts[1]


def test_a_given_backbone_trains_or_not():
    inputs = keras.Input((None, None, 3))
    backbone = keras.Model(inputs, keras.layers.Conv2D(2, 1)(inputs))
    config = SimpleNamespace(BACKBONE=GIVEN)
    model = SimpleNamespace(config=config, network=SimpleNamespace(backbone=backbone), trainable_variables=())
    train_stages(model, "heads")
    assert not backbone.trainable_variables
    train_stages(model, "all")
    assert len(backbone.trainable_variables) == 2
    with pytest.raises(UserError, match="the stages of your own backbone are unknown; give heads or all"):
        train_stages(model, "4+")
