"""What the tests of load_weights share: thin models of thin files, and what became of their weights."""

import numpy as np

from mrcnn_keras.model import MaskRCNN, open_checkpoint
from tests import tiny

# Of random weights, nearly all that is found counts.
FAST = tiny.FAST | {"DETECTION_MIN_CONFIDENCE": 1e-3}

# Sizes of the thin models, for a Config that comes from no file.
THIN = dict(BACKBONE_WIDTH=8, TOP_DOWN_PYRAMID_SIZE=12, FPN_CLASSIF_FC_LAYERS_SIZE=10, POOL_SIZE=2)


def fresh_model(path, **settings):
    """A new model with the settings of a file and those given, without its weights."""
    with open_checkpoint(path) as checkpoint:
        return MaskRCNN(checkpoint.config().replace(**FAST, **settings))


def weights_of(model):
    """{path: value}, without the counters of the sampling"""
    return {weight.path: np.array(weight) for weight in model.weights if weight.dtype.startswith("float")}


def assert_same_weights(one, other):
    """Both are {path: value}."""
    assert list(one) == list(other)
    for path in one:
        np.testing.assert_array_equal(one[path], other[path], err_msg=path)


def assert_loaded(model, before, report, path):
    """Each variable is in the report; the loaded ones have the values of the file, the others those of `before`."""
    after = weights_of(model)
    assert sorted([*report.loaded, *report.replaced, *report.missing]) == sorted(after)
    with open_checkpoint(path) as checkpoint:
        read = {name: checkpoint.values[name]() for name in report.loaded}
    assert_same_weights(after, {name: read.get(name, before[name]) for name in after})
