"""Inputs of the network that predict would take without a word, and answer wrongly."""

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.model.network_inputs import check_inputs

IMAGE, SIZE = np.full((2, 64, 96, 3), 200, np.uint8), np.array([[64, 96], [40, 96]])


@pytest.mark.parametrize("size", [[64, 97], [0, 96]])
def test_a_size_that_is_not_of_the_picture_is_refused(size):
    with pytest.raises(UserError, match=r"image_size \[\d+, \d+\] of picture 1 is not that of a part of its 64 x 96 "):
        check_inputs({"image": IMAGE, "image_size": np.array([SIZE[0], size])}, ["image", "image_size"])


def test_missing_inputs_are_named():
    with pytest.raises(UserError, match="predict got a dict without image_size; give image, image_size, or"):
        check_inputs({"image": IMAGE}, ["image", "image_size"])


def test_pictures_of_0_to_1_are_said():
    check_inputs({"image": np.float32(IMAGE), "image_size": SIZE}, ["image", "image_size"])
    check_inputs({"image": np.float32(IMAGE) * 0, "image_size": SIZE}, ["image", "image_size"])
    with pytest.warns(UserWarning, match="values of 0 to 1, not 0 to 255"):
        check_inputs({"image": np.float32(IMAGE) / 255, "image_size": SIZE}, ["image", "image_size"])
