"""Numbers of objects over the frames of films whose objects are known."""

import numpy as np
import pytest

from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.tracking import Tracker

SIZE = (200, 600)


def frame(*objects):
    """objects: (x, score) or (x, score, class) of boxes of 40 x 30 pixels."""
    boxes = [(50, x, 90, x + 30) for x, *_ in objects]
    return Detections(SIZE, boxes, [o[2] if len(o) > 2 else 1 for o in objects], [o[1] for o in objects])


def test_numbers_stay_over_an_occlusion_of_five_frames():
    """Two that meet, of which one is hidden for five frames, and one that stands still; in any order."""
    rng, tracker, numbers = np.random.default_rng(0), Tracker(), []
    for t in range(60):
        objects = {"right": (8 * t, 0.9), "left": (500 - 8 * t, 0.8), "still": (560, 0.95)}
        if 30 <= t < 35:
            del objects["left"]  # behind the other
        names = [*rng.permutation([*objects])]
        found = frame(*((objects[name][0] + rng.normal(0, 0.5), objects[name][1]) for name in names))
        numbers.append(dict(zip(names, tracker.update(found).tolist(), strict=True)))
    assert all(sorted(each.values()) == sorted({*each.values()}) for each in numbers)
    for name in ("right", "left", "still"):
        assert len({each[name] for each in numbers if name in each}) == 1, name
    assert tracker.count == 3
    assert all("left" in each for each in numbers[35:])


def test_half_hidden_objects_of_low_scores_keep_their_number_and_begin_none():
    tracker = Tracker()
    assert tracker.update(frame((100, 0.9), (300, 0.3))).tolist() == [1, 0]
    assert tracker.update(frame((102, 0.2), (300, 0.3))).tolist() == [1, 0]
    assert tracker.update(frame((104, 0.05))).tolist() == [0]
    assert tracker.update(frame((106, 0.9))).tolist() == [1]
    # Low scores are for objects that were seen in the last frame.
    assert tracker.update(frame()).tolist() == []
    assert tracker.update(frame((110, 0.3))).tolist() == [0]


def test_what_is_seen_in_one_frame_only_is_forgotten():
    tracker = Tracker()
    tracker.update(frame())
    assert tracker.update(frame((100, 0.9))).tolist() == [1]
    assert tracker.update(frame()).tolist() == []
    assert tracker.update(frame((100, 0.9))).tolist() == [2]
    assert tracker.update(frame((100, 0.9))).tolist() == [2]


def test_objects_are_forgotten_after_a_while():
    for hidden, number in ((3, 1), (4, 2)):
        tracker = Tracker(remembered=3)
        tracker.update(frame((100, 0.9)))
        for _ in range(hidden):
            tracker.update(frame())
        assert tracker.update(frame((100, 0.9))).tolist() == [number]


def test_classes_are_kept_apart():
    tracker = Tracker()
    assert tracker.update(frame((100, 0.9, 1), (100, 0.8, 2))).tolist() == [1, 2]
    assert tracker.update(frame((101, 0.9, 2), (101, 0.8, 1))).tolist() == [2, 1]


def test_wrong_settings_are_refused():
    with pytest.raises(UserError, match="in this order"):
        Tracker(high_score=0.1, low_score=0.2)
    with pytest.raises(UserError, match="remembered=-1 is not a number of frames"):
        Tracker(remembered=-1)
