"""A user's own augmentation, and the error when its result has another form."""

import random

import numpy as np
import pytest

from mrcnn_keras.data import augment, make_pipeline
from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.errors import UserError
from tests.data.augment.examples import example, without_masks
from tests.data.small_config import small_config


def mirror(image, masks, bboxes, keypoints=None):
    """A left-right flip, in the form of albumentations."""
    width = image.shape[1]
    changed = {
        "image": image[:, ::-1],
        "masks": [mask[:, ::-1] for mask in masks],
        "bboxes": [(width - x2, y1, width - x1, y2, number) for x1, y1, x2, y2, number in bboxes],
    }
    return changed if keypoints is None else {**changed, "keypoints": [(width - x, y) for x, y in keypoints]}


def same(**given):
    return given


def with_points(found):
    points = np.array([[(y1 + 1, x1, 2), (0, 0, 0)] for y1, x1, _, _ in found.boxes])
    return Detections(found.size, found.boxes, found.class_ids, mask_crops=found.mask_crops, keypoints=points)


@pytest.mark.parametrize("kind", [lambda found: found, without_masks, with_points])
def test_a_flip_by_a_hook_is_a_flip(kind):
    image, found = example()
    found = kind(found)
    expected_image, expected = augment.flip_lr(image, found)
    got_image, got = augment.apply_hook(mirror, image, found, 0)
    assert (got_image == expected_image).all()
    assert (got.boxes == expected.boxes).all()
    assert (got.class_ids == expected.class_ids).all()
    if expected.mask_crops is not None:
        assert (got.masks == expected.masks).all()
    if expected.keypoints is not None:
        assert got.keypoints.tolist() == expected.keypoints.tolist()


def test_a_hook_may_change_colours_only():
    image, found = example()
    got_image, got = augment.apply_hook(lambda image, **rest: {"image": 255 - image, **rest}, image, found, 0)
    assert (got_image == 255 - image).all()
    assert (got.masks == found.masks).all()


def test_a_hook_may_crop_and_drop_objects():
    image, found = example()

    def cut(image, masks, bboxes):
        return {"image": image[:6, :9], "masks": [mask[:6, :9] for mask in masks], "bboxes": bboxes[1:]}

    got_image, got = augment.apply_hook(cut, image, found, 0)
    assert got_image.shape == (6, 9, 3)
    assert got.size == (6, 9)
    left = found.masks[:6, :9].any(axis=(0, 1))
    left[0] = False  # its box was not returned
    assert (got.masks == found.masks[:6, :9][:, :, left]).all()
    assert (augment.tighten(got).boxes == got.boxes).all()


def test_a_hook_without_objects():
    nothing = Detections((6, 8), [], [], mask_crops=())
    for hook in (same, mirror):
        assert len(augment.apply_hook(hook, np.zeros((6, 8, 3), np.uint8), nothing, 0)[1]) == 0


def test_mixed_objects():
    crop = MaskCrop(0, 0, np.ones((4, 4), bool))
    mixed = Detections((10, 10), [[0.5, 1, 5.5, 6], [0, 0, 4, 4]], [1, 2], mask_crops=[None, crop])
    got = augment.apply_hook(mirror, np.zeros((10, 10, 3), np.uint8), mixed, 0)[1]
    assert got.boxes.tolist() == [[0.5, 4, 5.5, 9], [0, 6, 4, 10]]
    assert got.has_mask.tolist() == [False, True]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda given: given["nothing"], r"failed \(KeyError: 'nothing'\) when called with image, masks, bboxes, key"),
        (lambda given: None, "returned <class 'NoneType'>; return a dict with image, masks and bboxes"),
        (lambda given: {"picture": 1}, r"returned a dict without image \(picture\)"),
        (lambda given: given | {"image": given["image"] / 255}, r"returned an image float64 of shape \[12, 17, 3\]"),
        (lambda given: given | {"image": given["image"][:, :, 0]}, r"returned an image uint8 of shape \[12, 17\]"),
        (lambda given: given | {"masks": given["masks"][1:]}, "returned 3 masks for 4 objects; return all"),
        (lambda given: {"image": given["image"]}, "returned 0 masks for 4 objects"),
        (lambda given: given | {"image": given["image"][1:]}, r"a mask of shape \[12, 17\] for an image of \[11, 17\]"),
        (lambda given: given | {"bboxes": [(0, 0, 4, 4)]}, "returned bboxes of another form"),
        (lambda given: given | {"bboxes": [(0, 0, 4, 4, 9)]}, "returned bboxes of another form"),
        (lambda given: given | {"bboxes": [(4, 0, 0, 4, 1)]}, "returned a box that ends before it begins"),
        (lambda given: given | {"keypoints": given["keypoints"][1:]}, "returned 7 keypoints for 8"),
    ],
)
def test_hook_results_of_another_form_are_refused(answer, sentence):
    image, found = example()
    with pytest.raises(UserError, match=sentence):
        augment.apply_hook(lambda **given: answer(given), image, with_points(found), 0)


def test_random_numbers_of_a_hook_are_those_of_the_seed():
    image, found = example()

    def noisy(image, **rest):
        return {"image": image + np.uint8(np.random.randint(50)) + np.uint8(random.randrange(50)), **rest}

    random.seed(5)
    np.random.seed(5)
    expected = random.random(), np.random.random()
    random.seed(5)
    np.random.seed(5)
    one, other, again = (augment.apply_hook(noisy, image, found, seed)[0] for seed in (1, 2, 1))
    assert (one == again).all()
    assert (one != other).any()
    assert (random.random(), np.random.random()) == expected  # what others draw is as it was


class Seeded:
    """As albumentations.Compose: with a generator of its own."""

    def set_random_seed(self, seed):
        self.rng = np.random.default_rng(seed)

    def __call__(self, image, **rest):
        return {"image": image + np.uint8(self.rng.integers(100)), **rest}


def test_batches_with_a_hook_go_on_after_an_interruption(squares):
    data = squares([(1, 0, 0, 15, 30)], [], [(2, 5, 5, 9, 9)])
    config = small_config(BATCH_SIZE=1)

    def images(start, count, **more):
        batches = make_pipeline(data, config, seed=3, start_step=start, augment=Seeded(), **more)
        return [batch["image"].numpy() for batch in batches.take(count)]

    whole, tail = images(0, 5, workers=4), images(2, 3, workers=1)
    assert all((a == b).all() for a, b in zip(whole[2:], tail, strict=True))
    plain = [batch["image"].numpy() for batch in make_pipeline(data, config, seed=3).take(5)]
    assert any((a != b).any() for a, b in zip(whole, plain, strict=True))


def test_validation_has_no_hook(squares):
    data = squares([(1, 0, 0, 15, 30)])
    one, other = (
        next(iter(make_pipeline(data, small_config(), training=False, augment=hook)))["image"].numpy()
        for hook in (None, Seeded())
    )
    assert (one == other).all()


def test_what_is_no_hook_is_refused(squares):
    data = squares([(1, 0, 0, 15, 30)])
    with pytest.raises(UserError, match="augment='few' cannot be called; .* named sets are a setting: AUGMENT='few'"):
        make_pipeline(data, small_config(), augment="few")
    with pytest.raises(UserError, match="augment= cannot move given proposals"):
        make_pipeline(data, small_config(PROPOSALS="given"), augment=same)
