"""Laws of every augmentation of the settings: boxes are those of masks, something changes, nothing flows through."""

import numpy as np
import pytest

from mrcnn_keras.data import Dataset
from mrcnn_keras.data.augment import keypoints_inside, tighten
from mrcnn_keras.data.sample import load_sample
from mrcnn_keras.detections import Detections
from tests.data.augment.examples import example
from tests.data.small_config import small_config

DRAWS = 1000
# Each augmentation by itself.
EACH = {
    "flip left-right": {"AUGMENT_FLIP_LR": 0.5},
    "flip upside down": {"AUGMENT_FLIP_UD": 0.5},
    "quarter turns": {"AUGMENT_ROT90": True},
    "rotation": {"AUGMENT_ROTATE": 180.0},
    "shear": {"AUGMENT_SHEAR": 40.0},
    "scale": {"AUGMENT_SCALE": (0.5, 2.0)},
    "large-scale jitter": {"AUGMENT_SCALE": (0.1, 2.0)},
    "copy-paste": {"AUGMENT_COPY_PASTE": 1.0},
    "brightness": {"AUGMENT_BRIGHTNESS": 0.5},
    "contrast": {"AUGMENT_CONTRAST": 0.5},
    "hue": {"AUGMENT_HUE": 0.5},
    "saturation": {"AUGMENT_SATURATION": 0.9},
    "blur": {"AUGMENT_BLUR": 3.0},
    "noise": {"AUGMENT_NOISE": 30.0},
}
MOVES = list(EACH)[:8]


class Pictures(Dataset):
    """Tiny pictures with masks, crowd regions and two keypoints each; the last one has no object."""

    def __init__(self, count=6):
        super().__init__()
        self.add_class("x", 1, "one")
        self.add_class("x", 2, "two")
        self.set_keypoints(["left", "right"], flip_pairs=[("left", "right")])
        for i in range(count):
            self.add_image("x", i, f"{i}.png")
        self.made = [self.make(i) for i in range(count)]

    def make(self, i):
        image, found = example(i, size=(20, 26), count=4 * (i < 5))
        y1, x1, y2, x2 = found.boxes.T
        points = np.stack([(y1 + y2) / 2, x1 + 0.5, np.full(len(found), 2)], axis=-1)[:, None]
        other = np.stack([(y1 + y2) / 2, x2 - 0.5, np.full(len(found), 1)], axis=-1)[:, None]
        points = np.concatenate([points, other], axis=1)
        return image, Detections(
            found.size, found.boxes, found.class_ids, mask_crops=found.mask_crops, keypoints=points
        )

    def load_image(self, image_id):
        return self.made[image_id][0]

    def load_annotations(self, image_id):
        return self.made[image_id][1]


@pytest.fixture(scope="module")
def pictures():
    return Pictures()


def config(**settings):
    small = {"IMAGE_MIN_DIM": 32, "IMAGE_MAX_DIM": 32, "NUM_KEYPOINTS": 2, "MINI_MASK_SHAPE": (28, 28)}
    return small_config(AUGMENT="none", **small, **settings)


@pytest.fixture
def before_resizing(monkeypatch):
    """A list that gets what every sample had before it was brought to the network."""
    from mrcnn_keras.data import sample

    seen, limit = [], sample._limit
    monkeypatch.setattr(sample, "_limit", lambda found, *rest: seen.append(found) or limit(found, *rest))
    return seen


@pytest.mark.parametrize("name", EACH)
def test_boxes_are_those_of_the_masks_in_every_draw(name, pictures, before_resizing):
    settings = config(**{"AUGMENT_FLIP_LR": 0.0, **EACH[name]})
    classes = {int(i) for _, found in pictures.made for i in found.class_ids}
    outside = 0
    for draw in range(DRAWS):
        sample = load_sample(pictures, settings, draw % 6, np.random.default_rng(draw))
        found = before_resizing.pop()
        tight = tighten(found)
        assert len(tight) == len(found)  # no mask is empty
        np.testing.assert_array_equal(found.boxes, tight.boxes)
        assert {*found.class_ids.tolist()} <= classes
        np.testing.assert_array_equal(keypoints_inside(found.keypoints, found.size), found.keypoints)
        outside += np.count_nonzero(found.keypoints[..., 2] == 0)
        assert (sample["gt_masks"].max(axis=(1, 2), initial=0) > 0).all()
        assert sample["gt_boxes"].shape == (len(found), 4)
    assert outside or name not in ("rotation", "shear", "scale")  # some keypoints have left the picture


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize("mode", ["square", "crop", "fit"])
def test_every_augmentation_changes_something_and_is_the_same_for_a_seed(name, mode, pictures):
    settings = config(IMAGE_RESIZE_MODE=mode, **{"AUGMENT_FLIP_LR": 0.0, **EACH[name]})
    plain = config(IMAGE_RESIZE_MODE=mode)
    changed = 0
    for seed in range(12):
        first, second = (load_sample(pictures, settings, 0, np.random.default_rng(seed)) for _ in range(2))
        assert all(np.array_equal(first[part], second[part]) for part in first)
        without = load_sample(pictures, plain, 0, np.random.default_rng(seed))
        changed += not np.array_equal(first["image"], without["image"])
        if name not in MOVES:
            assert all(np.array_equal(first[part], without[part]) for part in first if part != "image")
    assert changed >= 3


@pytest.mark.parametrize("name", EACH)
def test_pictures_without_objects(name):
    empty = Pictures()
    empty.made = [(image, found[:0]) for image, found in empty.made]
    for seed in range(5):
        sample = load_sample(empty, config(**{"AUGMENT_FLIP_LR": 0.0, **EACH[name]}), 0, np.random.default_rng(seed))
        assert sample["gt_boxes"].shape == (0, 4)
        assert sample["gt_masks"].shape == (0, 28, 28)
        assert sample["gt_keypoints"].shape == (0, 2, 3)


def test_all_together_in_a_dataset_of_one_picture(pictures):
    """Its objects are pasted into itself."""
    one = pictures.subset([0])
    wild = config(**{name: value for settings in EACH.values() for name, value in settings.items()})
    counts = [len(load_sample(one, wild, 0, np.random.default_rng(seed))["gt_boxes"]) for seed in range(30)]
    assert max(counts) > 4


def test_the_older_draws_are_as_they_were_without_the_newer_augmentations(pictures):
    """So a training from before there were some is repeated by its seed."""
    wild = {"AUGMENT_FLIP_LR": 0.5, "AUGMENT_ROT90": True, "AUGMENT_SCALE": (0.5, 2), "IMAGE_RESIZE_MODE": "crop"}
    for seed in range(5):
        older, both = (
            load_sample(pictures, config(**wild, AUGMENT_NOISE=noise), 1, np.random.default_rng(seed))
            for noise in (0.0, 20.0)
        )
        assert np.array_equal(older["gt_boxes"], both["gt_boxes"])
        assert np.abs(older["image"].astype(int) - both["image"]).mean() < 40
