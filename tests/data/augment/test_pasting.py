"""Copy-paste: what lies behind is cut."""

import numpy as np

from mrcnn_keras.data import augment
from mrcnn_keras.detections import Detections, MaskCrop

FULL = np.ones((10, 10), bool)
BLACK, WHITE = np.zeros((20, 40, 3), np.uint8), np.full((20, 40, 3), 255, np.uint8)


def at(top, left, class_id=1, **more):
    """A square of 10 x 10 pixels."""
    crop = MaskCrop(top, left, FULL)
    return Detections((20, 40), [crop.box], [class_id], mask_crops=[crop], **more)


def test_an_object_behind_is_cut():
    """Columns 5 to 15 behind, 12 to 22 in front: 7 columns are left."""
    image, found = augment.paste_objects(BLACK, at(0, 5), WHITE, at(0, 12, 2))
    assert found.class_ids.tolist() == [1, 2]
    assert found.boxes.tolist() == [[0, 5, 10, 12], [0, 12, 10, 22]]
    assert found.areas.tolist() == [70, 100]
    assert image[:10, 12:22].min() == 255
    assert image.sum() == 255 * 3 * 100


def test_a_nearly_hidden_object_is_dropped_but_not_a_crowd():
    """One row of 10 pixels is left, 10 %: enough; of 9 pixels not, since they are under 16, too."""
    assert len(augment.paste_objects(BLACK, at(0, 5), WHITE, at(1, 5))[1]) == 2
    nine = Detections(
        (20, 40), [[0, 5, 10, 15]], [1], mask_crops=[MaskCrop(0, 5, FULL & (np.arange(100) != 4).reshape(10, 10))]
    )
    assert len(augment.paste_objects(BLACK, nine, WHITE, at(1, 5))[1]) == 1
    crowd = augment.paste_objects(BLACK, at(0, 5, -1), WHITE, at(1, 5))[1]
    assert crowd.class_ids.tolist() == [-1, 1]
    assert crowd.boxes[0].tolist() == [0, 5, 1, 15]
    assert len(augment.paste_objects(BLACK, at(0, 5, -1), WHITE, at(0, 5))[1]) == 1


def test_an_object_with_a_box_only_keeps_its_box_until_it_is_hidden():
    boxes = Detections((20, 40), [[0, 5, 10, 15], [0, 30, 10, 40]], [1, 1])
    found = augment.paste_objects(BLACK, boxes, WHITE, at(0, 12))[1]
    assert found.boxes[:2].tolist() == boxes.boxes.tolist()
    assert found.has_mask.tolist() == [False, False, True]
    assert len(augment.paste_objects(BLACK, boxes, WHITE, at(0, 5))[1]) == 2


def test_keypoints_behind_are_hidden():
    points = np.array([[(5, 6, 2), (5, 13, 2), (5, 13, 0)]], np.float32)
    found = augment.paste_objects(BLACK, at(0, 5, keypoints=points), WHITE, at(0, 12, keypoints=points + [0, 7, 0]))[1]
    assert found.keypoints[0].tolist() == [[5, 6, 2], [5, 13, 1], [5, 13, 0]]
    assert found.keypoints[1, 0].tolist() == [5, 13, 2]


def test_nothing_in_front_or_behind():
    nothing = Detections((20, 40), [], [], mask_crops=())
    image, found = augment.paste_objects(BLACK, at(0, 5), WHITE, nothing)
    assert (image == BLACK).all()
    assert len(found) == 1
    assert augment.paste_objects(BLACK, nothing, WHITE, at(0, 5))[1].boxes.tolist() == [[0, 5, 10, 15]]
    without = Detections((20, 40), [], [])
    assert len(augment.paste_objects(BLACK, without, WHITE, at(0, 5))[1].mask_crops) == 1
