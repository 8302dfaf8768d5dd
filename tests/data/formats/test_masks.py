"""Masks as picture files: one per object, or one label picture per image."""

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.errors import UserError


def save(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array)).save(path)


def rectangle(y1, x1, y2, x2, size=(6, 8), value=255):
    mask = np.zeros(size, np.uint8)
    mask[y1:y2, x1:x2] = value
    return mask


@pytest.fixture
def cells(tmp_path):
    """Two pictures in folders of their own: one with two overlapping masks, one with none."""
    save(tmp_path / "one/images/one.png", np.full((6, 8, 4), 50, np.uint8))
    save(tmp_path / "one/masks/a.png", rectangle(0, 0, 3, 4))
    save(tmp_path / "one/masks/b.png", rectangle(2, 3, 6, 8))
    save(tmp_path / "two/images/two.png", np.full((4, 5), 60, np.uint8))
    (tmp_path / "two/masks").mkdir()
    (tmp_path / "two/masks/.DS_Store").write_text("x")
    return tmp_path


def test_one_mask_file_per_object(cells):
    dataset = load_dataset(cells)
    assert dataset.class_names == ["BG", "object"]
    assert [info["id"] for info in dataset.image_info] == ["one", "two"]
    image, found = dataset.load_example(0)
    assert (image.shape, image.max()) == ((6, 8, 3), 50)
    assert found.boxes.tolist() == [[0, 0, 3, 4], [2, 3, 6, 8]]
    assert found.class_ids.tolist() == [1, 1]
    assert found.masks[2, 3].tolist() == [True, True]
    image, found = dataset.load_example(1)
    assert (len(found), found.size) == (0, (4, 5))


def test_empty_mask_file_is_left_out_and_noted(cells):
    save(cells / "one/masks/a.png", rectangle(0, 0, 0, 0))
    dataset = load_dataset(cells)
    assert len(dataset.load_annotations(0)) == 1
    assert dataset.notes == ["masks without a pixel inside the picture, left out: 1 (first in masks image 'one.png')"]


def test_mistakes_in_mask_folders_are_refused(cells):
    save(cells / "one/masks/b.png", rectangle(0, 0, 3, 4, (8, 6)))
    with pytest.raises(UserError, match=r"mask '.*b\.png' is 8 x 6 pixels but another one is 6 x 8"):
        load_dataset(cells).load_annotations(0)
    (cells / "one/masks/a.png").unlink()
    with pytest.raises(UserError, match=r"masks image 'one\.png' is 6 x 8 pixels but its masks are 8 x 6"):
        load_dataset(cells).load_example(0)
    (cells / "one/masks/b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UserError, match=r"b\.png' is not a picture"):
        load_dataset(cells).load_annotations(0)
    (cells / "two/images/two.png").unlink()
    with pytest.raises(UserError, match="two/images' has 0 pictures; put one there"):
        load_dataset(cells)
    save(cells / "two/images/two.png", np.zeros((4, 5), np.uint8))
    (cells / "two/masks/.DS_Store").unlink()
    (cells / "two/masks").rmdir()
    with pytest.raises(UserError, match="two' has no folder 'masks'"):
        load_dataset(cells)


@pytest.fixture(params=["labels", "masks"])
def labelled(tmp_path, request):
    """images/ beside label pictures: values 2 and 300; one picture has none."""
    labels = rectangle(0, 0, 3, 4, value=2).astype(np.uint16)
    labels[2:, 3:] = 300
    save(tmp_path / "images/a.jpg", np.full((6, 8, 3), 50, np.uint8))
    save(tmp_path / "images/b.jpg", np.full((4, 5, 3), 50, np.uint8))
    save(tmp_path / request.param / "a.png", labels)
    save(tmp_path / request.param / "b.png", np.zeros((4, 5), np.uint8))
    return tmp_path


def test_one_label_picture_per_image(labelled):
    dataset = load_dataset(labelled)
    assert dataset.class_names == ["BG", "object"]
    found = dataset.load_example(0)[1]
    assert found.boxes.tolist() == [[0, 0, 3, 4], [2, 3, 6, 8]]
    assert found.areas.tolist() == [11, 20]
    assert found.mask_crops[0].bits.tolist() == [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 0]]
    assert len(dataset.load_example(1)[1]) == 0


def test_mistakes_in_label_pictures_are_refused(labelled):
    (labels,) = (path for path in labelled.iterdir() if path.name != "images")
    noise = np.arange(120 * 120, dtype=np.uint16).reshape(120, 120)
    save(labels / "b.png", noise)
    with pytest.raises(UserError, match=r"b\.png' has 14399 different values"):
        load_dataset(labelled).load_annotations(1)
    (labels / "b.png").unlink()
    with pytest.raises(UserError, match=r"b\.jpg' has no label picture in '.*'; make one, black if it is empty"):
        load_dataset(labelled)
    (labelled / "images/b.jpg").unlink()
    save(labels / "c.png", np.zeros((4, 5), np.uint8))
    with pytest.raises(UserError, match=r"label picture '.*c\.png' has no picture"):
        load_dataset(labelled)


def test_folders_of_masks_are_subsets(tmp_path):
    save(tmp_path / "stage1_train/one/images/one.png", rectangle(0, 0, 3, 4))
    save(tmp_path / "stage1_train/one/masks/a.png", rectangle(0, 0, 3, 4))
    save(tmp_path / "valid/images/two.png", rectangle(0, 0, 3, 4))
    save(tmp_path / "valid/labels/two.png", rectangle(0, 0, 3, 4))
    save(tmp_path / "stage1_test/three/images/three.png", rectangle(0, 0, 3, 4))
    assert find_subsets(tmp_path) == {"train": tmp_path / "stage1_train", "val": tmp_path / "valid"}
    assert load_dataset(tmp_path).num_images == 2
    assert load_dataset(tmp_path, subset="val").image_info[0]["id"] == "two"
    assert find_subsets(tmp_path / "valid") == {}
