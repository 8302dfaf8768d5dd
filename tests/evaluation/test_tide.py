"""TIDE's types of errors, by hand and as tidecv has them."""

import math

import numpy as np
import pytest

from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import error_types
from tests.evaluation.pictures import SIZE, instances, predicted, random_predictions, rows_of


def one_of_each():
    """Three circles (first, third and fourth) and a square; one found, and one error of each type."""
    a, b, c, d, nothing = rows_of(5)
    beside = (c[0], c[1] + 5, c[2], c[3] + 5)  # overlaps c by a third
    truth = instances([a, b, c, d], [1, 2, 1, 1])
    found = instances([a, a, b, beside, beside, nothing], [1, 1, 1, 1, 2, 1], [0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    return predicted([truth], [found])


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_one_error_of_each_type(kind):
    errors = error_types(one_of_each(), kind=kind)
    assert errors.counts == dict.fromkeys(("class", "location", "both", "duplicate", "background", "missed"), 1)
    assert errors.founds == [["right", "duplicate", "class", "location", "both", "background"]]
    assert errors.truths == [["found", "confused", "confused", "missed"]]


def test_what_each_type_costs():
    errors = error_types(one_of_each())
    # Of the circles one of three is found first, at recalls 0 to 0.33; the only square found is false.
    assert errors.ap == pytest.approx((34 + 0) / 2 / 101)
    costs = {
        "class": 101 / 2,  # the square is found, before the false one
        "location": 33 * 2 / 4 / 2,  # a second circle at rank 4: recalls 0.34 to 0.66 have a precision of 2 / 4
        "missed": (51 - 34) / 2,  # the found one is one of two circles
        **dict.fromkeys(("both", "duplicate", "background", "false positive"), 0),  # behind the right one
        "false negative": (101 - 34) / 2,  # the found one is the only circle, and there is no square
    }
    assert errors.costs == pytest.approx({name: cost / 101 for name, cost in costs.items()})


def test_false_detections_before_the_right_one_cost_precision():
    a, nothing = rows_of(2)
    errors = error_types(predicted([instances([a], [1])], [instances([nothing, a], [1, 1], [0.9, 0.5])]))
    assert errors.ap == pytest.approx(0.5)
    assert errors.costs["background"] == errors.costs["false positive"] == pytest.approx(0.5)
    assert errors.costs["missed"] == errors.costs["false negative"] == 0


def test_one_mended_error_finds_an_object_and_the_best_does():
    [a] = rows_of(1)
    truth, found = instances([a], [1]), instances([a, a], [2, 2], [0.4, 0.9])
    errors = error_types(predicted([truth], [found]))
    assert errors.counts["class"] == 2
    assert errors.truths == [["confused"]]
    assert errors.costs["class"] == pytest.approx(1)  # squares vanish: one error is mended, the other removed


def test_crowds_and_what_is_beyond_the_limit():
    a, crowd = (0, 0, 10, 10), (100, 100, 200, 200)
    truth = instances([a, crowd], [1, -1])
    found = instances([(110, 110, 120, 120), a, (300, 300, 310, 310)], [1, 1, 1], [0.9, 0.8, 0.7])
    errors = error_types(predicted([truth], [found]), max_detections=2)
    assert errors.founds == [["ignored", "right", "left out"]]
    assert errors.truths == [["found", "ignored"]]
    assert errors.ap == pytest.approx(1)


def test_an_object_with_a_box_only_is_ignored_for_masks():
    boxes = rows_of(2)
    crops = [MaskCrop(0, 0, bits := instances(boxes[:1], [1]).mask_crops[0].bits), None]
    truth = Detections(SIZE, boxes, [1, 1], None, crops)
    found = Detections(SIZE, boxes, [1, 1], [0.9, 0.8], [crops[0], MaskCrop(0, 20, bits)])
    assert error_types(predicted([truth], [found]), kind="segm").founds == [["right", "ignored"]]
    assert error_types(predicted([truth], [found]), kind="bbox").founds == [["right", "right"]]


def test_keypoints_have_no_types_of_errors():
    points = np.array([[(5, 5, 2), (7, 7, 2)]])
    truth = Detections(SIZE, [(0, 0, 10, 10)], [1], keypoints=points)
    found = Detections(SIZE, [(0, 0, 10, 10)], [1], [0.9], keypoints=points)
    predictions = predicted([truth], [found], keypoint_sigmas=(0.1, 0.1))
    assert predictions.kinds == ("bbox", "keypoints")
    with pytest.raises(UserError, match="keypoints have no overlap; give kind='bbox' or kind='segm'"):
        error_types(predictions, kind="keypoints")


def test_nothing_found_and_nothing_at_all():
    nothing = Detections.empty(SIZE)
    errors = error_types(predicted([instances(rows_of(2), [1, 1]), nothing], [nothing, nothing]))
    assert (errors.ap, errors.counts["missed"], errors.truths) == (0, 2, [["missed", "missed"], []])
    assert errors.costs["missed"] == errors.costs["false negative"] == 1  # tidecv divides by 0 here
    empty = error_types(predicted([nothing], [nothing]))
    assert math.isnan(empty.ap)
    assert math.isnan(empty.costs["missed"])
    assert not any(empty.counts.values())


# What tidecv 1.0.1 gave for these pictures, as shares.
OF_TIDECV = {
    "bbox": {
        "ap": 0.421964,
        "class": (20, 0.104689),
        "location": (8, 0.009904),
        "both": (14, 0.023276),
        "duplicate": (33, 0.021607),
        "background": (76, 0.112378),
        "missed": (39, 0.114393),
        "false positive": (None, 0.264505),
        "false negative": (None, 0.191292),
    },
    "segm": {
        "ap": 0.399011,
        "class": (19, 0.097322),
        "location": (13, 0.034107),
        "both": (11, 0.012079),
        "duplicate": (30, 0.017295),
        "background": (81, 0.118061),
        "missed": (40, 0.112065),
        "false positive": (None, 0.267655),
        "false negative": (None, 0.194539),
    },
}


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_numbers_are_those_that_tidecv_gave(kind):
    errors = error_types(random_predictions(0, pictures=60, classes=3), kind=kind)
    theirs = dict(OF_TIDECV[kind])
    assert errors.ap == pytest.approx(theirs.pop("ap"), abs=1e-6)
    assert errors.costs == pytest.approx({name: cost for name, (_, cost) in theirs.items()}, abs=1e-6)
    assert errors.counts == {name: count for name, (count, _) in theirs.items() if count is not None}


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_numbers_are_those_of_tidecv(kind):
    tidecv = pytest.importorskip("tidecv", reason="pip install --no-deps tidecv appdirs pandas seaborn")
    names = {"class": "Cls", "location": "Loc", "both": "Both", "duplicate": "Dupe", "background": "Bkg"}
    names |= {"missed": "Miss", "false positive": "FalsePos", "false negative": "FalseNeg"}
    counted = dict.fromkeys(list(names)[:6], 0)
    for seed in range(10):
        predictions = random_predictions(seed, pictures=6, classes=1 + seed % 3)
        most = 100 if seed % 2 else 5
        truths, founds = tidecv.Data("truth", max_dets=most), tidecv.Data("found", max_dets=most)
        for image_id in predictions.image_ids:  # otherwise it forgets pictures without objects
            truths.add_image(image_id, str(image_id))
        for row in predictions.records.truths:
            add = truths.add_ignore_region if row["iscrowd"] else truths.add_ground_truth
            add(row["image_id"], row["category_id"], row["bbox"], row["segmentation"])
        for row in predictions.records.results:
            place = row["image_id"], row["category_id"], row["score"], row["bbox"], row["segmentation"]
            founds.add_detection(*place)
        tide = tidecv.TIDE(mode=tidecv.TIDE.BOX if kind == "bbox" else tidecv.TIDE.MASK)
        run = tide.evaluate(truths, founds, name="run")
        theirs = {name: cost / 100 for part in tide.get_all_errors().values() for name, cost in part["run"].items()}
        ours = error_types(predictions, kind=kind, max_detections=most)
        assert ours.ap == pytest.approx(run.ap / 100, abs=1e-9)
        assert {names[name]: cost for name, cost in ours.costs.items()} == pytest.approx(theirs, abs=1e-9)
        assert {names[n]: c for n, c in ours.counts.items()} == {e.short_name: c for e, c in run.count_errors().items()}
        counted = {name: counted[name] + count for name, count in ours.counts.items()}
    assert min(counted.values()) > 2
