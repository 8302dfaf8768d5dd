"""The one pass over a dataset, and what it keeps."""

import numpy as np
import pytest

from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import Predictions, coco_scores, collect, evaluate
from mrcnn_keras.evaluation.packed_detections import PackedDetections
from tests.evaluation.pictures import Answers, Pictures, instances, predicted, rows_of

SIZE = (400, 500)


def test_collect_keeps_what_is_annotated_and_found():
    boxes = rows_of(3)
    truths = {7: instances(boxes, [1, 2, -1]), 9: Detections.empty(SIZE)}
    found = instances(boxes[:2], [1, 1], [0.9, 0.4])
    model = Answers({7: found, 9: Detections.empty(SIZE)})
    model.max_detections = 30
    predictions = collect(model, Pictures(truths))
    assert (len(predictions), predictions.image_ids, predictions.names) == (2, [7, 9], ["7.png", "9.png"])
    assert predictions.class_names == ("BG", "circle", "square")
    assert predictions.max_detections == 30
    assert predictions.kinds == ("bbox", "segm")
    assert predictions.truths[0].class_ids.tolist() == [1, 2, -1]
    assert predictions.founds[0].scores.tolist() == found.scores.tolist()
    assert np.array_equal(predictions.founds[0].masks, found.masks)
    assert [len(one) for one in predictions.founds] == [2, 0]


def test_evaluate_is_coco_scores_of_what_was_collected():
    truths, found = {1: instances(rows_of(2), [1, 2])}, {1: instances(rows_of(3), [1, 1, 2], [0.9, 0.8, 0.7])}
    assert evaluate(Answers(found), Pictures(truths)) == coco_scores(collect(Answers(found), Pictures(truths)))


def test_packed_masks_are_the_same_bits():
    rng = np.random.default_rng(0)
    random = MaskCrop(3, 4, rng.random((17, 9)) > 0.5)
    crops = [random, None, MaskCrop(5, 6, np.zeros((0, 0), bool)), MaskCrop(0, 0, np.ones((1, 1), bool))]
    truth = Detections((40, 40), [(3, 4, 20, 13)] * 4, [1, -1, 1, 1], None, crops)
    packed = PackedDetections([truth, Detections.empty((5, 5), masks=False)])
    kept = packed[0].mask_crops
    assert [crop and crop[:2] for crop in kept] == [(3, 4), None, (5, 6), (0, 0)]
    assert all(a is b is None or np.array_equal(a.bits, b.bits) for a, b in zip(kept, crops, strict=True))
    assert packed[1].mask_crops is None
    assert [len(one) for one in packed[:1]] == [4]
    assert packed[-1].size == (5, 5)


def test_what_is_shared_is_made_once():
    predictions, calls = predicted([], []), []

    def make(given, argument):
        assert given is predictions
        calls.append(argument)
        return argument.upper()

    assert [predictions.remembered(make, argument) for argument in ("a", "a", "b")] == ["A", "A", "B"]
    assert calls == ["a", "b"]


def test_kind_is_masks_where_there_are_any():
    truth, found = instances(rows_of(1), [1]), instances(rows_of(1), [1], [0.5])
    assert predicted([truth], [found]).kind() == "segm"
    boxes = predicted([truth], [instances(rows_of(1), [1], [0.5], masks=False)])
    assert (boxes.kind(), boxes.kind("bbox")) == ("bbox", "bbox")
    with pytest.raises(UserError, match="kind 'segm' cannot be measured here; there are bbox"):
        boxes.kind("segm")


def test_predictions_need_one_of_each():
    with pytest.raises(UserError, match="1 image_ids, 1 names, 0 truths, 0 founds"):
        Predictions(("BG", "a"), [1], ["1.png"], [], [])
