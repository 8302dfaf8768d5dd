"""Drawing of keypoints and skeletons."""

import matplotlib
import numpy as np

from mrcnn_keras.detections import Detections
from mrcnn_keras.visualize import display_instances, draw_comparison, draw_detections
from mrcnn_keras.visualize.keypoints import DARK, draw_keypoints

matplotlib.use("agg")
GREY = np.full((60, 80, 3), 128, np.uint8)
RED, BLUE = (255, 0, 0), (0, 0, 255)
NAMES = ["BG", "arrow"]


def drawn(points, skeleton=((0, 1),), **options):
    canvas = GREY.copy()
    draw_keypoints(canvas, np.array(points, np.float32), RED, 2, 1, skeleton, **options)
    return canvas


def test_draws_keypoints_and_the_line_between_them():
    canvas = drawn([(20.5, 20.5, 0.9), (20.5, 60.5, 0.9)])
    assert canvas[20, 20].tolist() == canvas[20, 40].tolist() == canvas[20, 60].tolist() == list(RED)
    assert canvas[23, 40].tolist() != [128] * 3  # the line's dark edge
    assert (canvas[27:] == 128).all()
    alone = drawn([(20.5, 20.5, 0.9), (20.5, 60.5, 0.9)], skeleton=())
    assert alone[20, 40].tolist() == [128] * 3
    assert alone[20, 60].tolist() == list(RED)


def test_keypoint_with_a_low_score_is_left_out_with_its_lines():
    canvas = drawn([(20.5, 20.5, 0.9), (20.5, 60.5, 0.01)])
    assert (canvas[:, 30:] == 128).all()
    assert (drawn([(20, 20, 0), (20, 60, 0)]) == GREY).all()


def test_hidden_keypoint_is_a_ring():
    canvas = drawn([(20.5, 20.5, 1), (20.5, 60.5, 2)], skeleton=(), annotated=True)
    assert canvas[20, 20].tolist() == list(DARK)
    assert canvas[20, 60].tolist() == list(RED)


def test_line_to_a_keypoint_far_outside_is_drawn():
    canvas = drawn([(20.5, 20.5, 0.9), (20.5, 1e9, 0.9)])
    assert canvas[20, 70].tolist() == list(RED)  # the line leads there


def test_draw_keypoints_of_an_empty_array():
    assert (drawn(np.zeros((0, 3)), skeleton=()) == GREY).all()


def arrow(scores=None):
    points = [[(20.5, 20.5, 2), (20.5, 60.5, 2)]]
    return Detections((60, 80), [(10, 10, 50, 70)], [1], scores, None, points)


def test_the_skeleton_comes_from_the_caller():
    options = {"labels": False, "boxes": False, "colors": [RED]}
    without = draw_detections(GREY, arrow(), NAMES, **options)
    assert without[20, 40].tolist() == [128] * 3
    assert draw_detections(GREY, arrow(), NAMES, skeleton=[(0, 1)], **options)[20, 40].tolist() == list(RED)
    both = draw_comparison(GREY, arrow(), arrow([0.9]), NAMES, skeleton=[(0, 1)], zoom=1, **options)
    assert (both == np.array(RED)).all(axis=-1).sum() > 150
    axes = display_instances(GREY, arrow([0.9]), NAMES, skeleton=[(0, 1)], colors=[BLUE])
    assert (np.asarray(axes.images[0].get_array()) == np.array(BLUE)).all(axis=-1).any()
