"""Proposals of a dataset: found by name or id, and moved with the picture."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.data import Dataset, make_pipeline
from mrcnn_keras.data.catalogue import picture_keys
from mrcnn_keras.data.sample import load_sample
from mrcnn_keras.errors import UserError
from tests.data.small_config import TURNED, small_config

BOXES = [[0, 0, 15, 30], [20, 20, 40, 60]]


def moved(dataset, **changed):
    options = {"PROPOSALS": "given", "IMAGE_RESIZE_MODE": "fit", "IMAGE_MIN_DIM": 40, **changed}
    return load_sample(dataset, small_config(**options), 0, np.random.default_rng(0))["proposals"]


def test_proposals_are_mirrored_with_the_picture(squares):
    """Of 40 x 60 pixels, with no resizing: columns 0 to 30 become 30 to 60."""
    dataset = squares([])
    dataset.set_proposals([BOXES])
    assert moved(dataset).tolist() == BOXES
    assert moved(dataset, AUGMENT_FLIP_LR=1.0).tolist() == [[0, 30, 15, 60], [20, 0, 40, 40]]
    assert moved(dataset, AUGMENT_FLIP_UD=1.0).tolist() == [[25, 0, 40, 30], [0, 20, 20, 60]]


def test_proposals_are_resized_and_cropped_with_the_picture(squares):
    dataset = squares([])
    dataset.set_proposals([[*BOXES, [0, 0, 4, 4]]])
    doubled = moved(dataset, IMAGE_MIN_DIM=80, IMAGE_MAX_DIM=200)
    np.testing.assert_allclose(doubled, np.multiply([*BOXES, [0, 0, 4, 4]], 2))
    # A window of 32 x 32 in the middle: rows 4 to 36, columns 14 to 46. The third box is outside.
    config = small_config(IMAGE_RESIZE_MODE="crop", IMAGE_MIN_DIM=32, IMAGE_MAX_DIM=32, MASKS=False, PROPOSALS="given")
    assert load_sample(dataset, config, 0)["proposals"].tolist() == [[0, 0, 11, 16], [16, 6, 32, 32]]


@given(seed=st.integers(0, 10**6))
def test_annotated_boxes_as_proposals_stay_the_annotated_boxes(squares, seed):
    """They move in the same way as the objects, whatever is done to the picture."""
    dataset = squares([(1, 0, 0, 15, 30), (2, 20, 20, 40, 60)])
    dataset.set_proposals([BOXES])
    wild = small_config(PROPOSALS="given", AUGMENT_SCALE=(0.5, 3.0), **TURNED)
    sample = load_sample(dataset, wild, 0, np.random.default_rng(seed))
    np.testing.assert_allclose(sample["proposals"], sample["gt_boxes"], atol=1e-3)


def test_proposals_of_a_batch_are_padded(squares):
    dataset = squares([(1, 0, 0, 15, 30)], [])
    dataset.set_proposals([BOXES, []])
    config = small_config(PROPOSALS="given", IMAGE_RESIZE_MODE="fit", IMAGE_MIN_DIM=40)
    (batch,) = make_pipeline(dataset, config, training=False).as_numpy_iterator()
    assert batch["proposals"].tolist() == [BOXES, [[0] * 4] * 2]
    assert batch["proposals"].dtype == np.float32
    dataset.set_proposals([[], []])
    (batch,) = make_pipeline(dataset, config, training=False).as_numpy_iterator()
    assert batch["proposals"].tolist() == [[[0] * 4]] * 2
    (batch,) = islice(make_pipeline(dataset, small_config()).as_numpy_iterator(), 1)
    assert "proposals" not in batch


def named(*pictures):
    dataset = Dataset()
    for image_id, path in pictures:
        dataset.add_image("x", image_id, path)
    return dataset


def test_proposals_find_their_picture_by_name_or_id():
    assert picture_keys("a/b/000139.jpg", "x7") == ["a/b/000139.jpg", "000139.jpg", "000139", "x7", "x7", 139]
    for key in ("photos/12.jpg", "12.jpg", "12", 12, 40, "40"):
        dataset = named((40, "photos/12.jpg"))
        dataset.set_proposals({key: BOXES})
        assert dataset.load_proposals(0).tolist() == BOXES
    assert named((1, None)).subset([0]).num_images == 1  # a picture without a file


def test_pictures_without_proposals_are_noted():
    dataset = named((1, "a.jpg"), (2, "b.jpg"), (3, "c.jpg"))
    view = dataset.subset([1, 2])
    view.set_proposals({"c.jpg": BOXES, "elsewhere.jpg": BOXES})
    assert view.load_proposals(1).tolist() == dataset.load_proposals(2).tolist() == BOXES
    assert view.load_proposals(0).shape == (0, 4)
    assert view.notes == ["pictures without proposals, where nothing can be found: 1 (first in x image 'b.jpg')"]


def test_add_image_takes_proposals():
    dataset = named()
    dataset.add_image("x", 1, "a.jpg", proposals=BOXES)
    assert dataset.load_proposals(0).dtype == np.float32


@pytest.mark.parametrize(
    ("proposals", "sentence"),
    [
        ([BOXES, BOXES], "proposals of 2 pictures were given for 1; give one array each"),
        ({"b.jpg": BOXES}, "the proposals are for 'b.jpg' and so on, not for x image 'a.jpg'; name them by file or id"),
        ({}, "the proposals are for no picture, not for x image 'a.jpg'; name them by file or id"),
        ({"a.jpg": [[0, 0, 4]]}, r"proposals of x image 'a.jpg' have shape \(1, 3\); give \[any, 4\]"),
        ([[[9, 9, 4, 4]]], r"proposals of x image 'a.jpg': box 0 is \[9.0, 9.0, 4.0, 4.0\]; give finite"),
    ],
)
def test_set_proposals_refuses_what_does_not_fit(proposals, sentence):
    with pytest.raises(UserError, match=sentence):
        named((1, "a.jpg")).set_proposals(proposals)


def test_load_proposals_refuses_a_dataset_without_proposals(squares):
    with pytest.raises(UserError, match="squares image .* has no proposals, which a model with PROPOSALS='given'"):
        squares([]).load_proposals(0)
