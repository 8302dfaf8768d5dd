"""`mrcnn inspect`, and what `train` and `evaluate` say about data before they begin."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from mrcnn_keras.cli import main

ROOT = str(Path(__file__).resolve().parents[2])
SQUARE = [[20, 12, 50, 12, 50, 37, 20, 37]]  # in a picture of 96 x 64


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A function: folder, classes, annotations of each picture -> writes a COCO file and pictures that all differ."""
    monkeypatch.chdir(tmp_path)
    count = 0

    def make(folder, names, *pictures):
        nonlocal count
        Path(folder).mkdir()
        content = {"images": [], "annotations": []}
        content["categories"] = [{"id": i, "name": name} for i, name in enumerate(names, start=1)]
        for image_id, annotations in enumerate(pictures, start=1):
            count += 1
            Image.new("RGB", (96, 64), (count, 50, 90)).save(f"{folder}/{image_id}.png")
            entry = {"id": image_id, "file_name": f"{image_id}.png", "width": 96, "height": 64}
            content["images"].append(entry)
            for own in annotations:
                place = {"id": len(content["annotations"]) + 1, "image_id": image_id, "iscrowd": 0}
                annotation = {"category_id": 1, "bbox": [20, 12, 30, 25], "segmentation": SQUARE, **own}
                content["annotations"].append({**place, **annotation})
        Path(folder, "annotations.json").write_text(json.dumps(content))

    return make


@pytest.fixture
def run(capsys):
    """A function: words of a command -> exit status, what was printed, figures of --json."""

    def run(*words):
        Path("figures.json").unlink(missing_ok=True)
        status = main([*map(str, words), "--json", "figures.json"])
        printed = capsys.readouterr()
        figures = json.loads(Path("figures.json").read_text()) if Path("figures.json").exists() else None
        return status, printed.out + printed.err, figures

    return run


def damage(path):
    path = Path(path)
    path.write_bytes(path.read_bytes()[:60])


def test_good_data_are_clean(photos, run):
    photos("good", ["thing"], [{}], [{}])
    status, printed, figures = run("inspect", "good", "--strict")
    assert (status, figures["clean"], figures["broken"]) == (0, True, 0)
    assert figures["notes"] == figures["skipped"] == figures["contradictions"] == []
    assert "object side    27 pixels" in printed


def test_strict_ends_with_1_for_contradictory_data(photos, run):
    photos("corners", ["thing"], [{"bbox": [20, 12, 50, 37]}], [{}])
    assert run("inspect", "corners")[0] == 0
    status, printed, figures = run("inspect", "corners", "--strict")
    assert status == 1
    assert "note: boxes that look like corners" in printed
    assert figures["contradictions"] == figures["notes"]
    assert figures["object_side"] == pytest.approx([750**0.5] * 3)


def test_broken_pictures_are_counted_named_and_trained_without(photos, run):
    photos("many", ["thing"], *[[{}]] * 30)
    damage("many/3.png")
    status, printed, figures = run("inspect", "many", "--strict")
    assert (status, figures["broken"], figures["images"], len(figures["skipped"])) == (1, 1, 29, 1)
    assert "broken: picture" in printed
    assert run("inspect", "many")[0] == 0
    status, printed, _ = run("train", "many", "--skip-bad", 0)
    assert status == 2
    assert "1 of 30 pictures cannot be read" in printed
    for i in (5, 6):
        damage(f"many/{i}.png")
    for words in (["train", "many"], ["train", "many", "--val-split", 0.5]):
        status, printed, _ = run(*words)
        assert status == 2
        assert "3 of 30 pictures cannot be read, more than the 5 % that may be left out" in printed
        assert "many/3.png" in printed
    assert run("inspect", "many")[2]["broken"] == 3
    assert not Path("run").exists()


def test_data_of_broken_pictures_alone_are_a_mistake(photos, run):
    photos("bad", ["thing"], [{}], [{}])
    for i in (1, 2):
        damage(f"bad/{i}.png")
    for words in (["inspect", "bad"], ["inspect", "bad", "--skip-bad", 1], ["train", "bad", "--skip-bad", 1]):
        status, printed, _ = run(*words)
        assert status == 2
        assert "none of the 2 pictures can be read" in printed


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ([], "no annotation"),
        ([{"iscrowd": 1}], "2 crowd regions (iscrowd 1), which are not single objects"),
        (
            [{"segmentation": [[200, 200, 210, 200, 210, 210]]}],
            "objects without a pixel inside the picture, left out: 2",
        ),
        ([{"segmentation": [[0.2, 0.2, 0.5, 0.2, 0.5, 0.5]]}], "outlines or boxes in 0..1, which are shares of a "),
    ],
    ids=["none", "crowd", "outside", "shares"],
)
def test_no_object_to_learn_from_is_reported_before_the_first_step(photos, run, annotations, words):
    photos("empty", ["thing"], annotations, annotations)
    reason = f"no object to learn from: 2 pictures with {words}"
    status, printed, _ = run("train", "empty", "--val", "empty")
    assert status == 2
    assert f"mrcnn: the training data have {reason}" in printed
    assert not Path("run").exists()
    status, printed, figures = run("inspect", "empty", "--strict")
    assert (status, figures["clean"], figures["instances"]) == (1, False, 0)
    assert f"note: there is {reason}" in printed


def test_inspect_compares_two_sides(photos, run):
    photos("first", ["cat", "dog", "owl"], [{}, {"category_id": 3}], [{"category_id": 2}])
    photos("second", ["dog", "cat", "owl"], [{}])
    status, printed, figures = run("inspect", "first", "--val", "second", "--strict")
    assert status == 0
    assert "note: classes matched by name, in the order cat, dog, owl" in printed
    assert "note: classes without an example in the validation data: cat, owl" in printed
    assert figures["per_class"] == {"cat": 1, "dog": 1, "owl": 1}
    assert figures["val"]["per_class"] == {"dog": 1, "cat": 0, "owl": 0}
    status, printed, figures = run("inspect", "first", "--val", "first", "--strict")
    assert (status, figures["clean"]) == (1, False)
    assert "validation pictures that are training pictures, too, so that the figures on them are too good: 2" in printed


def test_classes_that_differ_in_spelling_are_named(photos, run):
    photos("first", ["Person"], [{}])
    photos("second", ["person (2)"], [{}])
    status, printed, _ = run("inspect", "first", "--val", "second", "--strict")
    assert status == 1
    assert "('person (2)' and 'Person' differ in spelling only)" in printed
    status, printed, _ = run("train", "first", "--val", "second")
    assert status == 2
    assert "second has the classes person (2) but first has Person ('person (2)' and 'Person' differ" in printed


def test_a_picture_listed_twice_is_noted(photos, run):
    photos("twice", ["thing"], [{}], [{}])
    content = json.loads(Path("twice/annotations.json").read_text())
    content["images"][1]["file_name"] = "1.png"
    Path("twice/annotations.json").write_text(json.dumps(content))
    status, printed, _ = run("inspect", "twice", "--strict")
    assert status == 1
    assert "listed before under another id; both are used: 1 (first in coco image '1.png')" in printed
    status, printed, _ = run("train", "twice", "--val-split", 0.5)
    assert status == 2
    assert "1 picture cannot be split" in printed


@pytest.mark.slow
def test_resume_takes_classes_by_name(photos, run, trained):
    photos("other", ["circle", "square"], [{}])
    photos("more", ["circle", "square", "triangle", "disc"], [{}])
    status, printed, _ = run("train", "more", "--resume", "--out", trained)
    assert status == 2
    assert "more has the classes circle, square, triangle, disc but the training in" in printed
    assert f"has circle, square, triangle; start a new training with these weights: --weights {trained} and" in printed
    assert run("train", "more", "--resume", "--out", trained, "--set", "NUM_CLASSES=5")[1] == printed


@pytest.mark.slow
def test_evaluate_without_objects_says_so(photos, run, trained):
    photos("empty", ["circle", "square", "triangle"], [], [{"iscrowd": 1}])
    status, printed, figures = run("evaluate", trained, "empty")
    assert (status, figures) == (2, None)
    assert "empty has no object to measure on: 2 pictures with 1 crowd region (iscrowd 1)" in printed


def test_data_are_converted_with_their_subsets_classes_and_what_is_lost(photos, run):
    photos("one", ["cat", "dog"], [{}], [{"category_id": 2}], [{"iscrowd": 1}])
    photos("two", ["Dog"], [{}])
    words = ["--rename", "Dog=dog", "--convert", "labelme", "--out", "out"]
    status, printed, figures = run("inspect", "one", "two", *words, "--strict")
    assert status == 1  # a crowd is lost
    assert figures["images"] == 4
    assert figures["lost"] == {"crowd regions, which only COCO has, left out": 1}
    assert "note: labelme cannot hold everything: crowd regions, which only COCO has, left out: 1" in printed
    shapes = {file.stem: json.loads(file.read_text())["shapes"] for file in Path("out").glob("*.json")}
    labels = {name: [shape["label"] for shape in of_file] for name, of_file in shapes.items()}
    assert labels == {"1": ["cat"], "2": ["dog"], "3": [], "two_1": ["dog"]}
    assert shapes["1"][0]["points"] == [[20, 12], [50, 12], [50, 37], [20, 37]]
    status, _, figures = run("inspect", "one", "--val", "two", "--classes", "dog", *words[:4], "--out", "both")
    assert (status, figures["images"], figures["lost"]) == (0, 4, {})
    assert len(list(Path("both/train").glob("*.png"))) == 3
    assert len(list(Path("both/val").glob("*.png"))) == 1


def test_conversion_needs_a_new_folder(photos, run):
    photos("one", ["cat"], [{}])
    assert "--convert needs --out DIR, a new folder" in run("inspect", "one", "--convert", "yolo")[1]
    assert "'one' exists, and may hold corrected" in run("inspect", "one", "--convert", "yolo", "--out", "one")[1]
    assert "--rename cat: write OLD=NEW" in run("inspect", "one", "--rename", "cat")[1]
    assert "no class 'cta' to keep; did you mean 'cat'?" in run("inspect", "one", "--classes", "cta")[1]


def test_several_data_are_inspected_as_one(photos, run):
    photos("one", ["cat", "a, b"], [{}], [{"category_id": 2}])
    photos("two", ["cow", "cat"], [{}, {"category_id": 2}])
    _, printed, figures = run("inspect", "one", "two")
    assert figures["per_class"] == {"cat": 2, "a, b": 1, "cow": 1}
    assert run("inspect", "one", "two", "--classes", "cow,cat")[2]["per_class"] == {"cow": 1, "cat": 2}
    assert run("inspect", "one", "two", "--classes", "a, b", "--classes", "cow")[2]["per_class"] == {
        "a, b": 1,
        "cow": 1,
    }
    renamed = ["--val", "two", "--rename", "cow=ox"]  # a class of the validation data
    assert run("inspect", "one", *renamed)[2]["val"]["per_class"] == {"ox": 1, "cat": 1}
    assert (
        "no class 'cwo' to rename; did you mean 'cow'?"
        in run("inspect", "one", "--val", "two", "--rename", "cwo=ox")[1]
    )


def test_inspect_does_without_tensorflow(photos):
    photos("good", ["thing"], [{}], [{}])
    code = (
        "import sys\nfrom mrcnn_keras.cli import main\nassert main(['inspect', 'good']) == 0\n"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": ROOT}
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_an_attribute_of_via_is_the_class_on_request(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    Path("via").mkdir()
    Image.new("RGB", (96, 64)).save("via/a.png")
    square = {"name": "polygon", "all_points_x": SQUARE[0][::2], "all_points_y": SQUARE[0][1::2]}
    region = {"shape_attributes": square, "region_attributes": {"species": "cat", "mood": "calm"}}
    entry = {"filename": "a.png", "size": 1, "regions": [region], "file_attributes": {}}
    Path("via/via_region_data.json").write_text(json.dumps({"a.png1": entry}))
    for words, name in (((), "cat"), (("--class-attribute", "mood"), "calm")):
        status, printed, figures = run("inspect", "via", *words)
        assert status == 0
        assert figures["per_class"] == {name: 1}
