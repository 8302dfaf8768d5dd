"""Supervisely: polygons with holes, bitmaps, rectangles; pixels are counted, not their corners."""

import base64
import json
import zlib

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import find_subsets, load_dataset
from mrcnn_keras.errors import UserError
from tests.data.formats.damage import check_damaged
from tests.data.formats.pictures import png, write_picture

SQUARE = [[2, 3], [8, 3], [8, 9], [2, 9]]
INNER = [[4, 5], [6, 5], [6, 7], [4, 7]]
META = {"classes": [{"title": "cat", "shape": "any"}, {"title": "tip", "shape": "point"}], "tags": []}


def thing(exterior=(), kind="polygon", interior=(), title="cat", **more):
    points = {"exterior": [list(point) for point in exterior], "interior": list(interior)}
    return {"id": 1, "classTitle": title, "geometryType": kind, "points": points, "tags": [], **more}


def bitmap(pixels, origin, kind="bitmap", **more):
    data = base64.b64encode(zlib.compress(png(pixels))).decode()
    return {"classTitle": "cat", "geometryType": kind, kind: {"data": data, "origin": origin}, **more}


def content(*objects):
    return {"description": "", "tags": [], "size": {"height": 20, "width": 30}, "objects": list(objects)}


def write(folder, *objects, name="a.png", suffix=".json"):
    """One picture of a data set `folder`."""
    write_picture(folder / "img" / name)
    (folder / "ann").mkdir(exist_ok=True)
    (folder / "ann" / f"{name}{suffix}").write_text(json.dumps(content(*objects)))


def masks(dataset, image_id=0):
    found = dataset.load_annotations(image_id)
    names = [dataset.class_names[i] for i in found.class_ids]
    return list(zip(names, found.areas.tolist(), strict=True))


@pytest.fixture
def project(tmp_path):
    (tmp_path / "meta.json").write_text(json.dumps(META))
    return tmp_path


def test_polygons_keep_their_holes_and_rectangles_their_last_row(project):
    lines = [thing([[1, 1], [2, 2]], kind, title="tip") for kind in ("point", "line", "graph")]
    rectangle = thing([[9, 12], [5, 10]], "rectangle", title="dog")
    write(project / "ds0", thing(SQUARE, interior=[INNER]), rectangle, *lines, thing(SQUARE[:2]))
    for place in (project, project / "ds0", project / "ds0" / "ann" / "a.png.json"):
        dataset = load_dataset(place)
        assert dataset.class_names == ["BG", "cat", "dog"]
        assert masks(dataset) == [("cat", 36 - 4), ("dog", 5 * 3)]
        found = dataset.load_annotations(0)
        assert found.boxes[1].tolist() == [10, 5, 13, 10]
        assert not found.mask(0)[6:7, 5:6].any()
        assert "points and lines, which have no area, left out: 3 (first in supervisely image 'a.png')" in dataset.notes
        assert "outlines of fewer than three points, left out: 1" in " ".join(dataset.notes)


def test_bitmaps_in_all_their_spellings(project):
    ring = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], bool)
    rgba = np.zeros((3, 3, 4), np.uint8)
    rgba[ring] = 255
    palette = Image.fromarray(ring.astype(np.uint8)).convert("L")
    palette.putpalette([0, 0, 0, 255, 255, 255])
    palette.save(project / "p.png", transparency=0)
    stored = bitmap(ring, [6, 4])
    stored["bitmap"]["data"] = base64.b64encode(zlib.compress((project / "p.png").read_bytes())).decode()
    old = bitmap(ring, [6, 4])
    del old["geometryType"]
    grey = ring.astype(np.uint8) * 200
    write(project / "ds0", *(bitmap(kind, [6, 4]) for kind in (ring, rgba, grey)), stored, old)
    dataset = load_dataset(project)
    for number in range(5):
        mask = dataset.load_annotations(0).mask(number)
        assert (mask[4:7, 6:9] == ring).all()
        assert mask.sum() == 8


def test_polygons_in_several_parts(project):
    parts = [{"exterior": SQUARE, "interior": [INNER]}, {"exterior": [[12, 3], [16, 3], [16, 7], [12, 7]]}]
    write(project / "ds0", {"classTitle": "cat", "geometryType": "multipolygon", "parts": parts})
    assert masks(load_dataset(project)) == [("cat", 36 - 4 + 16)]


def test_pictures_may_lie_in_a_folder_images(tmp_path):
    write(tmp_path / "ds0", thing(SQUARE))
    (tmp_path / "ds0" / "img").rename(tmp_path / "ds0" / "images")
    assert load_dataset(tmp_path).image_info[0]["path"].endswith("ds0/images/a.png")


def test_subsets_and_other_names_of_data_sets(project):
    for name in ("train", "val"):
        write(project / name, thing(SQUARE))
    assert list(find_subsets(project)) == ["train", "val"]
    assert load_dataset(project, subset="val").class_names == ["BG", "cat"]
    write(project / "more" / "datasets" / "inner", thing(INNER), name="b.png")
    assert load_dataset(project / "more").num_images == 1
    assert list(find_subsets(project)) == ["train", "val", "more"]


def test_data_sets_are_read_together_and_annotations_may_lack_the_suffix(project):
    write(project / "ds0", thing(SQUARE))
    write(project / "ds1", name="b.jpg")
    (project / "ds1" / "ann" / "b.jpg.json").rename(project / "ds1" / "ann" / "b.json")
    dataset = load_dataset(project)
    assert [masks(dataset, i) for i in range(2)] == [[("cat", 36)], []]
    assert dataset.image_info[1]["path"].endswith("ds1/img/b.jpg")
    (project / "ds1" / "img" / "b.jpg").unlink()
    dataset = load_dataset(project)
    assert len(dataset.skipped) == 1
    assert "does not exist" in dataset.skipped[0]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (None, "it is 'None'"),
        (thing(SQUARE, title=None), "the class is 'None'"),
        ({"classTitle": "cat", "geometryType": "cloud"}, "geometryType 'cloud', which is not read"),
        (thing(SQUARE[:1], "rectangle"), "a rectangle of 1 points"),
        (thing([[1, 2], [3, None], [4, 5]]), "the points are"),
        (bitmap(np.ones((2, 2), bool), [29, 3]), "covers the rows 3 to 5 and the columns 29 to 31"),
        (bitmap(np.ones((21, 2), bool), [0, 0]), "is 21 x 2 pixels but its picture is 20 x 30"),
        (bitmap(np.ones((2, 2), bool), [0.5, 0]), "has the origin"),
        (bitmap(np.ones((2, 2), bool), None), "the points are"),
        ({**bitmap(np.ones((2, 2), bool), [0, 0]), "bitmap": {"data": "AAAA", "origin": [0, 0]}}, "is damaged"),
        ({**bitmap(np.ones((2, 2), bool), [0, 0]), "bitmap": {"data": None}}, "not a picture in base64"),
    ],
)
def test_damaged_objects_are_left_out_and_named(project, entry, words):
    write(project / "ds0", thing(SQUARE), entry)
    dataset = load_dataset(project)
    assert masks(dataset) == [("cat", 36)]
    with pytest.raises(UserError, match=words):
        load_dataset(project, skip_bad=0)


def test_a_bitmap_that_grows_without_end_is_refused_unread(project):
    bomb = base64.b64encode(zlib.compress(bytes(100_000_000), 9)).decode()
    write(project / "ds0", thing(SQUARE), {**thing(), "bitmap": {"data": bomb, "origin": [0, 0]}})
    with pytest.raises(UserError, match="cut off, or larger than its picture"):
        load_dataset(project, skip_bad=0)


def test_300_damaged_files(tmp_path):
    ring = bitmap(np.array([[1, 1], [1, 0]], bool), [6, 4])
    objects = thing(SQUARE, interior=[INNER]), thing([[9, 12], [5, 10]], "rectangle"), ring
    files = {
        "meta.json": json.dumps(META).encode(),
        "ds0/ann/a.jpg.json": json.dumps(content(*objects)).encode(),
        "ds0/ann/b.jpg.json": json.dumps(content(thing(SQUARE))).encode(),
        "ds0/img/a.jpg": png(np.zeros((20, 30), bool)),
        "ds0/img/b.jpg": png(np.zeros((20, 30), bool)),
    }
    loaded, skipped = check_damaged(tmp_path, files, "supervisely")
    assert loaded > 100
    assert skipped > 30
