"""Formats and subsets are found by looking at files and folders."""

import json

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.errors import UserError
from tests.data.small_coco import coco_content


@pytest.fixture
def place(tmp_path):
    """place(json path, folder of its picture, category ids) writes a small COCO file with one picture."""

    def put(name, pictures, categories=(0, 7)):
        content = coco_content()
        content["images"][0]["file_name"] = f"{len(name)}.png"
        content["categories"] = [{"id": i, "name": f"name {i}"} for i in categories]
        content["annotations"][0]["category_id"] = categories[0]
        content["annotations"] = content["annotations"][:1]
        for path in (tmp_path / name, tmp_path / pictures / "x"):
            path.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(content))
        Image.new("L", (8, 6)).save(tmp_path / pictures / f"{len(name)}.png")
        return tmp_path

    return put


@pytest.mark.parametrize(
    ("name", "pictures"),
    [
        ("annotations.json", "."),
        ("annotations.json", "images"),
        ("_annotations.coco.json", "."),
        ("annotations/instances_default.json", "images"),
        ("annotations/x.json", "."),
        ("data/trainval.json", "data/images"),
        ("data/trainval.json", "data"),
    ],
)
def test_load_dataset_finds_one_coco_file_in_a_folder(place, name, pictures):
    root = place(name, pictures)
    assert find_subsets(root) == {}
    for path in (root, root / name, str(root)):
        dataset = load_dataset(path)
        assert dataset.num_images == 1
        assert dataset.load_example(0)[0].shape == (6, 8, 3)
    with pytest.raises(UserError, match="no subset 'val'; it is not divided"):
        load_dataset(root, subset="val")


LAYOUTS = {
    "coco": [("annotations/instances_train2017.json", "train2017"), ("annotations/instances_val2017.json", "val2017")],
    "coco, pictures in images": [
        ("annotations/instances_train2017.json", "images/train2017"),
        ("annotations/instances_val2017.json", "images/val2017"),
    ],
    "coco, all pictures together": [
        ("annotations/instances_train.json", "images"),
        ("annotations/instances_val.json", "images"),
    ],
    "roboflow": [("train/_annotations.coco.json", "train"), ("valid/_annotations.coco.json", "valid")],
    "a folder each": [("train/annotations/a.json", "train/images"), ("val/annotations/a.json", "val/images")],
    "two files": [("train.json", "images"), ("validation.json", "images")],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_subsets_share_their_class_ids(place, layout):
    (train, train_pictures), (val, val_pictures) = LAYOUTS[layout]
    place(train, train_pictures, (9, 4))
    root = place(val, val_pictures, (1, 4))
    assert find_subsets(root) == {"train": root / train, "val": root / val}
    both = load_dataset(root)
    assert both.num_images == 2
    assert both.category_ids == [0, 1, 4, 9]
    for subset, used, added in (("train", 3, "name 1"), ("val", 1, "name 9"), ("valid", 1, "name 9")):
        dataset = load_dataset(root, subset=subset)
        assert dataset.category_ids == both.category_ids
        assert dataset.num_images == 1
        assert dataset.load_example(0)[1].class_ids.tolist() == [used]
        assert f"classes '{added}' come from" in dataset.notes[0]
    assert load_dataset(root / train).category_ids == [0, 4, 9]
    assert load_dataset(root / val).category_ids == [0, 1, 4]
    with pytest.raises(UserError, match="no subset 'test'; it has train, val"):
        load_dataset(root, subset="test")


@pytest.mark.parametrize("layout", ["coco", "roboflow"])
def test_load_dataset_takes_the_folder_of_a_subset(place, layout):
    for name, pictures in LAYOUTS[layout]:
        root = place(name, pictures)
    for name, pictures in LAYOUTS[layout]:
        dataset = load_dataset(root / pictures)
        assert [info["path"] for info in dataset.image_info] == [str(root / pictures / f"{len(name)}.png")]


def test_subsets_with_different_category_names_are_refused(place):
    root = place("train.json", "images")
    place("val.json", "images")
    (root / "val.json").write_text((root / "val.json").read_text().replace("name 7", "other"))
    with pytest.raises(UserError, match="category 7 is 'other' in '.*' but 'name 7' in"):
        load_dataset(root, subset="train")
    (root / "val.json").write_text((root / "val.json").read_text().replace("other", "Name_7"))
    dataset = load_dataset(root, subset="val")
    assert dataset.class_names == ["BG", "name 0", "name 7"]
    assert "category 7 is 'Name_7' in val.json, read as 'name 7' as elsewhere" in dataset.notes


@pytest.mark.parametrize("other", ["{", '{"images": [], "annotations": []}', "train_v1"])
def test_an_annotation_file_given_by_name_is_read_alone(place, other):
    """An older export beside it is damaged, is something else, or has more classes."""
    root = place("train_v2.json", "images", (1,))
    place("train_v1.json", "images", (1, 2))
    if other != "train_v1":
        (root / "train_v1.json").write_text(other)
    dataset = load_dataset(root / "train_v2.json")
    assert dataset.class_names == ["BG", "name 1"]
    assert (dataset.num_images, dataset.notes, dataset.skipped) == (1, [], [])


def test_two_versions_of_a_subset_in_a_folder_are_read_and_named(place):
    place("train_v1.json", "images", (1,))
    root = place("train_v2.json", "images", (1,))
    dataset = load_dataset(root)
    assert dataset.num_images == 2
    assert dataset.notes[0] == (
        "train_v1.json, train_v2.json are all read as train; if they are versions of each other, give one"
    )
    assert "pictures whose file was listed before under another id; both are used: 1" in dataset.notes[1]


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_skip_bad_is_a_share(place, share):
    with pytest.raises(UserError, match="is not a share of entries; give a number from 0 .none. to 1"):
        load_dataset(place("annotations.json", "."), skip_bad=share)


def test_empty_subset_does_not_affect_the_others(place):
    root = place("train.json", "images")
    place("test.json", "images")
    content = json.loads((root / "test.json").read_text())
    (root / "test.json").write_text(json.dumps({**content, "images": [], "annotations": []}))
    assert load_dataset(root).num_images == 1
    with pytest.raises(UserError, match="has no picture"):
        load_dataset(root, subset="test")


def test_instance_files_are_preferred_to_keypoint_and_caption_files(place):
    root = place("annotations/person_keypoints_val.json", "val")
    assert load_dataset(root).num_images == 1
    place("annotations/captions_val.json", "val")
    assert find_subsets(root) == {"val": root / "annotations/person_keypoints_val.json"}
    place("annotations/instances_val.json", "val")
    assert find_subsets(root) == {"val": root / "annotations/instances_val.json"}
    assert load_dataset(root / "annotations/person_keypoints_val.json").num_images == 1


def test_two_files_of_one_subset_keep_their_names(place):
    place("annotations/instances_train2014.json", "images")
    root = place("annotations/instances_train.json", "images")
    assert list(find_subsets(root)) == ["instances_train", "instances_train2014"]
    assert load_dataset(root, subset="instances_train2014").num_images == 1


def test_folders_with_similar_names_are_not_subsets(place):
    place("test_of_bob/a.json", "test_of_bob", (1,))
    root = place("train_station/a.json", "train_station", (2,))
    assert load_dataset(root / "test_of_bob").category_ids == [0, 1]
    with pytest.raises(UserError, match="no annotations were found"):
        load_dataset(root)


@pytest.mark.parametrize(
    "name", ["train", "train2017", "training", "trainset", "train_images", "stage1_train", "Train"]
)
def test_subset_folder_names(place, name):
    root = place(f"{name}/a.json", name)
    assert list(find_subsets(root)) == ["train"]


def test_load_dataset_refuses_several_files_without_subset_names(place):
    place("a.json", "images")
    root = place("bb.json", "images")
    with pytest.raises(UserError, match=r"holds several COCO files \(a\.json, bb\.json\); give one"):
        load_dataset(root)
    assert load_dataset(root / "a.json").num_images == 1


def test_load_dataset_refuses_unknown_format(place, tmp_path):
    root = place("annotations.json", ".")
    assert load_dataset(root, format="coco").num_images == 1
    with pytest.raises(UserError, match="is not in the format 'masks' but 'coco'; give that one, or none"):
        load_dataset(root, format="masks")
    with pytest.raises(UserError, match="format 'cocoo' is unknown; did you mean coco?"):
        load_dataset(root, format="cocoo")
    with pytest.raises(UserError, match="format 'xyz' is unknown; choose one of coco, masks"):
        find_subsets(root, format="xyz")


def test_load_dataset_refuses_paths_without_annotations(tmp_path):
    with pytest.raises(UserError, match="'.*absent' does not exist"):
        load_dataset(tmp_path / "absent")
    with pytest.raises(UserError, match="no annotations were found in"):
        load_dataset(tmp_path)
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png")
    for path in (tmp_path, tmp_path / "a.png"):
        with pytest.raises(UserError, match="no annotations were found in"):
            load_dataset(path)


def test_a_relative_path_is_kept_when_the_working_folder_changes(place, tmp_path, monkeypatch):
    place("train/_annotations.coco.json", "train", (9, 4))
    place("valid/_annotations.coco.json", "valid", (1, 4))
    monkeypatch.chdir(tmp_path / "train")
    dataset = load_dataset(".")
    monkeypatch.chdir("/")
    assert dataset.load_image(0).shape == (6, 8, 3)
    assert dataset.category_ids == [0, 1, 4, 9]


@pytest.mark.parametrize(
    ("path", "images", "classes", "instances"),
    [
        ("coco", 69, 80, 710),
        ("coco/train", 45, 80, 492),
        ("coco/val", 24, 80, 218),
        ("coco/annotations/person_keypoints_val.json", 7, 1, 27),
        ("fruits_nuts", 18, 3, 165),
        ("fruits_nuts/data/trainval.json", 18, 3, 165),
        ("facade", 64, 10, 2103),
        ("facade/train", 48, 10, 1547),
        ("facade/valid", 16, 10, 556),
        ("formats/coco1.0", 4, 8, 23),
    ],
)
def test_real_coco_files_have_the_known_counts(shared, path, images, classes, instances):
    dataset = load_dataset(shared / "data" / path)
    assert dataset.num_images == images
    assert dataset.num_classes == 1 + classes
    assert dataset.statistics()["instances"] == instances
    assert sum(len(dataset.load_annotations(i)) for i in dataset.image_ids) == instances + (
        {"coco": 9, "coco/train": 6, "coco/val": 3}.get(path, 0)
    )
    for image_id in dataset.image_ids[:: max(1, images // 4)]:
        image, found = dataset.load_example(image_id)
        assert image.shape == (*found.size, 3)
        assert (found.class_ids != 0).all()


@pytest.mark.parametrize(("subset", "images", "instances"), [("train", 232, 8225), ("val", 54, 2177)])
def test_real_mask_files_have_the_known_counts(shared, subset, images, instances):
    dataset = load_dataset(shared / "data/nuclei", subset=subset)
    assert dataset.num_images == images
    assert sum(len(info["masks"]) for info in dataset.image_info) == instances
    for image_id in dataset.image_ids[:10]:
        image, found = dataset.load_example(image_id)
        assert image.shape == (*found.size, 3)
        assert len(found) == len(dataset.image_info[image_id]["masks"])


def test_real_folders_have_the_known_subsets(shared):
    data = shared / "data"
    assert list(find_subsets(data / "coco")) == ["train", "val"]
    assert list(find_subsets(data / "facade")) == ["train", "val"]
    assert list(find_subsets(data / "nuclei")) == ["train", "val"]
    assert find_subsets(data / "fruits_nuts") == {}
    assert load_dataset(data / "facade", subset="valid").class_names[3] == "facade"
