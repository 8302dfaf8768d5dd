"""Boundary IoU and boundary AP: by hand, by distances, and as faster-coco-eval has them."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from scipy.ndimage import distance_transform_cdt

from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import boundary_scores, coco_scores
from mrcnn_keras.evaluation.boundary import boundaries
from mrcnn_keras.evaluation.coco_matching import coco_run
from tests.evaluation.pictures import instances, predicted, random_predictions, rows_of

SIZE = (60, 80)  # the diagonal is 100 pixels: what is within 2 pixels of the outline is boundary
ONE = pytest.approx(1)


def test_a_boundary_is_what_lies_near_to_a_pixel_outside():
    """Distances along rows, columns and diagonals alike, in the whole picture, whose border is outside."""
    rng = np.random.default_rng(0)
    for size, distance in (((60, 80), 2), ((9, 12), 1), ((30, 201), 4)):
        masks = rng.random((*size, 4)) > (0.02, 0.1, 0.5, 0)
        masks[:2, :, 3] = False
        found = Detections.from_masks(masks, [1] * 4, [0.5] * 4)
        outside = np.pad(masks, ((1, 1), (1, 1), (0, 0)))
        for i, run_lengths in enumerate(boundaries([found], 0.02)):
            near = distance_transform_cdt(outside[..., i], "chessboard")[1:-1, 1:-1] <= distance
            assert np.array_equal(coco_mask.decode(run_lengths).astype(bool), masks[..., i] & near)


def test_boundary_ap_by_hand():
    truth = instances([(10, 10, 30, 30)], [1], size=SIZE)
    found = instances([(10, 10, 30, 28)], [1], [0.9], size=SIZE)
    # Of 20 x 20 pixels 400 - 16 x 16 = 144 are boundary, of 20 x 18 360 - 16 x 14 = 136; both have 4 rows of 18 pixels
    # and 2 columns of 16 in common: 104 / (144 + 136 - 104) = 0.59, which passes 0.5 and 0.55.
    scores = boundary_scores(predicted([truth], [found]))
    assert [scores["boundary/AP"], scores["boundary/AR"]] == pytest.approx([0.2, 0.2])
    assert (scores["boundary/AP50"], scores["boundary/AP75"], scores["boundary/APs"]) == (ONE, 0, pytest.approx(0.2))
    assert coco_scores(predicted([truth], [found]))["segm/AP75"] == ONE
    thick = boundary_scores(predicted([truth], [found]), dilation_ratio=0.5)  # all of the mask: 360 / 400
    assert thick["boundary/AP75"] == ONE


def test_a_crowd_region_needs_no_sharp_outline():
    person, crowd = (0, 0, 10, 10), (20, 20, 60, 80)
    truth = instances([person, crowd], [1, -1], size=SIZE)
    found = instances([(30, 30, 45, 45), person], [1, 1], [0.9, 0.8], size=SIZE)
    assert boundary_scores(predicted([truth], [found]))["boundary/AP"] == ONE


def test_objects_with_a_box_only_and_empty_masks():
    crop = MaskCrop(0, 0, np.ones((10, 10), bool))
    truth = Detections(SIZE, [(0, 0, 10, 10), (30, 30, 50, 50)], [1, 1], None, [crop, None])
    found = Detections(SIZE, truth.boxes, [1, 1], [0.9, 0.8], [crop, MaskCrop(30, 30, np.zeros((0, 0), bool))])
    assert boundary_scores(predicted([truth], [found]))["boundary/AP"] == ONE
    with pytest.raises(UserError, match="kind 'segm' cannot be measured here"):
        boundary_scores(predicted([instances(rows_of(1), [1], masks=False)], [found]))


def test_numbers_are_those_of_faster_coco_eval():
    faster = pytest.importorskip("faster_coco_eval")
    total = 0
    for seed in range(10):
        predictions = random_predictions(seed, pictures=5)
        records = predictions.records
        categories = [{"id": i, "name": name} for i, name in enumerate(predictions.class_names) if i]

        def coco(rows, records=records, categories=categories):
            rows = [{"iscrowd": 0, **row, "area": row["areas"]["segm"], "id": i} for i, row in enumerate(rows, start=1)]
            head = {"info": {}, "images": records.images, "categories": categories}
            return faster.COCO({**head, "annotations": rows})

        theirs = faster.COCOeval_faster(coco(records.truths), coco(records.results), iouType="boundary")
        theirs.params.maxDets = [100]
        with contextlib.redirect_stdout(io.StringIO()):
            theirs.evaluate()
            theirs.accumulate()
        for name in ("precision", "recall"):
            ours = getattr(coco_run(predictions, "boundary"), name)
            numbers = np.reshape(theirs.eval[name], ours.shape)  # -1 for NaN
            np.testing.assert_allclose(np.nan_to_num(ours, nan=-1), numbers, atol=1e-12)
            total += np.nansum(ours)
    assert total > 100
