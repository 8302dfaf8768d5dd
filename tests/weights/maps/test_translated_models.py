"""What the name maps give is what the model has: the same paths and shapes, for every kind of file."""

import pytest

from mrcnn_keras.backbones import resnet_backbone
from mrcnn_keras.config import Config
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.weights.maps import find_source
from tests.weights.maps.thin_files import ALL


def weights_of(model):
    """{path: shape}, without the counters of the sampling"""
    return {variable.path: tuple(variable.shape) for variable in model.variables if len(variable.shape)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_mapped_paths_and_shapes_are_those_of_the_model(name):
    file = ALL[name]()
    source = find_source(file.shapes)
    settings = source.describe(file.shapes)["settings"]
    values, _ = source.translate(file)
    if "NUM_CLASSES" in settings:
        norms = {"HEAD_NORM": "bn", "RPN_NORM": "none"} if name == "torchvision v2" else {}  # as its preset has it
        model = MaskRCNN(Config(**{**settings, **norms}))
    else:
        model = resnet_backbone(settings["BACKBONE"], width=settings["BACKBONE_WIDTH"])
    assert weights_of(model) == {path: value.shape for path, value in values.items()}
