"""Which pictures come first for labelling: those that stand for many, preferably doubtful ones."""

import numpy as np
import pytest

from mrcnn_keras.cli.labelling_order import LabellingOrder
from mrcnn_keras.detections import Detections


def found(*scores, class_id=1):
    boxes = [[0, 0, 4, 4]] * len(scores)
    return Detections((8, 8), np.reshape(boxes, (-1, 4)), [class_id] * len(scores), scores)


def picture(grey):
    return np.full((8, 8, 3), grey, np.uint8)


def test_uncertain_pictures_come_first_and_copies_of_them_last():
    order = LabellingOrder(("BG", "cat", "dog"))
    order.add("sure.jpg", picture(255), found(0.99, 0.98))
    order.add("doubtful.jpg", picture(100), found(0.5, 0.6, 0.95))
    order.add("copy.jpg", picture(100), found(0.5, 0.6, 0.95))
    order.add("other.jpg", picture(100), found(0.5, 0.9, class_id=2))
    order.add("none.jpg", picture(0), found())
    order.add("low.jpg", picture(100), found(0.05))  # below what counts
    best = order.best(10)
    assert [one["file"] for one in best] == [
        f"{name}.jpg" for name in ("doubtful", "other", "none", "sure", "low", "copy")
    ]
    # 1 - |2 * 0.5 - 1| = 1, 0.8 and 0.1, each counted by its score.
    assert best[0]["uncertainty"] == pytest.approx((0.5 * 1 + 0.6 * 0.8 + 0.95 * 0.1) / (0.5 + 0.6 + 0.95), abs=1e-4)
    assert best[0]["difference"] is None
    assert best[0]["reason"] == "2 of 3 objects are doubtful: cat 0.50, cat 0.60 (uncertainty 0.52)"
    # The same colours, and all other classes.
    assert best[1]["difference"] == pytest.approx(0.5)
    assert best[1]["reason"].endswith("dog 0.50 (uncertainty 0.49); differs by 0.50 from the most similar one above")
    reasons = {one["file"]: one["reason"] for one in best}
    assert reasons["sure.jpg"].startswith("2 objects found, none doubtful (uncertainty 0.03)")
    assert reasons["none.jpg"].startswith("nothing was found (uncertainty 0.00)")
    assert best[-1]["difference"] == 0
    assert [one["file"] for one in order.best(1)] == ["doubtful.jpg"]
    assert LabellingOrder(("BG",)).best(3) == []


def test_a_picture_that_stands_for_many_comes_before_an_odd_one():
    order = LabellingOrder(("BG", "cat"))
    order.add("odd.jpg", picture(255), found(0.7))
    for number in range(10):
        order.add(f"dark{number}.jpg", picture(40), found(0.95))
        order.add(f"grey{number}.jpg", picture(160), found(0.95))
    best = order.best(4)
    # Weights 1.1 and ten times 0.6 each. Of the 21 pictures 0 are nearer to a dark one than the dark ones, 10 than the
    # grey ones and 20 than the odd one. Worth: grey 0.6 * (6 + 6 * 11 / 21 + 1.1 * 20 / 21) = 6.1, dark 5.6, odd
    # 1.1 * (1.1 + 6 * 11 / 21 + 6 / 21) = 5.0; then dark 0.6 * 6 * 10 / 21 = 1.7, odd 1.1 * 1.1 / 21 = 0.06.
    assert [one["file"] for one in best[:3]] == ["grey0.jpg", "dark0.jpg", "odd.jpg"]
    assert [one["difference"] for one in best] == [
        None,
        pytest.approx(120 / 510, abs=1e-4),
        pytest.approx(95 / 510, abs=1e-4),
        0,
    ]


def test_crowded_pictures_are_not_preferred():
    order = LabellingOrder(("BG", "cat"))
    order.add("one.jpg", picture(9), found(0.5))
    order.add("crowd.jpg", picture(9), found(*[0.5] * 5, *[1.0] * 20))
    uncertainties = {one["file"]: one["uncertainty"] for one in order.best(2)}
    assert uncertainties == {"one.jpg": 1, "crowd.jpg": pytest.approx(2.5 / 22.5, abs=1e-4)}


def test_of_very_many_pictures_evenly_spread_ones_are_compared(monkeypatch):
    monkeypatch.setattr("mrcnn_keras.cli.labelling_order.COMPARED", 3)
    order = LabellingOrder(("BG", "cat"))
    for number in range(7):
        order.add(number, picture(30 * number), found(0.5))
    assert sorted(one["file"] for one in order.best(10)) == ["0", "3", "6"]
