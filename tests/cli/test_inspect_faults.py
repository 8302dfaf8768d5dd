"""`mrcnn inspect` finds one planted fault of each kind and nothing else, and its page shows what was found."""

import base64
import io
import json
import os
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.cli import main

HEIGHT, WIDTH = 200, 300
KINDS = ["cat", "dog", "owl", "Owls"]
PLACES = [(20, 20), (120, 20), (220, 20), (20, 120), (120, 120), (220, 120)]  # (x, y) of objects of 50 x 40


def picture(seed):
    """[200, 300, 3] uint8 of coloured blotches, unlike those of any other seed."""
    small = np.random.default_rng(seed).integers(0, 256, (10, 15, 3), np.uint8)
    return cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)


def rectangle(x, y, width=50, height=40):
    return [x, y, x + width, y, x + width, y + height, x, y + height]


class Folder:
    """A folder of pictures with a COCO file, which is written by `close`."""

    def __init__(self, path, seed):
        self.path, self.seed = path, seed
        self.path.mkdir(parents=True)
        categories = [{"id": number, "name": name} for number, name in enumerate(KINDS[:3], start=1)]
        self.content = {"images": [], "annotations": [], "categories": categories}

    def add(self, name, count=2, kinds=(1, 2), pixels=None, **how):
        """A picture with `count` good objects; pixels: other ones than its own -> its id."""
        self.seed += 1
        pixels = picture(self.seed) if pixels is None else pixels
        Image.fromarray(pixels).save(self.path / name, **how)
        return self.list(name, count, kinds, pixels.shape[:2])

    def list(self, name, count=0, kinds=(1, 2), size=(HEIGHT, WIDTH)):
        image_id = len(self.content["images"]) + 1
        entry = {"id": image_id, "file_name": name, "height": size[0], "width": size[1]}
        self.content["images"].append(entry)
        for number in range(count):
            self.draw(image_id, rectangle(*PLACES[number]), kinds[number % len(kinds)])
        return image_id

    def draw(self, image_id, outline, kind=1, **own):
        """An object -> its name in messages."""
        number = len(self.content["annotations"]) + 1
        low, high = np.min([outline[::2], outline[1::2]], axis=1), np.max([outline[::2], outline[1::2]], axis=1)
        entry = {"id": number, "image_id": image_id, "category_id": kind, "iscrowd": 0, "segmentation": [outline]}
        entry["bbox"] = [*low.tolist(), *(high - low).tolist()]
        self.content["annotations"].append({**entry, **own})
        return f"annotation {number}"

    def close(self):
        (self.path / "_annotations.coco.json").write_text(json.dumps(self.content))


@pytest.fixture
def sides(tmp_path, monkeypatch):
    """Two good Folders, train and valid, in the folder data, not yet closed."""
    monkeypatch.chdir(tmp_path)
    train, valid = Folder(tmp_path / "data" / "train", 100), Folder(tmp_path / "data" / "valid", 200)
    for number in range(3):
        train.add(f"{number}.jpg", kinds=(1, 2, 3), count=3)
        valid.add(f"{number}.jpg", kinds=(1, 2, 3), count=3)
    return train, valid


@pytest.fixture
def inspected(tmp_path, capsys):
    """A function: words -> status, figures, the page and what was printed, of `mrcnn inspect data`."""

    def inspect(*words):
        paths = tmp_path / "figures.json", tmp_path / "page.html"
        status = main(["inspect", str(tmp_path / "data"), "--json", str(paths[0]), "--out", str(paths[1]), *words])
        return status, json.loads(paths[0].read_text()), paths[1].read_text(), capsys.readouterr().out

    return inspect


def test_good_data_have_no_finding(sides, inspected):
    for side in sides:
        side.close()
    status, figures, page, printed = inspected("--strict")
    assert (status, figures["clean"], figures["findings"], figures["skipped"]) == (0, True, [], [])
    assert figures["subsets"] == {"train": 3, "val": 3}
    assert figures["histograms"]["objects_per_picture"] == {"edges": [3, 4], "counts": [6]}
    assert [row["objects"] for row in figures["classes"]] == [6, 6, 6]
    assert figures["classes"][0] == {"name": "cat", "objects": 6, "pictures": 6, "crowds": 0, "median_side": 2000**0.5}
    assert "note:" not in printed
    assert "Nothing is wrong" in page


def plant(train, valid):
    """Plants faults -> {begin of the finding: [(picture, begin of the object's name or None), ...]}."""
    expected = {}

    def expect(finding, name, *objects):
        expected.setdefault(finding, []).extend((name, what) for what in objects or [None])

    x, y = PLACES[5]
    # pictures
    train.list("missing.jpg", 1)
    Image.fromarray(picture(1)).save(train.path / "forgotten.jpg")
    train.add("broken.jpg")
    (train.path / "broken.jpg").write_bytes((train.path / "broken.jpg").read_bytes()[:2000])
    train.list("0.jpg", 1)
    expect("pictures whose file was listed before under another id", "0.jpg")
    train.add("first.png")
    train.add("copy.png", pixels=picture(train.seed))
    expect("pictures with the content of another file", "copy.png", "the same as coco image 'first.png'")
    train.add("large.png")
    half = cv2.resize(picture(train.seed), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    train.add("small.jpg", pixels=half, count=1, kinds=(2,), quality=50)
    almost = "almost the same as coco image "
    expect("pictures that show almost the same as another one", "small.jpg", f"{almost}'large.png'")
    valid.add("leak.png", pixels=picture(train.seed - 1))
    expect("validation pictures that are training pictures, too", "leak.png", "the same as coco image 'large.png'")
    train.add("source.png")
    brighter = np.clip(picture(train.seed)[4:, 4:] * 1.2, 0, 255).astype(np.uint8)
    valid.add("bright.jpg", pixels=brighter)
    leaked = "validation pictures that show almost the same as a training picture"
    expect(leaked, "bright.jpg", f"{almost}'source.png'")
    exif = Image.Exif()
    exif[0x0112] = 3
    train.add("turned.jpg", exif=exif)
    expect("pictures with an EXIF orientation, whose annotations are taken as", "turned.jpg")
    # objects
    image = train.add("objects.jpg")
    drawn = train.draw(image, rectangle(x, y))
    again = train.draw(image, [*rectangle(x, y)[:-1], y + 39])
    expect("objects that are there twice", "objects.jpg", f"{drawn} and {again} (IoU 0.9")
    drawn = train.draw(image, rectangle(20, 120), bbox=[20, 120, 70, 160])
    expect("boxes that look like corners", "objects.jpg", drawn)
    image = train.add("outlines.jpg")
    drawn = train.draw(image, [x, y, x + 50, y + 40, x + 50, y, x, y + 40])
    expect("outlines that cross themselves", "outlines.jpg", drawn)
    drawn = train.draw(image, [20, 120, 21, 120, 21, 121, 20, 121])
    expect("outlines of one pixel", "outlines.jpg", drawn)
    drawn = train.draw(image, rectangle(120, 180))
    expect("outlines that reach beyond the picture", "outlines.jpg", drawn)
    outside = train.draw(image, rectangle(400, 120))
    empty = train.draw(image, [0, 0, 0, 0, 0, 0], segmentation=[], bbox=[0, 0, 0, 0])
    shares = train.draw(image, [0.2, 0.2, 0.5, 0.2, 0.5, 0.5])
    expect("objects without a pixel inside the picture", "outlines.jpg", outside, empty, shares)
    expect("annotations with neither an outline nor a box", "outlines.jpg", empty)
    expect("objects with a box but no outline", "outlines.jpg")
    expect("outlines or boxes in 0..1", "outlines.jpg", shares)
    drawn = train.draw(image, rectangle(220, 30 + 40, 3, 4))
    expect("objects smaller than 8 pixels in the network's picture", "outlines.jpg", drawn)
    # classes
    drawn = train.draw(train.add("crowd.jpg"), rectangle(x, y), iscrowd=1)
    expect("crowd regions (iscrowd 1) outlined like single objects", "crowd.jpg", drawn)
    for side in (train, valid):
        side.content["categories"].append({"id": 4, "name": KINDS[3]})
    train.draw(train.add("owls.jpg"), rectangle(x, y), kind=4)
    expected["classes 'owl', 'Owls' have almost the same name"] = []
    expected["classes without an example in the validation data: Owls"] = []
    expected["1 picture that no annotation names, not used: "] = []
    return expected


def test_each_planted_fault_is_found_and_nothing_else(sides, inspected):
    expected = plant(*sides)
    for side in sides:
        side.close()
    status, figures, page, printed = inspected("--strict")
    assert (status, figures["clean"], figures["broken"]) == (1, False, 1)
    missing, broken = figures["skipped"]
    assert "'missing.jpg'" in missing
    assert "broken.jpg" in broken
    (unused,) = figures["unused"]
    assert unused.endswith("forgotten.jpg")
    found = {}
    for finding in figures["findings"]:
        begin = next((begin for begin in expected if finding["finding"].startswith(begin)), finding["finding"])
        places = [(place["picture"], each) for place in finding["pictures"] for each in place["objects"] or [None]]
        found[begin] = [(re.search("'(.*)'", name)[1], each and each["name"]) for name, each in places]
        assert finding["count"] == len(places)
        assert finding["finding"] in printed
    assert found.keys() == expected.keys()
    for begin, places in expected.items():
        assert [name for name, _ in found[begin]] == [name for name, _ in places], begin
        for (_, named), (_, what) in zip(found[begin], places, strict=True):
            assert (named or "").startswith(what or ""), begin
    for finding in figures["findings"]:
        assert finding["finding"].replace("'", "&#x27;") in page
    assert page.count("data:image/jpeg;base64,") >= len(figures["findings"])


def test_a_class_of_crowd_regions_only_is_named(sides, inspected):
    train, valid = sides
    train.content["categories"].append({"id": 4, "name": "swarm"})
    runs = {"size": [HEIGHT, WIDTH], "counts": [0, 2000, HEIGHT * WIDTH - 2000]}
    train.draw(1, rectangle(*PLACES[5]), kind=4, iscrowd=1, segmentation=runs, bbox=[0, 0, 10, 200])
    valid.content["categories"].append({"id": 4, "name": "swarm"})
    for side in sides:
        side.close()
    _, figures, _, _ = inspected()
    (finding,) = figures["findings"]
    assert finding["finding"].endswith("crowd regions only, so that no model learns them: swarm")


# --- the page


class Tags(HTMLParser):
    """The names of the elements, and the values of all attributes that could load something."""

    def __init__(self, page):
        super().__init__()
        self.names, self.sources, self.words = set(), [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.sources += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")]
        assert not [name for name, _ in attributes if name.startswith("on")]

    def handle_data(self, data):
        self.words.append(data)


def test_names_of_files_and_classes_are_text_on_the_page(sides, inspected):
    train, valid = sides
    name = "<img src=x onerror=alert(1)>&amp;\"'.jpg"
    kind = "<script>alert('owl')</script>"
    image = train.add(name)
    train.draw(image, [20, 120, 21, 120, 21, 121, 20, 121])
    for side in sides:
        side.content["categories"][2]["name"] = kind
        side.close()
    _, figures, page, _ = inspected()
    tags = Tags(page)
    assert "script" not in tags.names
    assert all(source.startswith("data:image/jpeg;base64,") for source in tags.sources)
    assert kind in "".join(tags.words)
    assert "<img src=x onerror=alert(1)>" in "".join(tags.words)
    assert "default-src 'none'" in page
    for source in tags.sources:
        Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).load()


def test_names_that_are_no_text_break_nothing(sides, inspected):
    train, valid = sides
    train.draw(train.add(os.fsdecode(b"\xff.jpg")), [20, 120, 21, 120, 21, 121, 20, 121], id="\ud800\x1b")
    for side in sides:
        for category, name in zip(side.content["categories"], ("\ud800", "nul\0", 3000 * "x"), strict=True):
            category["name"] = name
        side.close()
    status, figures, page, printed = inspected()
    assert status == 0
    assert "annotation '\\ud800\\x1b'" in printed
    assert "nul\N{REPLACEMENT CHARACTER}" in page
    assert len(figures["findings"]) == 1


def test_settings_on_the_page_are_those_of_train(sides, inspected):
    train, _ = sides
    for number in range(6):  # so that an object in twenty is small
        image = train.add(f"more{number}.jpg")
        train.draw(image, rectangle(*PLACES[5], 12, 12))
    for side in sides:
        side.close()
    _, figures, page, printed = inspected()
    assert figures["suggested"]["NUM_CLASSES"] == {"value": 4, "reason": "cat, dog, owl"}
    value = tuple(figures["suggested"]["RPN_ANCHOR_SCALES"]["value"])
    reason = figures["suggested"]["RPN_ANCHOR_SCALES"]["reason"]
    assert f"suggested: RPN_ANCHOR_SCALES = {value} ({reason})" in printed
    assert "RPN_ANCHOR_SCALES" in page
