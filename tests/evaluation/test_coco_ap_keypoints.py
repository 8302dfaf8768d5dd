"""Object keypoint similarity, and AP by it."""

import contextlib
import io
import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mrcnn_keras.detections import Detections, KeypointLayout
from mrcnn_keras.detections.detections import MaskCrop
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import evaluate

SIZE = (200, 200)
ONE = pytest.approx(1)


class Pictures:
    class_names = ("BG", "arrow")

    def __init__(self, truth, layout):
        self.truth, self.keypoint_layout, self.image_ids = truth, layout, [0]

    def load_example(self, image_id):
        return np.zeros((*SIZE, 3), np.uint8), self.truth

    def image_name(self, image_id):
        return "a.png"


class Answer:
    def __init__(self, found):
        self.found = found

    def detect(self, images):
        return [self.found]


def arrows(points, boxes=None, scores=None, masks=True, class_ids=None):
    """Objects of 40 x 40 pixels (area 1600) with the points given."""
    boxes = boxes or [(10, 10, 50, 50)] * len(points)
    crops = [MaskCrop(y1, x1, np.ones((y2 - y1, x2 - x1), bool)) for y1, x1, y2, x2 in boxes] if masks else None
    return Detections(SIZE, boxes, class_ids or [1] * len(boxes), scores, crops, np.array(points, float))


LAYOUT = KeypointLayout(("tip", "tail"), sigmas=(0.1, 0.05))


def score(truth, found, layout=LAYOUT, **options):
    return evaluate(Answer(found), Pictures(truth, layout), **options)


def test_perfect_keypoints_have_ap_1():
    scores = score(arrows([[(20, 20, 2), (40, 40, 1)]]), arrows([[(20, 20, 0.9), (40, 40, 0.9)]], scores=[0.9]))
    for name in ("AP", "AP50", "AP75", "APm", "AR", "AP/arrow"):
        assert scores[f"keypoints/{name}"] == ONE
    assert math.isnan(scores["keypoints/APl"])
    assert "keypoints/APs" not in scores


@pytest.mark.parametrize(("masks", "area"), [(True, 1600), (False, 0.53 * 1600)])
def test_oks_by_hand(masks, area):
    """The tip is off by 3 and 4 pixels, the tail by nothing: OKS is the mean of exp(-d^2 / (2 area (2 sigma)^2))."""
    oks = (math.exp(-25 / (2 * area * (2 * 0.1) ** 2)) + 1) / 2  # 0.911 of the mask's area, 0.846 of the box's share
    truth = arrows([[(20, 20, 2), (40, 40, 2)]], masks=masks)
    found = arrows([[(23, 24, 1), (40, 40, 1)]], scores=[0.9], masks=masks)
    passed = sum(oks >= threshold for threshold in np.linspace(0.5, 0.95, 10))
    assert passed == (9 if masks else 7)
    assert score(truth, found)["keypoints/AP"] == pytest.approx(passed / 10)


def test_oks_counts_annotated_points_only():
    truth = arrows([[(20, 20, 2), (0, 0, 0)]])
    assert score(truth, arrows([[(20, 20, 1), (150, 150, 1)]], scores=[0.9]))["keypoints/AP"] == ONE


def test_the_sigmas_of_the_model_come_first():
    truth, model = arrows([[(20, 20, 2), (40, 40, 2)]]), Answer(arrows([[(24, 20, 1), (44, 40, 1)]], scores=[0.9]))
    wide, tight = (KeypointLayout(LAYOUT.names, sigmas=(sigma,) * 2) for sigma in (0.5, 0.005))
    assert evaluate(model, Pictures(truth, wide))["keypoints/AP"] == ONE
    assert evaluate(model, Pictures(truth, tight))["keypoints/AP"] == 0
    model.keypoint_sigmas = wide.sigmas
    assert evaluate(model, Pictures(truth, tight))["keypoints/AP"] == ONE


def test_objects_without_points_and_crowds_are_ignored():
    boxes = [(10, 10, 50, 50), (10, 100, 50, 140), (100, 100, 140, 140)]
    points = [[(20, 20, 2), (40, 40, 2)], [(0, 0, 0)] * 2, [(0, 0, 0)] * 2]
    truth = arrows(points, boxes, class_ids=[1, 1, -1])
    found = arrows(
        [points[0], [(20, 110, 1), (30, 120, 1)], [(110, 110, 1)] * 2, [(110, 120, 1)] * 2],
        [*boxes, boxes[2]],
        scores=[0.5, 0.9, 0.8, 0.7],
    )
    scores = score(truth, found)
    assert scores["keypoints/AP"] == ONE  # though what is found in the three boxes scores higher


def test_best_twenty_people_count_as_in_coco():
    boxes = [(40 * (i // 5), 40 * (i % 5), 40 * (i // 5) + 30, 40 * (i % 5) + 30) for i in range(25)]
    points = [[(y1 + 5, x1 + 5, 2), (y2 - 5, x2 - 5, 2)] for y1, x1, y2, x2 in boxes]
    truth, found = arrows(points, boxes), arrows(points, boxes, scores=np.linspace(0.9, 0.5, 25))
    assert score(truth, found)["keypoints/AR"] == pytest.approx(20 / 25)
    assert score(truth, found)["bbox/AR"] == ONE
    assert score(truth, found, max_detections=25)["keypoints/AR"] == ONE


def test_keypoint_ap_without_detections():
    truth = arrows([[(20, 20, 2), (40, 40, 1)]])
    nothing = Detections(SIZE, np.zeros((0, 4)), np.zeros(0, int), np.zeros(0), (), np.zeros((0, 2, 3)))
    assert score(truth, nothing)["keypoints/AP"] == 0
    assert math.isnan(score(nothing, nothing)["keypoints/AP"])


def test_no_keypoint_ap_without_keypoints():
    truth, found = arrows([[(20, 20, 2), (40, 40, 1)]]), arrows([[(20, 20, 1), (40, 40, 1)]], scores=[0.9])
    plain = Detections(SIZE, found.boxes, found.class_ids, found.scores, found.mask_crops)
    assert not [name for name in score(truth, plain) if name.startswith("keypoints")]
    assert not [name for name in score(truth, found, layout=None) if name.startswith("keypoints")]


def test_evaluate_refuses_another_number_of_keypoints():
    found = arrows([[(20, 20, 1)] * 3], scores=[0.9])
    with pytest.raises(UserError, match="image 'a.png': 3 keypoints per object were found, but the dataset has 2"):
        score(arrows([[(20, 20, 2), (40, 40, 1)]]), found)


def test_coco_persons_score_as_with_pycocotools(shared):
    """Shaken annotations as detections: our records of the pictures against COCO's own file."""
    from mrcnn_keras.data import load_dataset

    path = shared / "data" / "coco" / "annotations" / "person_keypoints_train.json"
    data, rng = load_dataset(path), np.random.default_rng(0)
    answers = {}
    for image_id in data.image_ids:
        truth = data.load_annotations(image_id)
        truth = truth[truth.class_ids > 0]
        points, scale = truth.keypoints.copy(), np.sqrt(truth.areas)[:, None, None]
        points[..., :2] += rng.normal(0, 0.06, points[..., :2].shape) * scale
        scores = rng.uniform(0.3, 1, len(truth))
        answers[image_id] = Detections(truth.size, truth.boxes, truth.class_ids, scores, truth.mask_crops, points)

    class Shaken:
        answered = iter(answers.values())

        def detect(self, images):
            return [next(self.answered) for _ in images]

    ours = evaluate(Shaken(), data)
    ids = [data.image_info[i]["id"] for i in data.image_ids]
    pairs = zip(ids, answers.values(), strict=True)
    results = [row for i, found in pairs for row in found.coco_results(i, data.category_ids)]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(path))
        found = truth.loadRes(results)
        for result in found.anns.values():  # loadRes takes them for boxes
            result["area"] = float(np.ptp(result["keypoints"][0::3]) * np.ptp(result["keypoints"][1::3]))
        theirs = COCOeval(truth, found, "keypoints")
        theirs.evaluate()
        theirs.accumulate()
        theirs.summarize()
    names = ("AP", "AP50", "AP75", "APm", "APl", "AR")
    np.testing.assert_allclose([ours[f"keypoints/{name}"] for name in names], theirs.stats[:6], atol=0.01)
    assert 0.1 < ours["keypoints/AP"] < 0.9
