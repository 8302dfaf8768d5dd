"""Pictures as JSON: outlines that can be checked by hand, and budgets that are kept."""

import json

import numpy as np
import pytest

from mrcnn_keras.detections import Detections
from mrcnn_keras.report import Picture
from mrcnn_keras.report.gallery import LEAST, encode_pictures, inert_json


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def picture(masks, scores=None, side=40, image=None):
    """A picture in which each mask, (slice, slice), is annotated and found."""
    full = np.zeros((side, side, len(masks)), bool)
    for i, place in enumerate(masks):
        full[(*place, i)] = True
    ids = np.ones(len(masks), int)
    found = Detections.from_masks(full, ids, np.full(len(masks), 0.5) if scores is None else scores)
    image = np.zeros((side, side, 3), np.uint8) if image is None else image
    return Picture("a", lambda: image, Detections.from_masks(full, ids), found, ["right"] * len(masks))


def encoded(example, budget=100_000):
    (words,) = encode_pictures([example], 1, budget)
    return json.loads(words)


def test_outlines_run_along_the_edges_of_pixels():
    record = encoded(picture([np.s_[5:15, 2:12], np.s_[3:4, 7:8]]))
    assert record["size"] == [40, 40]
    square, pixel = (row[1] for row in record["truth"])
    assert square == "M2 5l0 10 10 0 0-10z"
    assert pixel in ("M7 3l0 1 1 0 0-1z", "M7 3h1v1H7z")
    assert [row[:5] for row in record["found"]] == [[1, square, [], 0.5, 0], [1, pixel, [], 0.5, 0]]


def test_a_hole_is_an_outline_within_and_a_box_has_a_rectangle():
    mask = np.zeros((40, 40, 1), bool)
    mask[4:24, 4:24] = True
    mask[10:18, 10:18] = False
    truth = Detections.from_masks(mask, [1])
    found = Detections((40, 40), [[1.5, 2, 9, 30.2]], [1], [0.25])
    record = encoded(Picture("a", lambda: np.zeros((40, 40, 3), np.uint8), truth, found))
    assert record["truth"][0][1].count("z") == 2
    assert record["found"][0][1] == "M2 1h29v8H2z"


def test_keypoints_that_are_not_annotated_are_left_out():
    points = [[[3, 4.6, 2], [0, 0, 0], [20, 10, 1]]]
    truth = Detections((40, 40), [[1, 2, 30, 30]], [1], keypoints=points)
    record = encoded(Picture("a", lambda: np.zeros((40, 40, 3), np.uint8), truth, Detections.empty((40, 40))))
    assert record["truth"][0][2] == [5, 3, 10, 20]


def test_a_large_photograph_is_drawn_in_a_frame_of_1000():
    record = encoded(picture([np.s_[0:2000, 0:1000]], side=2000))
    assert record["size"] == [1000, 1000]
    assert record["truth"][0][1] == "M0 0l0 1000 500 0 0-1000z"


def test_outlines_become_coarser_before_they_take_more_than_their_share():
    rows, columns = np.mgrid[:200, :200]
    mask = np.hypot(rows - 100, columns - 100) < 80 + 12 * np.sin(9 * np.arctan2(rows - 100, columns - 100))
    truth = Detections.from_masks(mask[:, :, None], [1])
    example = Picture("a", lambda: noise(200, 200), truth, Detections.empty((200, 200)))
    fine = encoded(example, 200_000)["truth"][0][1]
    many = Detections.from_masks(np.repeat(mask[:, :, None], 60, axis=2), np.ones(60, int))
    coarse = encoded(Picture("a", lambda: noise(200, 200), many, example.found), 20_000)["truth"][0][1]
    assert 10 < len(coarse) < 0.7 * len(fine)


@pytest.mark.parametrize("budget", [25_000, 60_000, 400_000])
def test_the_budget_is_kept_and_used(budget):
    examples = [picture([np.s_[5:15, 2:12]], side=300, image=noise(300, 300, seed)) for seed in range(5)]
    words = encode_pictures(examples, 5, budget)
    assert len(words) == 5
    assert sum(map(len, words)) <= budget
    assert budget > 100_000 or sum(map(len, words)) > 0.3 * budget


def test_pictures_that_no_longer_fit_are_left_out():
    examples = [picture([], side=300, image=noise(300, 300, seed)) for seed in range(50)]
    words = encode_pictures(examples, 50, 30_000)
    assert len(words) < 50
    assert sum(map(len, words)) <= 30_000
    assert encode_pictures(examples[:1], 1, LEAST - 1) == []


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 900), (3, 5)])
def test_pictures_of_any_shape(height, width):
    size = (height, width)
    example = Picture("a", lambda: noise(*size), Detections.empty(size), Detections.empty(size))
    assert encoded(example)["jpeg"].startswith("/9j/")


def test_json_that_no_browser_takes_for_html():
    words = inert_json({"name": "</script><!--&'\u2028\udc80é"})
    assert words.isascii()
    assert not {*"<>&'"} & {*words}
    assert json.loads(words) == {"name": "</script><!--&'\u2028\udc80é"}
    with pytest.raises(ValueError, match="not JSON compliant"):
        inert_json(float("nan"))
