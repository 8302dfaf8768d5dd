"""Boxes in other formats: as Keras converts them."""

import keras
import numpy as np
import pytest

from mrcnn_keras.detections import Detections
from mrcnn_keras.detections.box_formats import BOX_FORMATS
from mrcnn_keras.errors import UserError

KERAS = [f"{rel}{name}" for rel in ("", "rel_") for name in ("yxyx", "xyxy", "xywh", "center_xywh")] + ["center_yxhw"]


def instances():
    points = [[(20, 40, 0.9)], [(10, 80, 2)]]
    return Detections((40, 80), [(10, 20, 30, 60), (0, 8.5, 3.25, 9)], [1, 2], [0.9, 0.5], None, points)


@pytest.mark.parametrize("name", KERAS)
def test_boxes_are_those_of_keras(name):
    boxes = instances().boxes
    theirs = keras.utils.bounding_boxes.convert_format(boxes, "yxyx", name, height=40, width=80, dtype="float32")
    ours = instances().to_dict(name)["boxes"]
    assert ours.dtype == np.float32
    assert np.allclose(ours, keras.ops.convert_to_numpy(theirs), atol=1e-6)


def test_all_formats():
    one = {name: instances().to_dict(name)["boxes"][0].tolist() for name in BOX_FORMATS}
    assert one["yxyx"] == [10, 20, 30, 60]
    assert one["xyxy"] == [20, 10, 60, 30]
    assert one["yxhw"] == [10, 20, 20, 40]
    assert one["xywh"] == [20, 10, 40, 20]
    assert one["center_yxhw"] == [20, 40, 20, 40]
    assert one["center_xywh"] == [40, 20, 40, 20]
    assert one["rel_yxyx"] == [0.25, 0.25, 0.75, 0.75]
    assert one["rel_center_yxhw"] == [0.5, 0.5, 0.5, 0.5]
    with pytest.raises(UserError, match="bounding_box_format='coco' is unknown; use one of yxyx, "):
        instances().to_dict("coco")


def test_keypoints_have_the_order_and_unit_of_the_boxes():
    assert instances().to_dict()["keypoints"][0, 0].tolist() == pytest.approx([20, 40, 0.9])
    assert instances().to_dict("xywh")["keypoints"][0, 0].tolist() == pytest.approx([40, 20, 0.9])
    assert instances().to_dict("rel_xyxy")["keypoints"][1, 0].tolist() == pytest.approx([1, 0.25, 2])


def test_what_is_not_there_is_left_out():
    found = instances()
    assert set(found.to_dict()) == {"boxes", "labels", "scores", "keypoints"}
    assert found.to_dict()["labels"].tolist() == [1, 2]
    plain = Detections((4, 6), [(1, 1, 3, 4)], [1])
    assert set(plain.to_dict("xyxy")) == {"boxes", "labels"}
    nothing = Detections.empty((4, 6)).to_dict("rel_center_xywh")
    assert nothing["boxes"].shape == (0, 4)
    assert nothing["masks"].shape == (4, 6, 0)
