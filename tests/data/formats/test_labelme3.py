"""LabelMe 3's XML: polygons, boxes, masks in files, deleted objects and parts."""

import numpy as np
import pytest

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.errors import UserError
from tests.data.formats.damage import check_damaged
from tests.data.formats.pictures import png, write_picture

SQUARE = [(2, 3), (8, 3), (8, 9), (2, 9)]
OTHER = [(12, 3), (16, 3), (16, 7), (12, 7)]


def thing(points=(), name="cat", number=0, part_of="", more=""):
    outline = "".join(f"<pt>\n<x>{x}</x><y>\n{y}\n</y></pt>" for x, y in points)
    outline = f"<polygon><username>me</username>{outline}</polygon>" if points else ""
    parts = f"<parts><hasparts></hasparts><ispartof>{part_of}</ispartof></parts>"
    return f"<object><name>\n{name}\n</name><deleted>0</deleted><id>{number}</id>{parts}{outline}{more}</object>"


def mask(file, name="cat", number=0):
    return thing(name=name, number=number, more=f"<segm><mask>{file}</mask><box><xmin>0</xmin></box></segm>")


def document(*objects, image="a.png", size="<imagesize><nrows>20</nrows><ncols>30</ncols></imagesize>"):
    source = "<source><sourceAnnotation>LabelMe Webtool</sourceAnnotation></source>"
    return f"<annotation><filename>{image}</filename><folder>x</folder>{source}{size}{''.join(objects)}</annotation>"


def write(path, *objects, **more):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document(*objects, **more), encoding="utf-8")


def masks(dataset, image_id=0):
    found = dataset.load_annotations(image_id)
    names = [dataset.class_names[i] for i in found.class_ids]
    return list(zip(names, found.areas.tolist(), strict=True))


@pytest.fixture
def folder(tmp_path):
    write_picture(tmp_path / "a.png")
    return tmp_path


def test_polygons_boxes_and_masks(folder):
    box = thing([(2, 3), (4, 3), (4, 5), (2, 5)], "dog", 1, more="<type>bounding_box</type>")
    begun_as_box = mask("a_mask_2.png", "owl", 2).replace("<segm>", "<type>bounding_box</type><segm>")
    write(folder / "a.xml", thing(SQUARE), box, begun_as_box)
    (folder / "Masks").mkdir()
    ring = np.zeros((20, 30), bool)
    ring[5:10, 6:12] = True
    ring[7, 8] = False
    (folder / "Masks" / "a_mask_2.png").write_bytes(png(ring))
    for place in (folder, folder / "a.xml"):
        dataset = load_dataset(place)
        assert masks(dataset) == [("cat", 36), ("dog", 4), ("owl", 29)]
        assert (dataset.load_annotations(0).mask(2) == ring).all()
        assert "rectangles, read as outlines like the other shapes: 1 (first in labelme3 image 'a.png')" in (
            dataset.notes
        )


def test_deleted_objects_are_left_out_and_counted(folder):
    gone = thing(SQUARE, "gone", 1).replace("<deleted>0", "<deleted>1")
    write(folder / "a.xml", thing(SQUARE, number=""), gone, thing(SQUARE[:2]), thing(OTHER, number=""))
    dataset = load_dataset(folder)
    assert masks(dataset) == [("cat", 36), ("cat", 16)]
    assert dataset.class_names == ["BG", "cat"]
    assert [note.split(" (")[0] for note in dataset.notes] == [
        "objects that were deleted in LabelMe, left out: 1",
        "outlines of fewer than three points, left out: 1",
    ]


def test_parts_of_one_name_are_one_object(folder):
    part = [(20, 3), (22, 3), (22, 5), (20, 5)]
    write(
        folder / "a.xml",
        thing(OTHER, "cat", 1, part_of="0"),  # before the whole
        thing(SQUARE, "cat", 0),
        thing(part, "cat", 2, part_of="0"),
        thing(part, "ear", 3, part_of="0"),
        thing(OTHER, "ear", 4, part_of="0"),
    )
    assert masks(load_dataset(folder)) == [("cat", 36 + 16 + 4), ("ear", 4), ("ear", 16)]


def test_the_folders_of_the_tool(tmp_path):
    write_picture(tmp_path / "Images" / "users" / "me" / "a.png")
    write(tmp_path / "Annotations" / "users" / "me" / "a.xml", thing(SQUARE), mask("m.png"))
    (tmp_path / "Masks" / "users" / "me").mkdir(parents=True)
    (tmp_path / "Masks" / "users" / "me" / "m.png").write_bytes(png(np.ones((20, 30), bool)))
    for place in (tmp_path, tmp_path / "Annotations"):
        assert masks(load_dataset(place)) == [("cat", 36), ("cat", 600)]


def test_subsets_and_pictures_without_objects_or_size(tmp_path):
    for subset in ("train", "val"):
        write_picture(tmp_path / subset / "a.png")
        write(tmp_path / subset / "a.xml", *([thing(SQUARE)] if subset == "train" else []), size="")
    assert list(find_subsets(tmp_path)) == ["train", "val"]
    dataset = load_dataset(tmp_path)
    assert [masks(dataset, i) for i in range(2)] == [[("cat", 36)], []]
    assert dataset.image_info[0]["height"] == 20


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (thing(name=""), "the class is ''"),
        (thing(), "neither <polygon> nor <segm>"),
        (mask("b.png"), "mask 'b.png' is not in a folder Masks"),
        (mask("../../b.png"), "is not in a folder Masks"),
        (mask("small.png"), "is 2 x 3 pixels but the picture is 20 x 30"),
        (thing([(1, 2), ("x", 3), (4, 5)]), "the points are"),
        (thing([(1, 2), (1e9, 3), (4, 5)]), "far outside"),
    ],
)
def test_damaged_objects_are_left_out_and_named(folder, entry, words):
    write(folder / "a.xml", thing(SQUARE), entry)
    (folder / "Masks").mkdir()
    (folder / "Masks" / "small.png").write_bytes(png(np.ones((2, 3), bool)))
    assert masks(load_dataset(folder)) == [("cat", 36)]
    with pytest.raises(UserError, match=words):
        load_dataset(folder, skip_bad=0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!DOCTYPE x [<!ENTITY a 'aaaa'>]>" + document(thing(SQUARE)), "declares a document type or entities"),
        (document(thing(SQUARE))[:-5], "is not XML"),
        (document(thing(SQUARE), image=""), "has no <annotation> with a <filename>"),
        ("<?xml version='1.0' encoding='x'?>" + document(), "is not XML"),
    ],
)
def test_damaged_files_are_left_out_and_named(folder, text, words):
    write(folder / "a.xml", thing(SQUARE))
    (folder / "b.xml").write_text(text)
    dataset = load_dataset(folder)
    assert dataset.num_images == 1
    assert len(dataset.skipped) == 1
    with pytest.raises(UserError, match=words):
        load_dataset(folder, skip_bad=0)


def test_entities_in_utf_16_are_refused(folder):
    text = "<?xml version='1.0' encoding='utf-16'?><!DOCTYPE a [<!ENTITY a 'b'>]>" + document(thing(SQUARE))
    (folder / "a.xml").write_bytes(text.encode("utf-16"))
    with pytest.raises(UserError):
        load_dataset(folder, format="labelme3")


def test_300_damaged_files(tmp_path):
    box = thing(SQUARE, "dog", 1, part_of="0", more="<type>bounding_box</type>")
    files = {
        "a.xml": document(
            thing(SQUARE), box, thing(OTHER, number=2, part_of="0"), mask("m.png"), image="a.jpg"
        ).encode(),
        "b.xml": document(thing(OTHER), image="b.jpg").encode(),
        "a.jpg": png(np.zeros((20, 30), bool)),
        "b.jpg": png(np.zeros((20, 30), bool)),
        "Masks/m.png": png(np.eye(20, 30, dtype=bool)),
    }
    loaded, skipped = check_damaged(tmp_path, files, "labelme3")
    assert loaded > 100
    assert skipped > 50


def test_real_files_have_the_objects_and_pixels_of_the_same_pictures_in_coco(shared):
    formats = shared / "data" / "formats"
    dataset, coco = load_dataset(formats / "labelme3.0"), load_dataset(formats / "coco1.0")
    assert dataset.num_images == 4
    names = [str(info["path"]).rpartition("/")[2] for info in dataset.image_info]
    for number, info in enumerate(coco.image_info):
        ours = dataset.load_annotations(names.index(str(info["path"]).rpartition("/")[2]))
        theirs = coco.load_annotations(number)
        assert len(ours) == len(theirs)
        if not len(theirs) or theirs.mask_crops is None or None in theirs.mask_crops:
            continue  # boxes in CVAT's COCO
        assert sorted(ours.areas.tolist()) == sorted(theirs.areas.tolist())
