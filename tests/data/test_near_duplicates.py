"""Copies that were changed a little are found, other pictures are not."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import load_dataset
from mrcnn_keras.data.near_duplicates import find_near_duplicates, fingerprint


def scene(seed, height=240, width=320):
    """[H, W, 3] uint8: soft shapes and a fine pattern."""
    random = np.random.default_rng(seed)
    coarse = cv2.resize(random.integers(0, 200, (6, 8, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(random.integers(0, 50, (40, 50, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.add(coarse, fine)


def saved_again(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=30)
    return np.asarray(Image.open(file))


CHANGES = {
    "saved as JPEG of quality 30": saved_again,
    "half as large": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "stretched": lambda image: cv2.resize(image, (320, 320)),
    "brighter": lambda image: cv2.convertScaleAbs(image, alpha=1.0, beta=30),
    "paler": lambda image: cv2.convertScaleAbs(image, alpha=0.7, beta=20),
    "grey": lambda image: cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB),
    "2 % cut off on all sides": lambda image: image[5:-5, 6:-6],
    "3 % cut off on the left": lambda image: image[:, 9:],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_among_others(change):
    prints = [fingerprint(scene(seed)) for seed in range(20)]
    changed = [fingerprint(CHANGES[change](scene(seed))) for seed in range(20)]
    assert find_near_duplicates(changed, prints) == {place: place for place in range(20)}


def test_each_picture_is_compared_with_those_before_it():
    prints = [fingerprint(scene(seed)) for seed in (1, 2, 1, 3, 1, 2)]
    assert find_near_duplicates(prints) == {2: 0, 4: 0, 5: 1}
    assert find_near_duplicates(prints[:2]) == {}
    assert find_near_duplicates([]) == find_near_duplicates([], prints) == find_near_duplicates(prints, []) == {}


def test_other_pictures_are_not_alike():
    prints = [fingerprint(scene(seed)) for seed in range(200)]
    assert find_near_duplicates(prints) == {}


def test_pictures_without_structure_are_not_compared():
    plain = [np.full((50, 60, 3), grey, np.uint8) for grey in (0, 0, 90)]
    slope = np.arange(90, dtype=np.uint8)[None, :, None].repeat(60, axis=0).repeat(3, axis=2) // 64
    assert [fingerprint(image) for image in [*plain, slope]] == [None] * 4
    assert find_near_duplicates([None, fingerprint(scene(1)), None]) == {}
    assert fingerprint(scene(1)[:1, :1]) is None


@pytest.mark.parametrize("name", ["nuclei", "coco", "facade", "fruits_nuts"])
def test_real_pictures_are_not_alike(shared, name):
    dataset = load_dataset(shared / "data" / name)
    prints = [fingerprint(dataset.load_image(image_id)) for image_id in dataset.image_ids]
    assert None not in [None if found is None else 1 for found in prints]
    assert find_near_duplicates(prints) == {}
