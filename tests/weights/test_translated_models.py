"""What the name maps give is what the model has: the same paths and shapes, for every kind of file."""

import pytest
from thin_files import ALL

from mrcnn_keras.backbones.resnet import resnet
from mrcnn_keras.config import Config
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.weights.names import find_source


def weights_of(model):
    """{path: shape}, without the counters of the sampling"""
    return {variable.path: tuple(variable.shape) for variable in model.variables if len(variable.shape)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_paths_and_shapes(name):
    file = ALL[name]()
    source = find_source(file.shapes)
    settings = source.describe(file.shapes)["settings"]
    values, _ = source.translate(file)
    if "NUM_CLASSES" in settings:
        norms = {"HEAD_NORM": "bn", "RPN_NORM": "none"} if name == "torchvision v2" else {}  # as its preset has it
        model = MaskRCNN(Config(**{**settings, **norms}))
    else:
        model = resnet(settings["BACKBONE"], width=settings["BACKBONE_WIDTH"])
    assert weights_of(model) == {path: value.shape for path, value in values.items()}
