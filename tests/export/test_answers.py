"""A reader's function takes what model.detect takes, whatever runs the file."""

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.errors import UserError
from mrcnn_keras.export.answers import for_pictures

RGB = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)


def run(image, proposals):
    assert image.dtype == np.uint8
    return image.tolist(), None if proposals is None else proposals.tolist()


def test_one_picture_or_several_in_any_form():
    answer = for_pictures(run, False)
    expected = RGB.tolist(), None
    alpha = np.dstack([RGB, RGB[:, :, 0]])
    for picture in (RGB, alpha, RGB.astype(np.float32), Image.fromarray(RGB), Image.fromarray(alpha)):
        assert answer(picture) == expected
        assert answer([picture, picture]) == [expected] * 2
    assert answer(RGB[None]) == [expected]
    assert answer(RGB[:, :, 0]) == (np.repeat(RGB[:, :, :1], 3, axis=2).tolist(), None)
    assert answer([]) == []


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (RGB / 255, "the picture has type float64; give uint8 0..255: .*multiply them by 255"),
        ([RGB, RGB / 255], "picture 1 has type float64"),
        (None, "the picture is None: its file was not read"),
        ("a.jpg", "the picture is 'a.jpg'; give its pixels"),
        (RGB.transpose(2, 0, 1), "its channels come first"),
    ],
)
def test_what_detect_refuses_is_refused_in_the_same_words(picture, words):
    with pytest.raises(UserError, match=words):
        for_pictures(run)(picture)


def test_proposals_go_with_each_picture():
    boxes = [[1, 2, 3, 4]]
    for answer in (for_pictures(run, True), for_pictures(run)):
        assert answer(RGB, boxes) == (RGB.tolist(), [[1.0, 2.0, 3.0, 4.0]])
        assert answer([RGB], [boxes]) == [answer(RGB, boxes)]
        with pytest.raises(UserError, match="there are 1 for 2; give one array"):
            answer([RGB, RGB], [boxes])
    with pytest.raises(UserError, match="takes proposals with each picture"):
        for_pictures(run, True)(RGB)
    with pytest.raises(UserError, match="finds its proposals itself; leave them out"):
        for_pictures(run, False)(RGB, proposals=boxes)
