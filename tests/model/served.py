"""What holds for every model: it comes back from its file whole, and what is exported of it detects the same."""

import numpy as np

from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import check, summarize
from mrcnn_keras.model import MaskRCNN


def assert_comes_back_and_is_served(model, images, folder, proposals=None):
    """Saves, loads, exports. images: list of [H, W, 3] uint8, in which the model detects something."""
    found = model.detect(images, proposals=proposals)
    assert sum(map(len, found)) > 0
    model.save(folder / "model.keras")
    loaded = MaskRCNN.load(folder / "model.keras")
    assert loaded.config == model.config
    for one, other in zip(found, loaded.detect(images, proposals=proposals), strict=True):
        one, other = one.as_dict(), other.as_dict()
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    path = saved_model(loaded, folder / "served" / "1")
    figures = summarize(check(loaded, path, images, proposals))
    assert figures["equal"], figures
