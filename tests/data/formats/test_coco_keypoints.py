"""Keypoints of COCO files."""

import json
import re

import numpy as np
import pytest

from mrcnn_keras.coco import KEYPOINT_FLIP_PAIRS, KEYPOINT_NAMES, KEYPOINT_SIGMAS, KEYPOINT_SKELETON
from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.data.formats import coco
from mrcnn_keras.errors import UserError
from tests.data.small_coco import coco_content


def content(**category):
    """The small file of 6 x 8 pixels; its triangles have a left and a right end, the first one annotated."""
    content = coco_content()
    meaning = {"keypoints": ["left_end", "right_end", "top"], "skeleton": [[1, 3], [3, 2]]}
    content["categories"][1] |= {**meaning, **category}
    content["annotations"][1] |= {"keypoints": [5, 0, 2, 7, 3, 1, 0, 0, 0], "num_keypoints": 2}
    return content


def test_coco_keypoints_become_pixel_centres(make_coco):
    data = load_dataset(make_coco(content()))
    layout = data.keypoint_layout
    assert layout.names == ("left_end", "right_end", "top")
    assert layout.skeleton == ((0, 2), (2, 1))
    assert layout.flip_pairs == ((0, 1),)
    nothing = [[0, 0, 0]] * 3
    points = [nothing, [[0.5, 5.5, 2], [3.5, 7.5, 1], [0, 0, 0]], nothing]  # the square has none, the crowd neither
    assert data.load_annotations(0).keypoints.tolist() == points
    assert data.load_boxes(0).keypoints.tolist() == points
    assert data.load_keypoints(0).tolist() == points
    assert data.notes == []


def test_coco_files_without_keypoints_have_no_layout(make_coco):
    data = load_dataset(make_coco(coco_content()))
    assert data.keypoint_layout is None
    assert data.load_annotations(0).keypoints is None


def test_keypoints_without_names_are_left_out_and_noted(make_coco):
    named = coco_content()
    named["annotations"][0]["keypoints"] = [1, 1, 2]
    named["annotations"][1]["keypoints"] = []
    data = load_dataset(make_coco(named))
    assert data.keypoint_layout is None
    note = "keypoints left out, since their category does not name its keypoints: 1 (first in coco image 'a.png')"
    assert data.notes == [note]


def test_coco_keypoints_outside_the_picture_are_not_annotated(make_coco):
    outside = content()
    outside["annotations"][1]["keypoints"] = [8, 0, 2, 7, -1, 1, 7, 5, 2]
    data = load_dataset(make_coco(outside))
    assert data.load_annotations(0).keypoints[1].tolist() == [[0, 0, 0], [0, 0, 0], [5.5, 7.5, 2]]
    assert "outside the picture, read as not annotated: 1" in data.notes[0]


MISTAKES = {
    "names that are numbers": (lambda c: c["categories"][1].update(keypoints=[1, 2, 3]), "write a list of names"),
    "a name as names": (lambda c: c["categories"][1].update(keypoints="top"), "'triangle' with keypoints top; write"),
    "equal names": (lambda c: c["categories"][1].update(keypoints=["a", "b", "a"]), "two keypoints 'a'"),
    "two kinds": (
        lambda c: c["categories"][0].update(keypoints=["corner"]),
        r"category 'triangle' has other keypoints \(3: 'left_end', ...\) than 'square' \(1: 'corner', ...\)",
    ),
}
BAD_ENTRIES = {
    "too few numbers": ([5, 0, 2], "with 1 keypoint, where its category names 3; name as many"),
    "words": (["a"] * 9, "annotation 2 of 'a.png' with keypoints"),
    "no number": ([float("nan"), 0, 1] * 3, "with keypoints"),
    "an object": ({"top": [1, 2, 2]}, "with keypoints"),
    "a visibility of 3": ([5, 0, 3] * 3, r"v 0 \(not annotated\)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_in_names_of_keypoints_are_refused_on_loading(make_coco, mistake):
    change, words = MISTAKES[mistake]
    changed = content()
    change(changed)
    with pytest.raises(UserError, match=words) as error:
        load_dataset(make_coco(changed))
    assert "annotations.json" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("mistake", BAD_ENTRIES)
def test_an_annotation_with_bad_keypoints_is_left_out(make_coco, mistake):
    values, words = BAD_ENTRIES[mistake]
    changed = content()
    changed["annotations"][1]["keypoints"] = values
    path = make_coco(changed)
    dataset = load_dataset(path)
    assert dataset.load_annotations(0).class_ids.tolist() == [1, -2]
    assert re.search(words, dataset.skipped[0])
    with pytest.raises(UserError, match=words):
        load_dataset(path, skip_bad=0)


@pytest.mark.parametrize(
    ("skeleton", "lines", "words"),
    [
        ([[0, 1], [1, 2]], ((0, 1), (1, 2)), "'triangle': the skeleton counts from 0, and is read so"),
        ([[1, 2], [2, 5]], ((0, 1),), "'triangle': 1 of the skeleton's 2 lines do not join two of its 3 keypoints"),
        ([[1, 2], [0, 3]], ((0, 1),), "1 of the skeleton's 2 lines"),
        ([["left_end", "top"]], ((0, 2),), None),
        ([[1.0, "3"]], ((0, 2),), None),
        ([["a", "b"], [1, 1], [1], 7, None, [[1, 2], [2, 3]]], (), "6 of the skeleton's 6 lines"),
        ("a-b", (), "1 of the skeleton's 1 lines"),
        (None, (), None),
    ],
)
def test_a_skeleton_is_for_drawing_and_never_refused(make_coco, skeleton, lines, words):
    data = load_dataset(make_coco(content(skeleton=skeleton)))
    assert data.keypoint_layout.skeleton == lines
    assert [words in note for note in data.notes] == ([True] if words else [])
    assert data.load_keypoints(0)[1].tolist() == [[0.5, 5.5, 2], [3.5, 7.5, 1], [0, 0, 0]]


def test_keypoints_may_be_a_list_of_points(make_coco):
    nested = content()
    nested["annotations"][1]["keypoints"] = [[5, 0, 2], [7, 3, 1], [0, 0, 0]]
    data = load_dataset(make_coco(nested))
    assert data.load_keypoints(0)[1].tolist() == [[0.5, 5.5, 2], [3.5, 7.5, 1], [0, 0, 0]]
    assert (data.notes, data.skipped) == ([], [])


def test_keypoints_alone_have_the_rectangle_around_them_as_box(make_coco):
    alone = content()
    alone["annotations"][1] |= {"keypoints": [5, 0, 2, 7, 3, 1, 0, 0, 0], "segmentation": []}
    data = load_dataset(make_coco(alone))
    assert data.load_annotations(0).boxes[1].tolist() == [0, 5, 4, 8]
    assert "annotations of keypoints alone, the rectangle around them used as box: 1" in data.notes[1]
    alone["annotations"][1]["keypoints"] = [0] * 9
    assert "neither segmentation nor bbox" in load_dataset(make_coco(alone)).skipped[0]


def test_categories_with_the_same_keypoints_share_their_skeleton(make_coco):
    both = content()
    both["categories"][0]["keypoints"] = ["left_end", "right_end", "top"]
    data = load_dataset(make_coco(both))
    assert data.keypoint_layout.skeleton == ((0, 2), (2, 1))


def test_to_coco_writes_keypoints_that_load_again(make_coco, tmp_path):
    first = load_dataset(make_coco(content()))
    written = coco.to_coco(first)
    assert written["categories"][1]["skeleton"] == [[1, 3], [3, 2]]
    assert written["annotations"][1]["keypoints"] == [5, 0, 2, 7, 3, 1, 0, 0, 0]
    assert [entry["num_keypoints"] for entry in written["annotations"]] == [0, 2, 0]
    (tmp_path / "again.json").write_text(json.dumps(written))
    again = load_dataset(tmp_path / "again.json")
    assert again.keypoint_layout == first.keypoint_layout
    np.testing.assert_array_equal(again.load_keypoints(0), first.load_keypoints(0))


def test_instance_file_notes_the_keypoint_file_beside_it(make_coco, tmp_path):
    make_coco(coco_content(), "annotations/instances_val2017.json")
    make_coco(content(), "annotations/person_keypoints_val2017.json")
    (tmp_path / "val2017").mkdir()
    (tmp_path / "annotations" / "a.png").rename(tmp_path / "val2017" / "a.png")
    data = load_dataset(tmp_path)
    assert data.keypoint_layout is None
    assert data.notes[0].startswith("person_keypoints_val2017.json beside instances_val2017.json has keypoints")
    named = tmp_path / "annotations" / "person_keypoints_val2017.json"
    for data in (load_dataset(named), load_dataset(tmp_path, "coco_keypoints", subset="val")):
        assert len(data.keypoint_layout) == 3
        assert data.notes == []
    assert load_dataset(tmp_path / "val2017", "coco_keypoints").num_images == 1


def test_coco_person_keypoints(shared):
    folder = shared / "data" / "coco"
    train = load_dataset(folder, format="coco_keypoints", subset="train")
    assert train.keypoint_layout.names == KEYPOINT_NAMES
    assert train.keypoint_layout.flip_pairs == KEYPOINT_FLIP_PAIRS
    assert train.keypoint_layout.sigmas == KEYPOINT_SIGMAS
    assert set(train.keypoint_layout.skeleton) == set(KEYPOINT_SKELETON)
    assert list(find_subsets(folder, "coco_keypoints")) == ["train", "val"]
    points = np.concatenate([train.load_example(i)[1].keypoints for i in train.image_ids])
    assert points.shape == (65, 17, 3)
    assert np.bincount(points[..., 2].astype(int).ravel()).tolist() == [798, 39, 268]
