"""Keypoints from annotations to a batch."""

import numpy as np
import pytest

from mrcnn_keras.data import Dataset, augment, make_pipeline
from mrcnn_keras.data.sample import load_sample
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.report import dataset_report
from tests.data.small_config import small_config

# One object of two hands and a tail, in pictures of 40 x 60.
POINTS = [[(10, 20, 2), (10, 30, 1), (0, 0, 0)]]
HANDS = ((0, 1),)


class Hands(Dataset):
    """Grey pictures, each with one object in rows 5 to 15, columns 10 to 40, and the given keypoints."""

    def __init__(self, points=POINTS, count=1):
        super().__init__()
        self.points = points
        self.add_class("hands", 1, "hand")
        self.set_keypoints(["left_hand", "right_hand", "tail"], skeleton=[("left_hand", "right_hand")])
        for i in range(count):
            self.add_image("hands", i, f"{i}.png")

    def load_image(self, image_id):
        return np.full((40, 60, 3), 100, np.uint8)

    def load_mask(self, image_id):
        mask = np.zeros((40, 60, 1), bool)
        mask[5:15, 10:40] = True
        return mask, np.array([1])

    def load_keypoints(self, image_id):
        return self.points


def found(points=POINTS):
    return Hands(points).load_annotations(0)


IMAGE = np.zeros((40, 60, 3), np.uint8)


def test_flip_swaps_left_and_right_keypoints():
    _, mirrored = augment.flip_lr(IMAGE, found(), HANDS)
    assert mirrored.keypoints.tolist() == [[[10, 30, 1], [10, 40, 2], [0, 0, 0]]]
    _, mirrored = augment.flip_ud(IMAGE, found(), HANDS)
    assert mirrored.keypoints.tolist() == [[[30, 30, 1], [30, 20, 2], [0, 0, 0]]]


def test_rotation_keeps_left_and_right_keypoints():
    _, turned = augment.rot90(IMAGE, found(), 1)  # row 10 of 60 columns becomes column 10; column 20 row 60 - 20
    assert turned.keypoints.tolist() == [[[40, 10, 2], [30, 10, 1], [0, 0, 0]]]
    _, back = augment.rot90(IMAGE, found(), 4)
    assert back.keypoints.tolist() == found().keypoints.tolist()


def test_keypoints_outside_a_crop_are_not_annotated():
    _, cut = augment.crop(IMAGE, found(), 5, 5, 20, 20)  # columns 5 to 25
    assert cut.keypoints.tolist() == [[[5, 15, 2], [0, 0, 0], [0, 0, 0]]]


def test_keypoints_stay_on_their_pixel_in_all_augmentations():
    rng = np.random.default_rng(0)
    image = np.zeros((40, 60, 3), np.uint8)
    image[10, 20] = 255  # the left hand
    image[30, 44, 0] = 255  # the right one
    instances = found([[(10.5, 20.5, 2), (30.5, 44.5, 2), (0, 0, 0)]])
    for _ in range(20):
        image, instances = augment.flip_lr(image, instances)
        image, instances = augment.rot90(image, instances, int(rng.integers(4)))
        image, instances = augment.flip_ud(image, instances)
        places = np.floor(instances.keypoints[0, :2, :2]).astype(int)
        assert [image[y, x].tolist() for y, x in places] == [[255] * 3, [255, 0, 0]]


CONFIG = small_config(MASKS=False, NUM_KEYPOINTS=3)


def test_keypoints_are_scaled_to_network_pixels():
    sample = load_sample(Hands(), CONFIG.replace(IMAGE_MIN_DIM=80, IMAGE_MAX_DIM=128), 0)
    assert sample["gt_keypoints"].tolist() == [[[20, 40, 2], [20, 60, 1], [0, 0, 0]]]
    assert sample["gt_boxes"].tolist() == [[10, 20, 30, 80]]


def test_keypoint_pairs_change_places_in_a_flip():
    flipping = CONFIG.replace(IMAGE_MIN_DIM=40, AUGMENT_FLIP_LR=1.0)
    sample = load_sample(Hands(), flipping, 0, np.random.default_rng(0))
    np.testing.assert_allclose(sample["gt_keypoints"][0, :, 2], [1, 2, 0])
    sample = load_sample(Hands(), flipping.replace(KEYPOINT_FLIP_PAIRS=((1, 2),)), 0, np.random.default_rng(0))
    np.testing.assert_allclose(sample["gt_keypoints"][0, :, 2], [2, 0, 1])


def test_objects_without_keypoints_are_kept():
    for points in (None, np.zeros((1, 3, 3))):
        sample = load_sample(Hands(points), CONFIG, 0)
        assert len(sample["gt_boxes"]) == 1
        assert not sample["gt_keypoints"].any()


def test_keypoints_of_a_batch_are_padded():
    config = small_config(MASKS=False, NUM_KEYPOINTS=3)
    (batch,) = make_pipeline(Hands(count=2), config, training=False).take(1)
    assert batch["gt_keypoints"].shape == (2, 1, 3, 3)
    assert "gt_masks" not in batch
    (batch,) = make_pipeline(Hands(count=2), small_config(), training=False).take(1)
    assert "gt_keypoints" not in batch


def test_wrong_number_of_keypoints_is_refused():
    with pytest.raises(UserError, match="3 keypoints per object but NUM_KEYPOINTS is 17; set NUM_KEYPOINTS=3"):
        make_pipeline(Hands(), small_config(NUM_KEYPOINTS=17))
    plain = Hands()
    plain.keypoint_layout, plain.points = None, None
    with pytest.raises(UserError, match="has no keypoints per object .* set NUM_KEYPOINTS=0"):
        load_sample(plain, CONFIG, 0)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (POINTS * 2, r"load_keypoints gave shape \(2, 3, 3\); return \[1, 3, 3\]"),
        ([POINTS[0][:2]], r"load_keypoints gave shape \(1, 2, 3\)"),
        ([[(1, 1, 0.5)] * 3], "an unknown visibility; give 0"),
    ],
)
def test_wrong_keypoints_from_load_keypoints_are_refused(points, words):
    with pytest.raises(UserError, match=words):
        Hands(points).load_annotations(0)


def test_keypoints_without_names_are_refused():
    data = Hands()
    data.keypoint_layout = None
    with pytest.raises(UserError, match="name them with set_keypoints"):
        data.load_annotations(0)


def test_keypoints_outside_the_picture_are_not_annotated():
    points = found([[(10, 60, 2), (10, 60.5, 2), (-1, 5, 1)]]).keypoints
    assert points.tolist() == [[[10, 60, 2], [0, 0, 0], [0, 0, 0]]]


def test_subset_and_load_annotations_pass_keypoints_on():
    class Given(Hands):
        def load_annotations(self, image_id):
            return Detections((40, 60), [(5, 10, 15, 40)], [1], keypoints=POINTS)

        load_mask, load_keypoints = Dataset.load_mask, Dataset.load_keypoints

    data = Given(count=3)
    assert data.load_keypoints(0).tolist() == np.float32(POINTS).tolist()
    view = data.subset([2])
    assert view.keypoint_layout is data.keypoint_layout
    assert view.load_keypoints(0).tolist() == np.float32(POINTS).tolist()
    assert view.load_example(0)[1].keypoints.tolist() == np.float32(POINTS).tolist()


def test_statistics_count_keypoints():
    counted = Hands(count=2).statistics()
    assert counted["keypoints"] == {"left_hand": 2, "right_hand": 2, "tail": 0}
    assert counted["instances_with_keypoints"] == 2
    assert "tail" in dataset_report(counted)


def test_statistics_of_annotations_without_keypoints():
    class Plain(Hands):
        def load_annotations(self, image_id):
            return Detections((40, 60), [(5, 10, 15, 40)], [1])

    assert Plain().statistics()["instances_with_keypoints"] == 0
