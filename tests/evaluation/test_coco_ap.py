import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mrcnn_keras.detections import Detections
from mrcnn_keras.detections.detections import MaskCrop
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import evaluate
from tests.evaluation.pictures import SIZE, Answers, Pictures, instances, rows_of

ONE = pytest.approx(1)  # pycocotools adds 2e-16 to each denominator


def score(truth, found, **options):
    return evaluate(Answers({1: found}), Pictures({1: truth}), **options)


def test_perfect_detections_have_ap_1():
    boxes = [(10, 10, 30, 30), (50, 50, 100, 100), (150, 150, 350, 350)]
    scores = score(instances(boxes, [1, 1, 2]), instances(boxes, [1, 1, 2], [0.9, 0.8, 0.7]))
    for kind in ("bbox", "segm"):
        for name in ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR", "AP/circle", "AP/square"):
            assert scores[f"{kind}/{name}"] == ONE, (kind, name)
    assert len(scores) == 18


def test_one_of_two_found_covers_51_of_the_101_recall_levels():
    boxes = rows_of(2)
    scores = score(instances(boxes, [1, 1]), instances(boxes[:1], [1], [0.9]))
    assert scores["segm/AP"] == pytest.approx(51 / 101)
    assert scores["segm/AR"] == pytest.approx(0.5)


def test_a_mask_of_80_percent_is_found_at_7_of_10_thresholds():
    truth, found = instances([(0, 0, 10, 10)], [1]), instances([(0, 0, 8, 10)], [1], [0.9])
    scores = score(truth, found)
    assert scores["segm/AP"] == pytest.approx(0.7)  # IoU 0.80 passes 0.50, 0.55, ... 0.80
    assert scores["segm/AP50"] == scores["segm/AP75"] == ONE


def test_boxes_and_masks_are_scored_separately():
    mask = np.zeros((10, 10), bool)
    mask[:4] = True
    truth = instances([(0, 0, 10, 10)], [1])
    found = Detections(SIZE, [(0, 0, 10, 10)], [1], [0.9], [MaskCrop(0, 0, mask)])
    scores = score(truth, found)
    assert scores["bbox/AP"] == ONE
    assert scores["segm/AP"] == 0


def test_detection_of_a_wrong_class_is_false():
    boxes = rows_of(1)
    scores = score(instances(boxes, [1]), instances(boxes, [2], [0.9]))
    assert scores["bbox/AP/circle"] == 0
    assert math.isnan(scores["bbox/AP/square"])
    assert scores["bbox/AP"] == 0


def test_a_second_detection_of_the_same_object_is_false():
    boxes = rows_of(2)
    truth = instances(boxes, [1, 1])
    found = instances([boxes[0], boxes[0], boxes[1]], [1, 1, 1], [0.9, 0.8, 0.7])
    # Precision 1 up to recall 1/2 (51 levels), then 2 right of 3 (50 levels).
    assert score(truth, found)["segm/AP"] == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_more_than_100_detections_count_when_asked_for():
    boxes = rows_of(150)
    truth = instances(boxes, [1] * 150)
    found = instances(boxes, [1] * 150, np.linspace(0.9, 0.5, 150))
    few, many = score(truth, found), score(truth, found, max_detections=200)
    assert few["segm/AP"] == pytest.approx(67 / 101)  # recall 0, 0.01, ... 0.66 of 100 / 150
    assert few["segm/AR"] == pytest.approx(100 / 150)
    assert many["segm/AP"] == many["segm/APs"] == many["bbox/AR"] == ONE
    assert score(truth, found, max_detections=3)["segm/AR"] == pytest.approx(3 / 150)


def test_as_many_detections_count_as_the_model_may_return():
    boxes = rows_of(150)
    model = Answers({1: instances(boxes, [1] * 150, np.linspace(0.9, 0.5, 150))})
    model.max_detections = 200
    assert evaluate(model, Pictures({1: instances(boxes, [1] * 150)}))["segm/AR"] == ONE


def test_crowds_are_neither_missed_nor_false():
    person, crowd = (0, 0, 10, 10), (100, 100, 200, 200)
    truth = instances([person, crowd], [1, -1])
    assert score(truth, instances([person], [1], [0.9]))["segm/AP"] == ONE
    in_the_crowd = instances([(110, 110, 120, 120), person], [1, 1], [0.9, 0.8])
    assert score(truth, in_the_crowd)["segm/AP"] == ONE
    elsewhere = instances([(300, 300, 310, 310), person], [1, 1], [0.9, 0.8])
    assert score(truth, elsewhere)["segm/AP"] == pytest.approx(0.5)


def test_objects_with_a_box_only_count_for_boxes_and_not_for_masks():
    drawn, boxed = (0, 0, 10, 10), (100, 100, 200, 200)
    crop = MaskCrop(0, 0, np.ones((10, 10), bool))
    truth = Detections(SIZE, [drawn, boxed], [1, 1], None, [crop, None])
    missed = score(truth, instances([drawn], [1], [0.9]))
    assert (missed["segm/AP"], missed["bbox/AP"]) == (ONE, pytest.approx(51 / 101))
    assert math.isnan(missed["segm/APl"])
    # A mask inside the box may be right, so it is ignored, although it has the higher score; one elsewhere is false.
    disc = instances([(110, 110, 190, 190), drawn], [1, 1], [0.9, 0.8])
    assert score(truth, disc)["segm/AP"] == ONE
    elsewhere = instances([(300, 300, 310, 310), drawn], [1, 1], [0.9, 0.8])
    assert score(truth, elsewhere)["segm/AP"] == pytest.approx(0.5)


def test_object_size_is_the_area_of_the_mask():
    mask = np.zeros((50, 50), bool)
    mask[:10, :10] = True  # 100 pixels in a box of 2,500
    truth = Detections(SIZE, [(0, 0, 50, 50)], [1], None, [MaskCrop(0, 0, mask)])
    found = Detections(SIZE, [(0, 0, 50, 50)], [1], [0.9], [MaskCrop(0, 0, mask)])
    scores = score(truth, found)
    assert scores["bbox/APs"] == scores["segm/APs"] == ONE
    assert math.isnan(scores["bbox/APm"])


def test_model_that_finds_nothing_has_ap_0():
    scores = score(instances(rows_of(2), [1, 1]), Detections.empty(SIZE))
    assert scores["bbox/AP"] == scores["segm/AP50"] == scores["segm/AR"] == scores["bbox/APs"] == 0
    assert math.isnan(scores["bbox/AP/square"])
    assert math.isnan(scores["bbox/APl"])


def test_detections_in_a_picture_without_objects_are_false():
    truth, found = instances(rows_of(1), [1]), instances(rows_of(1), [1], [0.8])
    model = Answers({1: found, 2: instances(rows_of(1), [1], [0.9])})
    scores = evaluate(model, Pictures({1: truth, 2: Detections.empty(SIZE)}))
    assert scores["segm/AP"] == pytest.approx(0.5)


def test_ap_without_objects_is_nan():
    for data in (Pictures({}), Pictures({1: Detections.empty(SIZE)})):
        scores = evaluate(Answers({1: Detections.empty(SIZE)}), data)
        assert len(scores) == 18
        assert all(math.isnan(value) for value in scores.values())


@pytest.mark.parametrize("without", ["truth", "found"])
def test_without_masks_only_boxes_are_scored(without):
    boxes = rows_of(1)
    truth = instances(boxes, [1], masks=without != "truth")
    scores = score(truth, instances(boxes, [1], [0.9], masks=without != "found"))
    assert scores["bbox/AP"] == ONE
    assert all(name.startswith("bbox/") for name in scores)


def test_pictures_without_objects_do_not_decide_whether_there_are_masks():
    truths = {1: instances(rows_of(1), [1]), 2: Detections.empty(SIZE, masks=False)}
    model = Answers({1: instances(rows_of(1), [1], [0.9]), 2: Detections.empty(SIZE)})
    assert evaluate(model, Pictures(truths))["segm/AP"] == ONE
    truths[2] = instances(rows_of(1), [1], masks=False)
    assert evaluate(model, Pictures(truths))["segm/AP"] == ONE


def test_evaluate_detects_in_batches_and_reports_progress(capsys, monkeypatch):
    nothing = Detections.empty(SIZE)
    model, calls = Answers(dict.fromkeys(range(7), nothing)), []
    data = Pictures(dict.fromkeys(range(7), nothing))
    evaluate(model, data, batch_size=3, limit=5, progress=lambda done, total: calls.append((done, total)))
    assert model.batches == [3, 2]
    assert calls == [(3, 5), (5, 5)]
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr("mrcnn_keras.progress.ELSEWHERE", 0)
    evaluate(model, data, limit=5, progress=True)
    assert capsys.readouterr() == ("measured picture 4 of 5\n", "")


def test_evaluate_refuses_detections_that_do_not_fit_the_data():
    with pytest.raises(UserError, match="image '1.png': class id 3, but the dataset has 2 classes"):
        score(instances([], []), instances(rows_of(1), [3], [0.9]))
    with pytest.raises(UserError, match="for 200 x 300 pixels but the picture has 400 x 500"):
        score(Detections.empty(SIZE), Detections.empty((200, 300)))


def test_a_model_that_knows_more_classes_is_scored_by_their_names():
    boxes = [(10, 10, 30, 30), (50, 50, 100, 100), (150, 150, 350, 350)]
    model = Answers({1: instances(boxes, [3, 2, 1], [0.9, 0.8, 0.7])})
    model.class_names = ("BG", "dog", "square", "circle")
    scores = evaluate(model, Pictures({1: instances(boxes[:2], [1, 2])}))
    assert scores["bbox/AP/circle"] == scores["bbox/AP/square"] == ONE
    model.class_names = ("BG", "square", "circle", "dog")
    assert evaluate(model, Pictures({1: instances(boxes[:2], [1, 2])}))["bbox/AP"] == 0


def test_evaluate_distinguishes_classes_of_the_same_name():
    data = Pictures({1: instances(rows_of(1), [2])})
    data.class_names = ("BG", "brick", "brick")
    scores = evaluate(Answers({1: instances(rows_of(1), [2], [0.9])}), data)
    assert math.isnan(scores["bbox/AP/brick (1)"])
    assert scores["bbox/AP/brick (2)"] == ONE


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_equals_the_summary_of_pycocotools(kind):
    random = np.random.default_rng(3)
    truths, answers = {}, {}
    for image_id in range(6):
        count = int(random.integers(0, 12))
        y, x = random.integers(0, 250, (2, count))
        h, w = random.integers(5, 150, (2, count))
        boxes = np.stack([y, x, y + h, x + w], axis=1)
        class_ids = random.choice([1, 1, 2, 2, -1], count)
        truths[image_id] = instances(boxes, class_ids)
        moved = np.repeat(boxes, 2, axis=0) + random.integers(-4, 5, (2 * count, 4))
        moved = np.concatenate([moved[:, :2].clip(0), np.maximum(moved[:, 2:], moved[:, :2].clip(0) + 1)], axis=1)
        answers[image_id] = instances(moved, random.choice([1, 2], 2 * count), random.random(2 * count))
    ours = evaluate(Answers(answers), Pictures(truths))

    coco = COCO()
    coco.dataset = {
        "info": {},
        "images": [{"id": i, "height": SIZE[0], "width": SIZE[1]} for i in truths],
        "categories": [{"id": 1, "name": "circle"}, {"id": 2, "name": "square"}],
        "annotations": [],
    }
    for image_id, truth in truths.items():
        for one in (truth[i] for i in range(len(truth))):
            y1, x1, y2, x2 = one.boxes[0].tolist()
            coco.dataset["annotations"].append(
                {
                    "id": len(coco.dataset["annotations"]) + 1,
                    "image_id": image_id,
                    "category_id": abs(int(one.class_ids[0])),
                    "iscrowd": int(one.class_ids[0] < 0),
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "area": (y2 - y1) * (x2 - x1),
                    "segmentation": one.rle()[0],
                }
            )
    coco.createIndex()
    results = coco.loadRes([r for i, found in answers.items() for r in found.coco_results(i)])
    plain = COCOeval(coco, results, kind)
    plain.evaluate()
    plain.accumulate()
    plain.summarize()
    names = ["AP", "AP50", "AP75", "APs", "APm", "APl"]
    np.testing.assert_allclose([ours[f"{kind}/{name}"] for name in names], plain.stats[:6])
    np.testing.assert_allclose(ours[f"{kind}/AR"], plain.stats[8])
    assert 0.05 < ours[f"{kind}/AP"] < 0.95
