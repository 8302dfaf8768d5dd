"""VIA 1 and 2: exports, projects and tables give the same objects; one region attribute is the class."""

import csv
import io
import json

import numpy as np
import pytest

from mrcnn_keras.data import ShapesDataset, find_subsets, load_dataset, save_dataset
from mrcnn_keras.errors import UserError
from tests.data.formats.damage import check_damaged
from tests.data.formats.pictures import write_picture

SQUARE = {"name": "polygon", "all_points_x": [2, 8, 8, 2], "all_points_y": [3, 3, 9, 9]}
RECT = {"name": "rect", "x": 10, "y": 5, "width": 4, "height": 3}
CIRCLE = {"name": "circle", "cx": 20, "cy": 10, "r": 5}
ELLIPSE = {"name": "ellipse", "cx": 15, "cy": 10, "rx": 8, "ry": 2, "theta": np.pi / 2}
POLYLINE = {"name": "polyline", "all_points_x": [20, 25, 25, 20], "all_points_y": [1, 1, 4, 4]}
POINT = {"name": "point", "cx": 3, "cy": 4}


def regions(*shapes, **attributes):
    return [{"shape_attributes": shape, "region_attributes": attributes} for shape in shapes]


def export(**pictures):
    """VIA 2's export; keyword arguments are pictures without their suffix."""
    names = {name: f"{name}.png" for name in pictures}
    return {
        f"{names[n]}9": {"filename": names[n], "size": 9, "regions": r, "file_attributes": {}}
        for n, r in pictures.items()
    }


def project(content, **attributes):
    return {"_via_settings": {}, "_via_img_metadata": content, "_via_attributes": {"region": attributes, "file": {}}}


def table(content):
    text = io.StringIO()
    writer = csv.writer(text)
    header = ["filename", "file_size", "file_attributes", "region_count", "region_id"]
    writer.writerow([*header, "region_shape_attributes", "region_attributes"])
    for entry in content.values():
        found = entry["regions"]
        for number, region in enumerate(found):
            cells = [json.dumps(region[key]) for key in ("shape_attributes", "region_attributes")]
            writer.writerow([entry["filename"], entry["size"], "{}", len(found), number, *cells])
        if not found:
            writer.writerow([entry["filename"], entry["size"], "{}", 0, 0, "{}", "{}"])
    return text.getvalue()


def write(folder, name, content):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def names_and_areas(dataset, image_id=0):
    found = dataset.load_annotations(image_id)
    return [(dataset.class_names[i], area) for i, area in zip(found.class_ids, found.areas.tolist(), strict=True)]


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "b"):
        write_picture(tmp_path / f"{name}.png")
    return tmp_path


@pytest.mark.parametrize("kind", ["VIA 2", "VIA 1", "project", "csv", "csv of VIA 1"])
def test_all_kinds_of_files_have_the_same_objects(folder, kind):
    content = export(a=regions(SQUARE, RECT, label="cat") + regions(SQUARE, label="dog"), b=[])
    if kind == "VIA 1":
        for entry in content.values():
            entry["regions"] = {str(number): region for number, region in enumerate(entry["regions"])}
    content = {"project": project, "csv": table, "csv of VIA 1": table}.get(kind, lambda given: given)(content)
    write(
        folder, f"x.{kind[:3] if kind[:3] == 'csv' else 'json'}", f"#{content}" if kind == "csv of VIA 1" else content
    )
    dataset = load_dataset(folder)
    assert dataset.class_names == ["BG", "cat", "dog"]
    assert names_and_areas(dataset) == [("cat", 36), ("cat", 12), ("dog", 36)]
    assert names_and_areas(dataset, 1) == []
    assert dataset.load_annotations(0).boxes.tolist()[:2] == [[3, 2, 9, 8], [5, 10, 8, 14]]
    assert any("pictures without a region, read as pictures without objects: 1" in note for note in dataset.notes)
    assert dataset.image_info[0]["source"] == "via"
    assert not dataset.skipped


def test_each_shape_covers_its_pixels(folder):
    write(folder, "x.json", export(a=regions(SQUARE, CIRCLE, ELLIPSE, POLYLINE, POINT)))
    dataset = load_dataset(folder)
    assert dataset.class_names == ["BG", "object"]
    found = dataset.load_annotations(0)
    assert len(found) == 4
    rows, columns = np.mgrid[:20, :30] + 0.5
    circle = (rows - 10) ** 2 + (columns - 20) ** 2 < 25
    ellipse = ((rows - 10) / 8) ** 2 + ((columns - 15) / 2) ** 2 < 1  # turned by a quarter
    for number, expected in enumerate((circle, ellipse), start=1):
        mask = found.mask(number)
        assert (mask & expected).sum() / (mask | expected).sum() > 0.9
        assert abs(int(mask.sum()) - int(expected.sum())) <= 4
    assert found.areas[3] == 15
    assert [note for note in dataset.notes if "first in" in note] == [
        "polylines, closed to outlines: 1 (first in via image 'a.png')",
        "points and lines, which have no area, left out: 1 (first in via image 'a.png')",
    ]


def test_rectangles_alone_are_boxes_and_beside_outlines_are_outlines(folder):
    write(folder, "x.json", export(a=regions(RECT), b=regions(RECT)))
    assert not any("read as outlines" in note for note in load_dataset(folder).notes)
    write(folder, "x.json", export(a=regions(RECT), b=regions(RECT, SQUARE)))
    dataset = load_dataset(folder)
    assert "rectangles, read as outlines like the other shapes: 2 (first in via image 'a.png')" in dataset.notes
    assert names_and_areas(dataset, 1) == [("object", 12), ("object", 36)]


@pytest.mark.parametrize(
    ("attributes", "names"),
    [
        ([{}, {}], {"object"}),
        ([{"": "x"}, {"a": ""}], {"object"}),
        ([{"animal": "cat"}, {"animal": "dog"}], {"cat", "dog"}),  # the only one
        ([{"colour": "red", "Labels": "cat"}, {"colour": "blue", "Labels": "dog"}], {"cat", "dog"}),  # by its name
        ([{"name": "damage", "type": "dent"}, {"name": "damage", "type": "scratch"}], {"dent", "scratch"}),
        ([{"name": "damage", "type": ""}, {"name": "damage"}], {"damage"}),
        ([{"occluded": "yes", "species": "cat"}, {"occluded": "no", "species": "dog"}], {"cat", "dog"}),
        ([{"occluded": "yes"}, {"occluded": "no"}], {"object"}),
        ([{"class": "1"}, {"class": "0"}], {"0", "1"}),
        ([{"type": {"cat": True, "dog": False}}, {"type": {"dog": True}}], {"cat", "dog"}),  # boxes to tick
        ([{"class": 3}, {"class": " wide   cat "}], {"3", "wide cat"}),
        ([{"remark": "hm"}, {}, {}], {"object"}),
        ([{"id": str(i)} for i in range(9)], {"object"}),
    ],
)
def test_the_class_is_the_attribute_that_a_person_would_take(folder, attributes, names):
    content = [{"shape_attributes": SQUARE, "region_attributes": given} for given in attributes]
    write(folder, "x.json", export(a=content))
    dataset = load_dataset(folder)
    assert {*dataset.class_names[1:]} == names
    assert dataset.load_annotations(0).areas.tolist() == [36] * len(attributes)


def test_of_several_attributes_the_choice_is_noted_with_a_way_to_another(folder):
    write(folder, "x.json", export(a=regions(SQUARE, size="s", species="cat", colour="red")))
    dataset = load_dataset(folder)
    assert (
        "the region attribute 'species' is the class and 'colour', 'size' not used; --class-attribute NAME, or the "
        "name 'class' in VIA, chooses another" in dataset.notes
    )
    assert dataset.class_names == ["BG", "cat"]
    by_colour = load_dataset(folder, class_attribute="colour")
    assert (by_colour.class_names, by_colour.notes) == (["BG", "red"], [])
    assert load_dataset(folder, class_attribute="").class_names == ["BG", "object"]
    with pytest.raises(UserError, match="no region has the attribute 'kind', which was to be the class; they have"):
        load_dataset(folder, class_attribute="kind")


def test_a_class_attribute_is_for_via(folder, tmp_path):
    write(folder, "x.json", export(a=regions(SQUARE, size="s", species="cat")))
    save_dataset({"": ShapesDataset(2, (32, 32), 0)}, tmp_path / "coco", "coco")
    both = load_dataset([folder, tmp_path / "coco"], class_attribute="size")
    assert both.class_names == ["BG", "s", "circle", "square", "triangle"]
    with pytest.raises(
        UserError, match=r"a class attribute \('size'\) is for VIA, and these data are coco; leave it out"
    ):
        load_dataset(tmp_path / "coco", class_attribute="size")


def test_regions_without_the_class_are_left_out_and_named(folder):
    content = export(a=regions(SQUARE, RECT, SQUARE, species="cat") + regions(RECT, species=""))
    write(folder, "x.json", content)
    dataset = load_dataset(folder)
    assert len(dataset.load_annotations(0)) == 3
    assert len(dataset.skipped) == 1
    assert "region 3 of 'a.png': it has no value of 'species'" in dataset.skipped[0]
    content["a.png9"]["regions"] += regions(RECT, RECT)
    write(folder, "x.json", content)
    with pytest.raises(UserError, match="3 of 6 annotations cannot be read"):
        load_dataset(folder)


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "text", "default_value": "dog"},
        {"type": "dropdown", "options": {"cat": "", "dog": ""}, "default_options": {"dog": True}},
        {"type": "checkbox", "options": {"cat": "", "dog": ""}, "default_options": {"dog": True}},
    ],
)
def test_a_project_has_defaults(folder, definition):
    found = regions(SQUARE, species="cat") + regions(RECT)
    write(folder, "x.json", project(export(a=found + regions(SQUARE, species="cat")), species=definition))
    assert [name for name, _ in names_and_areas(load_dataset(folder))] == ["cat", "dog", "cat"]


def test_files_of_the_same_pictures_are_one_data_set(folder):
    content = export(a=regions(SQUARE, name="x"), b=regions(RECT, SQUARE, name="x"))
    write(folder, "cars.json", project(content))
    write(folder, "cars_attributes.json", {"region": {}, "file": {}})
    write(folder, "classes.json", export(a=regions(SQUARE, name="other"), b=[]))
    write(folder, "via_region_data.csv", table(content))
    write(folder, "via_region_data.json", content)
    dataset = load_dataset(folder)
    assert dataset.num_images == 2
    assert dataset.class_names == ["BG", "x"]
    passed = [note.split(" is passed over")[0] for note in dataset.notes if "passed over" in note]
    assert passed == ["cars.json", "classes.json", "via_region_data.csv"]
    assert load_dataset(folder / "classes.json").class_names == ["BG", "other"]


def test_files_of_different_pictures_are_read_together(folder):
    write_picture(folder / "c.png")
    write(folder, "ann.json", export(a=regions(SQUARE), b=regions(SQUARE)))
    write(folder, "bob.json", export(b=regions(RECT), c=regions(SQUARE, SQUARE)))
    dataset = load_dataset(folder)
    assert [len(dataset.load_annotations(i)) for i in range(3)] == [1, 1, 2]
    assert any("pictures that another file has, too, read from the first" in note for note in dataset.notes)


@pytest.mark.parametrize("layout", ["folders", "files", "below"])
def test_subsets(tmp_path, layout):
    root = tmp_path / "data" if layout == "below" else tmp_path
    for subset, label in (("train", "cat"), ("val", "dog")):
        inner = root / subset if layout != "files" else root
        write_picture(inner / f"{subset}.png")
        name = "via_region_data.json" if layout != "files" else f"via_{subset}.json"
        write(inner, name, export(**{subset: regions(SQUARE, label=label)}))
    assert list(find_subsets(tmp_path)) == ["train", "val"]
    assert load_dataset(tmp_path).num_images == 2
    for subset in ("train", "val"):
        dataset = load_dataset(tmp_path, subset=subset)
        assert dataset.num_images == 1
        assert dataset.class_names == ["BG", "cat", "dog"]


def test_annotated_folders_beside_subsets_are_not_lost(tmp_path):
    for name in ("train", "val", "extra"):
        write_picture(tmp_path / name / f"{name}.png")
        write(tmp_path / name, "x.json", export(**{name: regions(SQUARE)}))
    assert list(find_subsets(tmp_path)) == ["train", "val", "extra"]
    assert load_dataset(tmp_path).num_images == 3


def test_the_class_is_the_same_attribute_in_all_subsets(tmp_path):
    for subset, attributes in (("train", {"species": "cat", "class": "x"}), ("val", {"species": "dog", "class": "y"})):
        write_picture(tmp_path / subset / "a.png")
        write(tmp_path / subset, "x.json", export(a=regions(SQUARE, **attributes)))
    assert load_dataset(tmp_path, subset="val").class_names == ["BG", "x", "y"]


def test_a_list_of_pictures_is_read_too(folder):
    write(folder, "x.json", list(export(a=regions(SQUARE)).values()))
    assert names_and_areas(load_dataset(folder)) == [("object", 36)]


def test_missing_rows_of_a_table_are_noted(folder):
    rows = table(export(a=regions(SQUARE, RECT, CIRCLE))).splitlines(keepends=True)
    write(folder, "x.csv", "".join(rows[:2] + rows[3:]))
    notes = load_dataset(folder).notes
    assert "pictures with more or fewer rows than their region_count says: 1 (first in via image 'a.png')" in notes


def test_pictures_without_any_object_are_no_data_set(folder):
    write(folder, "x.json", export(a=[], b=[]))
    with pytest.raises(UserError, match="has 2 pictures but no object; draw some"):
        load_dataset(folder)


def test_a_value_that_is_undefined_does_not_hide_the_others(folder):
    cells = '"{""name"":""rect"",""x"":1,""y"":1,""width"":2,""height"":2}","{""name"":""cat"",""type"":undefined}"'
    write(folder, "x.csv", f"filename,file_size,region_shape_attributes,region_attributes\na.png,1,{cells}\n")
    assert names_and_areas(load_dataset(folder)) == [("cat", 4)]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({}, "it has the shape 'None'"),
        ([], "without 'shape_attributes'"),
        ({"name": ["x"]}, "it has the shape"),
        ({"name": "polygon", "all_points_x": [1], "all_points_y": [1, 2]}, "two lists of one length"),
        ({"name": "rect", "x": 1, "y": None, "width": 1, "height": 2}, "the points are"),
        ({"name": "circle", "cx": 1, "cy": 2, "r": 0}, "radii above 0"),
        ({"name": "polygon", "all_points_x": [1, 900, 5], "all_points_y": [1, 2, 3]}, "far outside"),
    ],
)
def test_damaged_regions_are_left_out_and_named(folder, shape, words):
    write(folder, "x.json", export(a=regions(SQUARE, shape)))
    dataset = load_dataset(folder)
    assert dataset.load_annotations(0).areas.tolist() == [36]
    assert len(dataset.skipped) == 1
    assert words in dataset.skipped[0]
    with pytest.raises(UserError, match="1 of 2 annotations cannot be read"):
        load_dataset(folder, skip_bad=0)


def test_damaged_pictures_are_left_out_and_each_counted(folder):
    write(folder, "x.json", {**export(a=regions(SQUARE), b=[]), "c": None, "d": None})
    with pytest.raises(UserError, match="2 of 4 pictures cannot be read.*, picture 2: it has 'None' in place"):
        load_dataset(folder)
    assert load_dataset(folder, skip_bad=0.5).num_images == 2


def test_a_folder_of_an_export_without_its_pictures_says_so(tmp_path):
    write(tmp_path, "x.json", export(a=regions(SQUARE)))
    with pytest.raises(UserError, match="picture 'a.png' of .* does not exist"):
        load_dataset(tmp_path)


def test_300_damaged_files(folder):
    content = export(a=regions(SQUARE, RECT, CIRCLE, name="cat"), b=regions(ELLIPSE, POLYLINE, POINT, name="dog"))
    definition = {"type": "dropdown", "options": {"cat": ""}, "default_options": {"cat": True}}
    pictures = {f"{name}.jpg": (folder / f"{name}.png").read_bytes() for name in "ab"}
    for number, (name, text) in enumerate(
        {
            "x.json": json.dumps(content),
            "p.json": json.dumps(project(content, name=definition)),
            "x.csv": table(content),
        }.items()
    ):
        inner = folder / str(number)
        loaded, skipped = check_damaged(
            inner, {**pictures, name: text.replace(".png", ".jpg").encode()}, "via", count=100
        )
        assert loaded > 20
        assert skipped > 5 or name == "x.csv"


def test_real_exports(shared):
    """The same pictures as in other formats, and 70 damaged cars."""
    data = shared / "data"
    dataset = load_dataset(data / "formats" / "via" / "via_region_data.csv")
    assert dataset.num_images == 4
    assert dataset.statistics()["per_class"] == {
        "bird": 2, "circle": 1, "crack": 1, "ellipse": 1, "line": 1, "rectangle": 1, "strawberry": 17, "triangle": 1,
    }  # fmt: skip
    cars = load_dataset(data / "car_damage", subset="val")
    assert cars.num_images == 8
    assert cars.statistics()["per_class"] == {"damage": 12}
    assert sum(cars.load_annotations(i).areas.sum() for i in range(8)) == 1_347_554  # skimage.draw.polygon: 1,347,652
    train = data / "car_damage" / "dataset" / "train"
    counts = {"car-damage-train.json": 152, "train_multiclass.json": 191, "via_region_data.csv": 152}
    assert {name: load_dataset(train / name).statistics()["instances"] for name in counts} == counts
    with pytest.raises(UserError, match="24631331976_defa3bb61f_k.jpg.* does not exist, nor does any of the other 3"):
        load_dataset(data / "formats" / "via1")
