"""Dataset: the names of Matterport's package, and the methods that are new."""

import numpy as np
import pytest

from mrcnn_keras.data import Dataset
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError


class Balloons(Dataset):
    """Written as for Matterport's package: two sources, load_mask reads image_info."""

    def load_balloons(self):
        self.add_class("balloon", 1, "balloon")
        self.add_class("coco", 3, "car")
        self.add_class("balloon", 1, "balloon")
        self.add_image("balloon", image_id="a.jpg", path="photos/a.jpg", width=8, height=6, masks=2)
        self.add_image("coco", image_id=17, path="photos/b.jpg", width=8, height=6, masks=0)

    def load_image(self, image_id):
        return np.zeros((6, 8, 3), np.uint8)

    def load_mask(self, image_id):
        info = self.image_info[image_id]
        if info["source"] != "balloon":
            return np.zeros((0, 0, 0)), np.zeros(0, np.int32)
        masks = np.zeros((6, 8, info["masks"]), np.uint8)
        masks[1:3, 2:5, 0] = 1
        masks[4:, 7:, -1] = 1
        return masks, [self.map_source_class_id("balloon.1"), -self.map_source_class_id("coco.3")]


@pytest.fixture
def balloons():
    dataset = Balloons()
    dataset.load_balloons()
    dataset.prepare()
    return dataset


def test_dataset_has_the_names_of_matterports_package(balloons):
    assert balloons.num_classes == 3
    assert balloons.class_names == ["BG", "balloon", "car"]
    assert balloons.class_ids.tolist() == [0, 1, 2]
    assert balloons.class_info[0] == {"source": "", "id": 0, "name": "BG"}
    assert balloons.num_images == 2
    assert balloons.image_ids.tolist() == [0, 1]
    assert balloons.image_info[0]["width"] == 8
    assert balloons.sources == ["", "balloon", "coco"]
    assert balloons.source_class_ids == {"": [0], "balloon": [0, 1], "coco": [0, 2]}
    assert balloons.map_source_class_id("coco.3") == 2
    assert balloons.get_source_class_id(2, "coco") == 3
    assert balloons.image_from_source_map == {"balloon.a.jpg": 0, "coco.17": 1}
    assert balloons.source_image_link(1) == "photos/b.jpg"
    assert balloons.image_reference(1) == "photos/b.jpg"
    assert balloons.category_ids == [0, 1, 3]
    assert balloons.image_name(0) == "balloon image 'a.jpg'"


def test_dataset_refuses_wrong_classes(balloons):
    with pytest.raises(UserError, match=r"'coco\.4' was not added; the classes are balloon\.1, coco\.3"):
        balloons.map_source_class_id("coco.4")
    with pytest.raises(UserError, match="class 2 .'car'. is of source 'coco', not 'balloon'"):
        balloons.get_source_class_id(2, "balloon")
    with pytest.raises(UserError, match="'my.photos' contains a dot"):
        balloons.add_class("my.photos", 1, "x")
    with pytest.raises(UserError, match="has no picture; call add_image"):
        Dataset().prepare()


def test_load_annotations_comes_from_load_mask(balloons):
    found = balloons.load_annotations(0)
    assert found.size == (6, 8)
    assert found.boxes.tolist() == [[1, 2, 3, 5], [4, 7, 6, 8]]
    assert found.class_ids.tolist() == [1, -2]
    assert found.scores is None
    assert (found.masks == balloons.load_mask(0)[0]).all()
    nothing = balloons.load_annotations(1)
    assert (len(nothing), nothing.size) == (0, (6, 8))
    image, found = balloons.load_example(0)
    assert (image.shape, len(found)) == ((6, 8, 3), 2)


def test_empty_mask_is_left_out_and_noted_once(squares):
    dataset = squares([(1, 0, 0, 2, 2)], [(1, 0, 0, 5, 5), (2, 3, 3, 3, 9), (2, 1, 1, 1, 1)])
    for _ in range(2):
        assert dataset.load_annotations(1).class_ids.tolist() == [1]
    assert dataset.notes == ["objects without a pixel inside the picture, left out: 2 (first in squares image '1.png')"]


@pytest.mark.parametrize(
    ("masks", "class_ids", "words"),
    [
        (np.ones((40, 60, 3)), [1, 2], "3 masks but 2 class ids; return one id per mask"),
        (np.ones((40, 60)), [1], r"masks of shape \(40, 60\); return \[height, width, N\]"),
        (np.ones((40, 60, 1)), [3], "class id 3 but the dataset has the classes 1 to 2"),
        (np.ones((40, 60, 1)), [0], "class id 0 but"),
        (np.ones((40, 60, 1)), [-3], "class id -3 but"),
    ],
)
def test_wrong_masks_from_load_mask_are_refused(squares, masks, class_ids, words):
    dataset = squares([])
    dataset.load_mask = lambda image_id: (masks, np.array(class_ids))
    with pytest.raises(UserError, match="squares image '0.png': load_mask gave " + words):
        dataset.load_annotations(0)


def test_load_example_refuses_masks_of_another_size(squares):
    dataset = squares([(1, 0, 0, 5, 5)])
    dataset.load_image = lambda image_id: np.zeros((60, 40, 3), np.uint8)
    with pytest.raises(UserError, match=r"is 60 x 40 pixels but its masks are 40 x 60"):
        dataset.load_example(0)


def test_dataset_without_load_mask_or_path_says_so():
    dataset = Dataset()
    dataset.add_image("mine", "x", path=None)
    with pytest.raises(UserError, match="mine image 'x' has no annotations, since .* does not implement load_mask"):
        dataset.load_mask(0)
    with pytest.raises(UserError, match="mine image 'x' has no annotations"):
        dataset.load_annotations(0)
    with pytest.raises(UserError, match="mine image 'x' has no file"):
        dataset.load_image(0)


class BoxesOnly(Balloons):
    def load_annotations(self, image_id):
        return Detections((6, 8), [[1, 2, 3, 5]], [1])

    def load_mask(self, image_id):
        return Dataset.load_mask(self, image_id)


def test_dataset_with_boxes_only():
    dataset = BoxesOnly()
    dataset.load_balloons()
    assert len(dataset.load_example(0)[1]) == 1
    with pytest.raises(UserError, match="has boxes but no masks"):
        dataset.load_mask(0)
    assert dataset.statistics()["instances"] == 2


def test_subset_is_a_view_with_its_own_ids(squares):
    dataset = squares([], [(1, 0, 0, 5, 5)], [(2, 1, 1, 4, 4)], [(2, 5, 5, 5, 5)])
    view = dataset.subset([3, 2])
    assert view.num_images == 2
    assert view.class_names == dataset.class_names
    assert view.map_source_class_id("squares.2") == 2
    assert view.image_name(1) == "squares image '2.png'"
    assert view.image_reference(1) == "2.png"
    assert view.load_image(1).max() == 12
    assert view.load_annotations(1).boxes.tolist() == [[1, 1, 4, 4]]
    assert view.load_mask(1)[1].tolist() == [2]
    assert len(view.load_annotations(0)) == 0
    assert (
        view.notes
        == dataset.notes
        == ["objects without a pixel inside the picture, left out: 1 (first in squares image '3.png')"]
    )
    assert view.subset([1]).image_name(0) == "squares image '2.png'"
    assert dataset.subset([]).num_images == 0
    with pytest.raises(UserError, match="image id 4 is not one of 0 to 3"):
        dataset.subset([4])


def test_split_is_disjoint_and_repeatable(squares):
    dataset = squares(*[[]] * 10)
    train, val = dataset.split(0.3, seed=5)
    names = [sorted(part.image_name(i) for i in part.image_ids) for part in (train, val)]
    assert [len(part) for part in names] == [7, 3]
    assert len({*names[0], *names[1]}) == 10
    assert [info["id"] for info in dataset.split(0.3, seed=5)[1].image_info] == [i["id"] for i in val.image_info]
    assert [info["id"] for info in dataset.split(0.3, seed=6)[1].image_info] != [i["id"] for i in val.image_info]
    assert [part.num_images for part in dataset.split(0.001)] == [9, 1]
    assert [part.num_images for part in dataset.split(0.999)] == [1, 9]
    for wrong in (0, 1, -0.5, 20):
        with pytest.raises(UserError, match="validation share"):
            dataset.split(wrong)
    with pytest.raises(UserError, match="1 picture cannot be split"):
        squares([]).split()


def test_statistics_by_hand(squares):
    dataset = squares([(1, 0, 0, 10, 10), (1, 0, 0, 20, 20), (-2, 0, 0, 40, 60)], [(2, 0, 0, 30, 30)], [])
    assert dataset.statistics() == {
        "images": 3,
        "images_without_objects": 1,
        "instances": 3,
        "crowds": 1,
        "per_class": {"one": 2, "two": 1},
        "width": [60, 60, 60],
        "height": [40, 40, 40],
        "object_side": [11, 20, 29],
        "relative_side": pytest.approx([11 / 2400**0.5, 20 / 2400**0.5, 29 / 2400**0.5]),
        "max_instances": 3,
    }


def test_statistics_of_an_empty_dataset(squares):
    empty = squares([]).statistics()
    assert (empty["instances"], empty["object_side"], empty["max_instances"]) == (0, [], 0)
    assert squares([]).subset([]).statistics()["width"] == []
