"""Which pictures come first for labelling: uncertain ones that differ from one another."""

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
    order.add("other.jpg", picture(100), found(0.5, class_id=2))
    order.add("none.jpg", picture(0), found())
    order.add("low.jpg", picture(100), found(0.05))  # below what counts
    best = order.best(10)
    assert [one["file"] for one in best] == [
        f"{name}.jpg" for name in ("doubtful", "other", "none", "sure", "low", "copy")
    ]
    # 1 - |2 * 0.5 - 1| = 1, 0.8 and 0.1, of five.
    assert best[0]["uncertainty"] == pytest.approx(1.9 / 5, abs=1e-4)
    assert best[0]["difference"] is None
    assert best[0]["reason"] == "2 of 3 objects are doubtful: cat 0.50, cat 0.60 (uncertainty 0.38)"
    # The same colours, and all other classes.
    assert best[1]["difference"] == pytest.approx(0.5)
    assert best[1]["reason"].endswith("dog 0.50 (uncertainty 0.20); differs by 0.50 from the most similar one above")
    reasons = {one["file"]: one["reason"] for one in best}
    assert reasons["sure.jpg"].startswith("2 objects found, none doubtful (uncertainty 0.01)")
    assert reasons["none.jpg"].startswith("nothing was found (uncertainty 0.00)")
    assert best[-1]["difference"] == 0
    assert [one["file"] for one in order.best(1)] == ["doubtful.jpg"]
    assert LabellingOrder(("BG",)).best(3) == []
