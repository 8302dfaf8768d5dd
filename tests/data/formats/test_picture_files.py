"""Pictures are found as a person would find them, as long as exactly one file fits, and never outside the data."""

import json
import os

import pytest
from PIL import Image

from mrcnn_keras.data import load_dataset
from mrcnn_keras.errors import UserError

FOLDER = "pictures found in another folder than the annotations say"
URL = "pictures found by the decoded name of a URL"
UNICODE = "pictures found by a name in another Unicode form"
CASE = "pictures found by a name in another case"
EXTENSION = "pictures found with another file extension"
UPLOADED = "pictures found by the name that Label Studio gives to an uploaded file"


@pytest.fixture
def load(tmp_path):
    """load(names, files, annotations="data/result.json") -> Dataset of pictures of these names, beside these files."""

    def make(names, files, annotations="data/result.json", **options):
        path = tmp_path / annotations
        path.parent.mkdir(parents=True, exist_ok=True)
        pictures = [{"id": i, "file_name": name, "height": 6, "width": 8} for i, name in enumerate(names)]
        content = {"images": pictures, "annotations": [], "categories": [{"id": 1, "name": "thing"}]}
        path.write_text(json.dumps(content))
        for file in files:
            (path.parent / file).parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 6)).save(path.parent / file, format="PNG")
        return load_dataset(path, **options)

    return make


def found(dataset, folder="data"):
    """Paths from the folder of the annotations on."""
    return [info["path"].partition(f"{os.sep}{folder}{os.sep}")[2] for info in dataset.image_info]


@pytest.mark.parametrize(
    ("name", "file", "note"),
    [
        ("..\\..\\label-studio\\media\\upload\\4\\1.png", "images/1.png", FOLDER),
        ("images\\1/1.png", "images/1.png", FOLDER),
        ("/home/somebody/photos/1.png", "images/1.png", FOLDER),
        ("C:\\photos\\1.png", "1.png", FOLDER),
        ("1.png", "images/day 1/morning/1.png", FOLDER),
        ("https://example.org/photos/1.png?token=abc", "images/1.png", FOLDER),
        ("/data/local-files/?d=photos/1.png", "images/1.png", FOLDER),
        ("images/my%20photo%3A1.png", "images/my photo:1.png", URL),
        ("photos%2F1.png", "images/1.png", FOLDER),
        ("F\u00fc\u00dfe.png", "images/Fu\u0308\u00dfe.png", UNICODE),
        ("images/Fu\u0308\u00dfe.png", "images/F\u00fc\u00dfe.png", UNICODE),
        ("images/IMG_1.jpg", "images/IMG_1.JPG", CASE),
        ("Images/img_1.jpg", "images/IMG_1.jpg", CASE),
        ("IMG_1.jpeg", "images/IMG_1.jpg", EXTENSION),
        ("IMG_1", "images/IMG_1.jpg", EXTENSION),
        ("IMG_1.tif", "IMG_1.png", EXTENSION),
        ("img.1.PNG", "img.1.jpg", EXTENSION),
        ("1a2b3c4d-photo.jpg", "images/photo.jpg", UPLOADED),
        ("upload/4/1a2b3c4d-my_photo_1.jpg", "images/my photo (1).JPG", UPLOADED),
        ("photo.jpg", "images/1a2b3c4d-photo.jpg", UPLOADED),
        ("/data/upload/1/1a2b3c4d-photo.jpg", "photo.png", UPLOADED),
    ],
)
def test_a_name_spelled_otherwise_is_found(load, name, file, note):
    dataset = load([name], [file, "images/other.png"])
    assert found(dataset) == [file]
    assert dataset.load_image(0).shape == (6, 8, 3)
    assert len(dataset.notes) == 1
    assert dataset.notes[0].startswith(f"{note}: 1 (first in coco image ")


def test_names_that_are_right_need_no_note(load):
    names = ["1.png", "./2.png", "sub\\3.png", "sub/4.png"]
    dataset = load(names, ["images/1.png", "images/2.png", "images/sub/3.png", "images/sub/4.png"])
    assert found(dataset) == ["images/1.png", "images/2.png", "images/sub/3.png", "images/sub/4.png"]
    assert (dataset.notes, dataset.skipped) == ([], [])


def test_each_kind_of_mending_is_counted(load):
    dataset = load(["a.png", "B.PNG", "C.PNG", "d.jpg", "x/e.png"], [f"images/{name}.png" for name in "abcde"])
    assert [note.partition(" (")[0] for note in dataset.notes] == [f"{CASE}: 2", f"{EXTENSION}: 1", f"{FOLDER}: 1"]


def test_the_folder_decides_between_files_of_one_name(load):
    dataset = load(["cam1/0.jpg", "export/cam2/0.jpg"], ["photos/cam1/0.JPG", "photos/cam2/0.JPG"])
    assert found(dataset) == ["photos/cam1/0.JPG", "photos/cam2/0.JPG"]


def test_of_several_files_none_is_guessed(load):
    files = ["photos/cam1/0.png", "photos/cam2/0.png", "photos/1.png"]
    dataset = load(["0.png", "1.png"], files)
    assert found(dataset) == ["photos/1.png"]
    assert "picture '0.png' of " in dataset.skipped[0]
    assert "does not exist, and 2 files may be meant (" in dataset.skipped[0]


def test_pictures_of_label_studio_are_not_guessed(load):
    dataset = load(["photo.jpg", "1.jpg"], ["1a2b3c4d-photo.jpg", "5e6f7a8b-photo.jpg", "1.jpg"])
    assert found(dataset) == ["1.jpg"]
    assert "2 files may be meant" in dataset.skipped[0]
    dataset = load(["1a2b3c4d-0.jpg", "1a2b3c4d-1.jpg"], ["1a2b3c4d-0.png", "5e6f7a8b-0.png", "1.png"], "b/a.json")
    assert found(dataset, "b") == ["1a2b3c4d-0.png", "1.png"]


def test_a_file_is_not_taken_for_two_pictures(load):
    dataset = load(["a/0.png", "b/0.png", "1.png"], ["images/0.png", "images/1.png"], skip_bad=0.7)
    assert found(dataset) == ["images/1.png"]
    assert ["give each picture its own name" in sentence for sentence in dataset.skipped] == [True, True]
    dataset = load(["seq1/0.png", "seq2/0.png"], ["seq2/0.png"])  # that file is the second picture's
    assert found(dataset) == ["seq2/0.png"]


def test_masks_and_other_subsets_are_no_pictures_of_this_one(load):
    dataset = load(["0.jpg", "1.jpg"], ["images/1.jpg", "masks/0.png"])
    assert found(dataset) == ["images/1.jpg"]
    dataset = load(["2.jpg", "3.jpg"], ["train/2.jpg", "val/3.jpg"], "all/train.json")
    assert found(dataset, "all") == ["train/2.jpg"]


def test_a_missing_picture_is_left_out_and_many_are_refused(load):
    names = [f"{i}.png" for i in range(10)]
    dataset = load(names, names[1:])
    assert dataset.num_images == 9
    assert dataset.skipped[0].startswith("picture '0.png' of ")
    with pytest.raises(UserError, match=r"5 of 10 pictures cannot be read, .*'5.png' of .* --skip-bad 0\.5 "):
        load(names, names[:5], "other/a.json")
    assert load(names, [], "other/a.json", skip_bad=0.5).num_images == 5


@pytest.mark.parametrize(
    ("count", "words"), [(1, "'0.png' of '.*' does not exist; put"), (3, "nor does any of the other 2")]
)
def test_no_picture_at_all_names_the_folders_that_were_searched(load, tmp_path, count, words):
    with pytest.raises(UserError, match=words) as error:
        load([f"{i}.png" for i in range(count)], ["images/other.png"])
    assert f"put the pictures into {tmp_path / 'data'}, or a folder in there" in str(error.value)


@pytest.mark.parametrize("name", ["../../secret.png", "../../../secret.png", "{outside}", "..\\..\\secret.png"])
def test_a_name_never_leads_outside(load, tmp_path, name):
    """A file above the folder of the data set, with the name and the place that the annotations say."""
    inside = tmp_path / "a" / "b" / "data"
    inside.mkdir(parents=True)
    outside = tmp_path / "secret.png"
    for file in (outside, tmp_path / "a" / "secret.png"):
        Image.new("L", (8, 6)).save(file)
    with pytest.raises(UserError, match="does not exist"):
        load([name.format(outside=outside)], ["other.png"], "a/b/data/result.json")


def test_pictures_of_annotations_in_folders_of_their_own(load):
    dataset = load(["images/val/seq/0.jpg"], ["../../images/val/seq/0.jpg"], "data/annotations/val/seq.json")
    assert dataset.image_info[0]["path"].endswith("/data/images/val/seq/0.jpg")
    assert dataset.notes == []
