"""Several datasets as one: classes by name, each picture loaded by its own."""

import json

import pytest
from PIL import Image

from mrcnn_keras.data import Dataset, ShapesDataset, StickFiguresDataset, load_dataset, merge_datasets, save_dataset
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from tests.data.small_coco import coco_content


def test_classes_of_one_name_are_one(squares):
    first = squares([(1, 0, 0, 5, 5)], [(2, 0, 0, 4, 4)])
    second = squares([(2, 2, 2, 9, 9), (1, 0, 0, 3, 3)])
    second.class_info[1]["name"] = "three"  # class 2 is "two" in both
    second.note("a finding", 0)
    merged = merge_datasets([first, second])
    assert merged.class_names == ["BG", "one", "two", "three"]
    assert [merged.load_boxes(i).class_ids.tolist() for i in merged.image_ids] == [[1], [2], [2, 3]]
    assert [merged.load_image(i)[0, 0, 0] for i in merged.image_ids] == [10, 11, 10]
    assert merged.load_mask(2)[1].tolist() == [2, 3]
    assert merged.image_name(2) == "squares image '0.png'"
    assert merged.statistics()["per_class"] == {"one": 1, "two": 2, "three": 1}
    merged.note("another", 2)
    assert "a finding: 1 (first in squares image '0.png')" in merged.notes
    assert "another: 1 (first in squares image '0.png')" in second.notes
    assert merged.subset([2, 0]).load_boxes(0).class_ids.tolist() == [2, 3]
    assert merge_datasets([first]) is first


def test_load_dataset_takes_several_paths(tmp_path):
    save_dataset({"train": ShapesDataset(3, (32, 32), 0), "val": ShapesDataset(2, (32, 32), 1)}, tmp_path / "a", "coco")
    save_dataset({"": ShapesDataset(2, (32, 32), 2)}, tmp_path / "b", "labels")
    both = load_dataset([tmp_path / "a", tmp_path / "b"])
    assert both.num_images == 7
    assert both.class_names == ["BG", "circle", "square", "triangle", "object"]
    with pytest.raises(UserError, match="at least one"):
        load_dataset([])


def test_a_picture_in_two_datasets_is_noted_and_not_split(make_coco, tmp_path):
    content = coco_content()
    content["images"] = [{**content["images"][0], "id": i, "file_name": f"{i}.png"} for i in range(4)]
    content["annotations"] = []
    path = make_coco(content)
    for i in range(4):
        Image.new("L", (8, 6), 50 * i).save(tmp_path / f"{i}.png")
    (tmp_path / "again.json").write_text(json.dumps(content))
    both = load_dataset([path, tmp_path / "again.json"])
    note = "pictures whose file was listed before under another id; both are used: 4 (first in coco image '0.png')"
    assert both.notes == both.contradictions == [note]
    parts = [{info["path"] for info in part.image_info} for part in both.split(0.5)]
    assert [len(paths) for paths in parts] == [2, 2]
    assert not parts[0] & parts[1]


def test_keypoints_go_with_data_without_but_not_with_others(squares):
    figures = StickFiguresDataset(2, (64, 64), 0)
    merged = merge_datasets([figures, squares([(1, 0, 0, 5, 5)])])
    assert merged.load_example(0)[1].keypoints.shape[1:] == (len(figures.keypoint_layout), 3)
    assert not merged.load_example(2)[1].keypoints.any()
    other = squares([])
    other.set_keypoints(["nose"])
    with pytest.raises(UserError, match="different keypoints"):
        merge_datasets([figures, other])


def test_boxes_of_one_stay_without_masks_beside_masks_of_the_other(squares):
    class Boxes(Dataset):
        def load_annotations(self, image_id):
            return Detections((20, 30), [[1, 2, 3, 4]], [1])

        def has_masks(self):
            return False

    boxes = Boxes()
    boxes.add_class("boxes", 1, "one")
    boxes.add_image("boxes", 0, None)
    merged = merge_datasets([squares([(1, 0, 0, 5, 5)]), boxes])
    assert merged.load_annotations(1).has_mask.tolist() == [False]
    assert merged.load_annotations(0).has_mask.tolist() == [True]
    assert merge_datasets([boxes, boxes]).load_annotations(1).mask_crops is None
