"""What holds for every model: it comes back from its file whole, and what is exported of it detects the same."""

import numpy as np

from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import check, summarize
from mrcnn_keras.model import MaskRCNN
from tests.graphs import op_by_op


def assert_comes_back_and_is_served(model, images, folder, proposals=None):
    """Saves, loads, exports. images: list of [H, W, 3] uint8, in which the model detects something.

    Only the SavedModel makes a graph of detection: of the model and the loaded one it would prove nothing new.
    """
    model.save(folder / "model.keras")
    loaded = MaskRCNN.load(folder / "model.keras")
    assert loaded.config == model.config
    for one, other in zip(model.variables, loaded.variables, strict=True):
        assert one.path == other.path
        np.testing.assert_array_equal(one, other, err_msg=one.path)
    path = saved_model(loaded, folder / "served" / "1")
    with op_by_op():
        figures = summarize(check(model, path, images, proposals))
    assert figures["expected"] > 0
    assert figures["equal"], figures
