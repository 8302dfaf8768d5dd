"""Matching of found instances with annotated ones."""

import numpy as np
import pytest

from mrcnn_keras.detections import Detections, MaskCrop, box_overlaps, match_instances


def instances(boxes, class_ids, scores=None, masks=True):
    """Rectangles that fill their boxes of whole pixels."""
    crops = [MaskCrop(y1, x1, np.ones((y2 - y1, x2 - x1), bool)) for y1, x1, y2, x2 in boxes]
    return Detections((100, 120), boxes, class_ids, scores, crops if masks else None)


def test_instances_are_matched_by_class_and_overlap_best_score_first():
    annotated = instances([(0, 0, 10, 10), (50, 50, 60, 60)], [1, 2])
    boxes = [(0, 0, 10, 8), (0, 0, 10, 10), (50, 50, 60, 60), (50, 50, 60, 60)]
    found = instances(boxes, [1, 1, 1, 2], [0.9, 0.8, 0.7, 0.6])
    matches, overlaps = match_instances(annotated, found)
    assert matches.tolist() == [0, -1, -1, 1]
    assert overlaps.tolist() == pytest.approx([0.8, 0, 0, 1])
    by_boxes = match_instances(annotated, instances(boxes, [1, 1, 1, 2], [0.9, 0.8, 0.7, 0.6], masks=False))
    assert by_boxes[0].tolist() == [0, -1, -1, 1]
    nothing = Detections.empty((100, 120))
    assert match_instances(annotated, nothing)[0].tolist() == []
    assert match_instances(nothing, found)[0].tolist() == [-1] * 4


def test_overlaps_of_boxes():
    some = np.array([(0, 0, 10, 10), (0, 5, 10, 15)])
    assert box_overlaps(some, some[:1]) == pytest.approx(np.array([[1], [1 / 3]]))
    assert box_overlaps(some[:0], some).shape == (0, 2)
    assert box_overlaps(some, some[:0]).shape == (2, 0)
