"""Tiles: where they lie, and the rule at the seams, with a detector whose correct result is known."""

import cv2
import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.detections import Detections, join_tiles, match_instances, tile_windows
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import Tiled
from tests.blobs import BlobModel, blobs


def same(one, other):
    """Whether both have the same objects, in any order."""

    def as_set(found):
        rles = [None] * len(found) if found.mask_crops is None else [rle["counts"] for rle in found.rle()]
        rows = zip(found.boxes.tolist(), found.class_ids.tolist(), found.scores.tolist(), rles, strict=True)
        return sorted((*box, class_id, score, rle or "") for box, class_id, score, rle in rows)

    return as_set(one) == as_set(other)


def test_windows_overlap_by_their_share_and_end_with_the_picture():
    assert tile_windows((100, 80), 100, 0.2) == [(0, 0, 100, 80)]
    assert tile_windows((100, 100), 50, 0.5) == [(y, x, y + 50, x + 50) for y in (0, 25, 50) for x in (0, 25, 50)]
    assert [x1 for _, x1, *_ in tile_windows((50, 101), 50, 0.2)] == [0, 40, 51]  # 10 in common at least
    # Large ones at multiples of 32, but for the last one.
    assert [y1 for y1, *_ in tile_windows((2000, 512), 512, 0.2)] == [0, 384, 768, 1152, 1488]


def test_the_last_window_may_lie_on_cells_too():
    spans = [(y1, y2) for y1, _, y2, _ in tile_windows((2000, 512), 512, 0.2, ragged=True)]
    assert spans == [(0, 512), (384, 896), (768, 1280), (1152, 1664), (1504, 2000)]
    # In a network that gets it at half the size.
    spans = [(y1, y2) for y1, _, y2, _ in tile_windows((2000, 1024), 1024, 0.2, cell=64, ragged=True)]
    assert spans == [(0, 1024), (768, 1792), (1024, 2000)]
    # Short distances are left as they are.
    assert tile_windows((100, 50), 50, 0.5, ragged=True)[-1] == (50, 0, 100, 50)


@pytest.mark.parametrize("side", [64, 96, 100, 255, 256, 257, 600, 1000, 1001])
@pytest.mark.parametrize(("tile", "overlap"), [(96, 0.1), (256, 0.2), (256, 0.9), (640, 0.2)])
@pytest.mark.parametrize("ragged", [True, False])
def test_what_is_smaller_than_the_overlap_lies_in_one_window(side, tile, overlap, ragged):
    spans = [(x1, x2) for _, x1, _, x2 in tile_windows((32, side), tile, overlap, ragged=ragged)]
    assert spans[0][0] == 0
    assert spans[-1][1] == side
    assert all(x2 - x1 <= tile for x1, x2 in spans)
    extent = int(tile * overlap)
    for x in range(side - extent + 1):
        assert any(x1 <= x and x + extent <= x2 for x1, x2 in spans)


@pytest.mark.parametrize(
    ("settings", "last"),
    [
        ({}, 636),  # from 864 on
        ({"IMAGE_SCALE": 0.5}, 604),  # from 896 on, in cells of 64
        ({"IMAGE_SCALE": 0.7}, 640),  # no whole number of pixels is a cell
        ({"IMAGE_RESIZE_MODE": "square", "IMAGE_MIN_DIM": 512}, 640),  # a smaller one would be enlarged
    ],
)
def test_tiles_lie_on_the_cells_of_the_network(settings, last):
    model = BlobModel()
    model.config = Config(NUM_CLASSES=3, **{"IMAGE_RESIZE_MODE": "crop", "IMAGE_MAX_DIM": 1024, **settings})
    image = blobs((1500, 640), 100, sides=(4, 20))
    (tiled,) = Tiled(model, 640, 0.2).detect([image])
    assert model.seen[-1] == (last, 640)
    assert set(model.seen[:-1]) == {(640, 640)}
    assert same(tiled, BlobModel().detect([image])[0])


@pytest.mark.parametrize(("tile", "overlap"), [(0, 0.2), (31, 0.2), (1024.0, 0.2), (64, 0), (64, 1), (64, "half")])
def test_what_is_no_tile_is_refused(tile, overlap):
    with pytest.raises(UserError, match="give whole pixels|give a number above 0, up to 0.9"):
        Tiled(BlobModel(), tile, overlap)


@pytest.mark.parametrize("masks", [True, False])
def test_four_hundred_objects_are_those_of_the_whole_picture(masks):
    image = blobs((2000, 2000), 400, sides=(8, 45))
    model = BlobModel(masks)
    (whole,) = model.detect([image])
    (tiled,) = Tiled(model, 640, 0.2).detect([image])  # objects of up to 90 pixels, 128 in common
    assert len(whole) == 400
    assert model.seen[1:] == [(640, 640)] * 16
    assert same(whole, tiled)
    assert np.all(np.diff(tiled.scores) <= 0)


def test_objects_larger_than_the_overlap_are_joined():
    image = blobs((1200, 1200), 16, seed=3, sides=(100, 140))
    (whole,) = BlobModel().detect([image])
    (tiled,) = Tiled(BlobModel(), 256, 0.25).detect([image])
    matches, overlaps = match_instances(whole, tiled, 0.9)
    assert len(tiled) == len(whole) >= 16
    assert sorted(matches) == [*range(len(whole))]
    assert overlaps.min() == 1
    boxes = whole.boxes[matches]
    assert np.array_equal(tiled.boxes, boxes)


def test_a_tile_as_large_as_the_picture_gives_the_models_own_detections():
    image = blobs((300, 400), 9)
    (whole,) = BlobModel().detect([image])
    (tiled,) = Tiled(BlobModel(), 400).detect([image])
    assert np.array_equal(tiled.boxes, whole.boxes)
    assert np.array_equal(tiled.scores, whole.scores)


def test_nothing_is_found_in_nothing():
    (found,) = Tiled(BlobModel(), 64).detect([np.zeros((100, 200, 3), np.uint8)])
    assert (len(found), found.size, found.mask_crops) == (0, (100, 200), ())


def joined(*parts, size=(10, 30), windows=((0, 0, 10, 20), (0, 10, 10, 30))):
    """The result for two tiles with columns 10 to 20 in common; parts: boxes (x1, x2, class, score) in the picture."""
    founds = []
    for window, boxes in zip(windows, parts, strict=True):
        masks = np.zeros((10, 20, len(boxes)), bool)
        for i, (x1, x2, _, _) in enumerate(boxes):
            masks[2:8, x1 - window[1] : x2 - window[1], i] = True
        founds.append(Detections.from_masks(masks, [b[2] for b in boxes], [b[3] for b in boxes]))
    found = join_tiles(size, windows, founds)
    return [
        (int(x1), int(x2), int(c), round(float(s), 2))
        for (_, x1, _, x2), c, s in zip(found.boxes, found.class_ids, found.scores, strict=True)
    ]


def test_the_rule_at_a_seam():
    # Whole in both: once, the better one.
    assert joined([(13, 17, 1, 0.6)], [(13, 17, 1, 0.7)]) == [(13, 17, 1, 0.7)]
    assert joined([(13, 17, 1, 0.7)], [(13, 17, 1, 0.6)]) == [(13, 17, 1, 0.7)]
    # Cut off in the first tile: the second has it whole, whatever the scores are.
    assert joined([(15, 20, 1, 0.9)], [(15, 25, 1, 0.6)]) == [(15, 25, 1, 0.6)]
    # Cut off in both: one object with the higher score.
    assert joined([(5, 20, 1, 0.6)], [(10, 25, 1, 0.8)]) == [(5, 25, 1, 0.8)]
    # Another class, or another object: both.
    assert joined([(5, 20, 1, 0.6)], [(10, 25, 2, 0.8)]) == [(10, 25, 2, 0.8), (5, 20, 1, 0.6)]
    assert joined([(13, 15, 1, 0.6)], [(16, 18, 1, 0.5)]) == [(13, 15, 1, 0.6), (16, 18, 1, 0.5)]
    # A part of it that looks like something else, too.
    assert joined([(15, 20, 2, 0.9)], [(15, 25, 1, 0.6)]) == [(15, 25, 1, 0.6)]
    assert joined([(15, 20, 1, 0.9)], []) == []
    # Whole in both, deeper in the second: that one decides, unless the difference is small.
    assert joined([(16, 18, 2, 0.9)], [(16, 18, 1, 0.6)]) == [(16, 18, 1, 0.6)]
    assert joined([(15, 17, 1, 0.9)], [(15, 17, 1, 0.6)]) == [(15, 17, 1, 0.9)]
    assert joined([(15, 17, 1, 0.9)], []) == [(15, 17, 1, 0.9)]
    # A small object on a large one, both whole: both.
    assert joined([(3, 17, 1, 0.6)], [(13, 15, 1, 0.5)]) == [(3, 17, 1, 0.6), (13, 15, 1, 0.5)]
    # Outside the common zone nothing is compared: two views of one tile both stay.
    assert joined([(1, 6, 1, 0.6), (1, 6, 1, 0.5)], []) == [(1, 6, 1, 0.6), (1, 6, 1, 0.5)]


def test_an_object_in_two_pieces_in_a_tile_is_one():
    image = np.zeros((100, 300, 3), np.uint8)
    cv2.rectangle(image, (50, 20), (250, 80), (255, 1, 0), -1)
    cv2.rectangle(image, (50, 40), (200, 60), (0, 0, 0), -1)  # a fork that is open to the left
    (found,) = Tiled(BlobModel(), 128, 0.2).detect([image])
    (whole,) = BlobModel().detect([image])
    assert found.rle() == whole.rle()
    assert np.array_equal(found.boxes, whole.boxes)


def test_keypoints_are_taken_from_where_they_were_seen_best():
    windows = ((0, 0, 10, 20), (0, 10, 10, 30))
    one, other = (
        Detections((10, 20), [box], [1], [0.5], keypoints=[points])
        for box, points in (((2, 5, 8, 20), [(5, 6, 0.9), (5, 19, 0.1)]), ((2, 0, 8, 15), [(5, 1, 0.2), (5, 14, 0.8)]))
    )
    found = join_tiles((10, 30), windows, [one, other])
    assert found.boxes.tolist() == [[2, 5, 8, 25]]
    assert np.allclose(found.keypoints, [[(5, 6, 0.9), (5, 24, 0.8)]])


def test_progress_counts_tiles_and_pictures_are_not_read_ahead():
    image, read, said = np.zeros((100, 200, 3), np.uint8), [], []

    def images():
        for i in range(2):
            read.append(i)
            yield image

    each = Tiled(BlobModel(), 100, 0.5).detect_each(images(), progress=lambda *count: said.append(count))
    next(each)
    assert read == [0]
    assert said == [(1, 3), (2, 3), (3, 3)]
