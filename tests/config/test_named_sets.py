"""Named sets of settings: augmentations and recipes."""

import pytest

from mrcnn_keras.config import AUGMENTATIONS, PRESETS, RECIPES, Config
from mrcnn_keras.errors import UserError


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentations_are_settings(name):
    named = Config(AUGMENT=name)
    assert all(getattr(named, setting) == value for setting, value in AUGMENTATIONS[name].items())
    assert {setting for setting in named.to_dict() if setting.startswith("AUGMENT_")} == {*AUGMENTATIONS[name]}
    assert Config.from_dict(named.to_dict()) == named
    assert Config().replace(AUGMENT=name) == named
    assert AUGMENTATIONS[name]["AUGMENT_SCALE"] == Config.preset("resnet18_fpn", AUGMENT=name).AUGMENT_SCALE
    assert Config(AUGMENT=name, AUGMENT_NOISE=7).AUGMENT_NOISE == named.replace(AUGMENT_NOISE=7).AUGMENT_NOISE == 7

    class Mine(Config):
        AUGMENT = name
        AUGMENT_BLUR = 3.0

    assert Mine().AUGMENT_BLUR == 3
    assert Mine().replace(AUGMENT_BLUR=named.AUGMENT_BLUR) == named


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_are_settings(name):
    named = Config(RECIPE=name)
    assert all(getattr(named, setting) == value for setting, value in RECIPES[name].items())
    assert Config.from_dict(named.to_dict()) == named == Config().replace(RECIPE=name)
    assert Config(RECIPE=name, EPOCHS=3).EPOCHS == 3


def test_a_recipe_takes_back_what_another_has_set():
    """As for fine-tuning from a model of another recipe."""
    for first in RECIPES:
        again = Config(RECIPE=first).replace(RECIPE="finetune")
        assert again.replace(RECIPE="scratch") == Config(RECIPE="scratch")


def test_sets_fit_every_preset():
    for preset in PRESETS:
        Config.preset(preset, RECIPE="scratch", AUGMENT="few")
    for recipe in RECIPES:
        for augmentation in AUGMENTATIONS:
            Config.preset("torchvision_v1", RECIPE=recipe, AUGMENT=augmentation)


def test_names_that_are_no_sets():
    with pytest.raises(UserError, match="AUGMENT = 'fwe': choose one of .*; did you mean few?"):
        Config(AUGMENT="fwe")
    with pytest.raises(UserError, match="RECIPE = 'fine': choose one of"):
        Config().replace(RECIPE="fine")
    with pytest.raises(UserError, match="RECIPE = 7: expected a word"):
        Config(RECIPE=7)
    with pytest.raises(UserError, match="AUGMENT_COPY_PASTE pastes objects without proposals"):
        Config(AUGMENT="few", PROPOSALS="given")


def test_a_file_from_before_there_were_sets_loads():
    before = {name: value for name, value in Config().to_dict().items() if name not in ("RECIPE", "AUGMENT")}
    assert Config.from_dict(before) == Config()
