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
    assert dataset.notes == ["objects without a pixel inside the picture, left out: 1 (first in masks image 'one.png')"]


def test_mistakes_in_mask_folders_are_refused(cells):
    save(cells / "one/masks/b.png", rectangle(0, 0, 3, 4, (8, 6)))
    with pytest.raises(UserError, match=r"1 of 2 mask files .*b\.png' is 8 x 6 pixels but its picture is 6 x 8"):
        load_dataset(cells, skip_bad=0).load_annotations(0)
    (cells / "one/masks/a.png").unlink()
    with pytest.raises(UserError, match=r"masks image 'one\.png' is 6 x 8 pixels but its masks are 8 x 6"):
        load_dataset(cells).load_example(0)
    (cells / "one/masks/b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UserError, match=r"b\.png' is not a picture"):
        load_dataset(cells, skip_bad=0).load_annotations(0)
    (cells / "two/images/two.png").unlink()
    with pytest.raises(UserError, match="1 of 2 pictures .*two/images' has 0 pictures; put one there"):
        load_dataset(cells, skip_bad=0)
    save(cells / "two/images/two.png", np.zeros((4, 5), np.uint8))
    (cells / "two/masks/.DS_Store").unlink()
    (cells / "two/masks").rmdir()
    with pytest.raises(UserError, match="two' has no folder 'masks'"):
        load_dataset(cells, skip_bad=0)
    dataset = load_dataset(cells)
    assert [info["id"] for info in dataset.image_info] == ["one"]
    assert len(dataset.skipped) == 1


def test_a_mask_file_that_cannot_be_read_is_left_out(cells):
    (cells / "one/masks/b.png").write_bytes((cells / "one/masks/b.png").read_bytes()[:45])
    save(cells / "one/masks/c.png", rectangle(0, 0, 3, 4, (8, 6)))
    dataset = load_dataset(cells, skip_bad=0.7)
    for _ in range(2):
        assert dataset.load_annotations(0).boxes.tolist() == [[0, 0, 3, 4]]
    assert ["b.png" in sentence or "c.png" in sentence for sentence in dataset.skipped] == [True, True]
    dataset = load_dataset(cells)
    with pytest.raises(UserError, match="2 of 3 mask files cannot be read, more than the 5 % .* --skip-bad 0.67"):
        dataset.load_annotations(0)


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
        load_dataset(labelled, skip_bad=0)
    assert load_dataset(labelled).num_images == 1
    (labelled / "images/b.jpg").unlink()
    save(labels / "c.png", np.zeros((4, 5), np.uint8))
    with pytest.raises(UserError, match=r"label picture '.*c\.png' has no picture"):
        load_dataset(labelled, skip_bad=0)
    dataset = load_dataset(labelled)
    assert (dataset.num_images, len(dataset.skipped)) == (1, 1)


def test_label_pictures_in_folders_inside(labelled):
    (labels,) = (path for path in labelled.iterdir() if path.name != "images")
    for folder in (labels, labelled / "images"):
        (folder / "day 1").mkdir()
        for file in folder.glob("*.*"):
            file.rename(folder / "day 1" / file.name)
    dataset = load_dataset(labelled)
    assert [info["id"] for info in dataset.image_info] == ["day 1/a", "day 1/b"]
    assert dataset.load_example(0)[1].areas.tolist() == [11, 20]
    for folder in (labels, labelled / "images"):
        (folder / "val").mkdir()
        (folder / "day 1").rename(folder / "train")
    (labelled / "images/train/b.jpg").rename(labelled / "images/val/b.jpg")
    (labels / "train/b.png").rename(labels / "val/b.png")
    assert list(find_subsets(labelled)) == ["train", "val"]
    assert load_dataset(labelled, subset="val").num_images == 1
    assert load_dataset(labelled, subset="train").load_example(0)[1].areas.tolist() == [11, 20]


def blurred(path, array):
    """As JPEG, with a few grey levels around the edges."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(array)).save(path, quality=75)


def test_jpeg_masks_are_cut_at_half(tmp_path):
    save(tmp_path / "one/images/one.png", np.full((40, 60, 3), 50, np.uint8))
    blurred(tmp_path / "one/masks/a.jpg", rectangle(5, 5, 20, 30, (40, 60)))
    blurred(tmp_path / "one/masks/b.jpeg", rectangle(21, 13, 37, 51, (40, 60)))
    dataset = load_dataset(tmp_path)
    found = dataset.load_example(0)[1]
    assert found.boxes.tolist() == [[5, 5, 20, 30], [21, 13, 37, 51]]
    assert found.areas.tolist() == [15 * 25, 16 * 38]
    assert dataset.notes == [
        "masks saved with loss (JPEG), cut at half their brightness; PNG keeps their edges: 2 (first in masks image "
        "'one.png')"
    ]
    save(tmp_path / "one/masks/a.png", rectangle(5, 5, 20, 31, (40, 60)))  # the original of a.jpg
    assert load_dataset(tmp_path).load_annotations(0).areas.tolist() == [15 * 26, 16 * 38]
    blurred(tmp_path / "one/masks/c.jpg", rectangle(5, 5, 20, 30, (40, 60), value=1))
    dataset = load_dataset(tmp_path)
    assert len(dataset.load_annotations(0)) == 2
    assert "c.jpg' was saved with loss and has no value above" in dataset.skipped[0]


@pytest.mark.parametrize("name", ["labels", "masks"])
def test_black_and_white_jpeg_labels_are_one_object(tmp_path, name):
    mask = rectangle(5, 5, 20, 30, (40, 60)) | rectangle(30, 40, 36, 56, (40, 60))
    save(tmp_path / "images/a.png", np.full((40, 60, 3), 50, np.uint8))
    blurred(tmp_path / name / "a.jpg", mask)
    dataset = load_dataset(tmp_path)
    assert dataset.load_example(0)[1].areas.tolist() == [15 * 25 + 6 * 16]
    assert "label pictures saved with loss (JPEG), what is bright read as one object" in dataset.notes[0]
    blurred(tmp_path / name / "a.jpg", np.zeros((40, 60), np.uint8))
    assert len(load_dataset(tmp_path).load_annotations(0)) == 0


@pytest.mark.parametrize("colour", [90, (200, 0, 0)], ids=["grey", "red"])
def test_jpeg_labels_of_several_values_are_refused(tmp_path, colour):
    labels = np.zeros((40, 60, 3), np.uint8)
    labels[5:20, 5:30] = 255
    labels[25:38, 30:55] = colour
    save(tmp_path / "images/a.png", np.full((40, 60, 3), 50, np.uint8))
    blurred(tmp_path / "labels/a.jpg", labels)
    with pytest.raises(UserError, match=r"a\.jpg' was saved with loss and is not just black and white.*save .* as PNG"):
        load_dataset(tmp_path).load_annotations(0)


def test_rubbish_of_systems_and_editors_is_passed_over(cells):
    save(cells / "__MACOSX/one/images/._one.png", np.zeros((6, 8), np.uint8))
    save(cells / "one/masks/.ipynb_checkpoints/a-checkpoint.png", rectangle(0, 0, 3, 4))
    save(cells / "one/images/.hidden.png", rectangle(0, 0, 3, 4))
    for place in ("", "one/masks", "one/images", "two/masks"):
        for name in ("Thumbs.db", "desktop.ini", "._a.png"):
            (cells / place / name).write_text("x")
    dataset = load_dataset(cells)
    assert [info["id"] for info in dataset.image_info] == ["one", "two"]
    assert len(dataset.load_annotations(0)) == 2
    assert (dataset.notes, dataset.skipped) == ([], [])


def test_folders_of_pictures_may_lie_deeper(cells):
    (cells / "batch 1").mkdir()
    for name in ("one", "two"):
        (cells / name).rename(cells / "batch 1" / name)
    (cells / "notebooks").mkdir()
    dataset = load_dataset(cells)
    assert [info["id"] for info in dataset.image_info] == ["batch 1/one", "batch 1/two"]
    assert len(dataset.load_annotations(0)) == 2
    assert dataset.notes[0].startswith("1 folders without images and masks, passed over (first ")


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


def test_label_pictures_may_have_a_word_behind_the_name(tmp_path):
    for name in ("a", "b", "c_mask"):
        save(tmp_path / f"images/{name}.png", np.full((6, 8, 3), 50, np.uint8))
    for name in ("a_mask", "b-Label", "c_mask", "d_mask"):
        save(tmp_path / f"masks/{name}.png", rectangle(0, 0, 3, 4))
    dataset = load_dataset(tmp_path)
    assert [info["id"] for info in dataset.image_info] == ["a", "b", "c_mask"]
    assert [len(dataset.load_annotations(i)) for i in range(3)] == [1, 1, 1]
    what = "label pictures with a word behind the name of their picture, such as _mask"
    assert dataset.notes == [f"{what}: 2 (first in masks image 'a.png')"]
    assert "label picture " in dataset.skipped[0]
    assert "d_mask.png' has no picture in" in dataset.skipped[0]


def test_of_two_label_pictures_none_is_guessed(tmp_path):
    for file in (
        "images/a.png",
        "masks/a_mask.png",
        "masks/a_seg.png",
        "images/b.png",
        "masks/b.png",
        "masks/b_gt.png",
    ):
        save(tmp_path / file, rectangle(0, 0, 3, 4))
    dataset = load_dataset(tmp_path, skip_bad=0.8)
    assert [(info["id"], info["labels"].name) for info in dataset.image_info] == [("b", "b.png")]
    assert len(dataset.skipped) == 4
