"""The SavedModel detects as model.detect does, in a process without mrcnn_keras."""

import errno
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.detections import Detections, crop_mask
from mrcnn_keras.errors import UserError
from mrcnn_keras.export import load_saved_model, saved_model, summarize
from mrcnn_keras.export.checking import check, compare
from tests.export.blocked import without

WITHOUT_THE_PACKAGE = (
    without("mrcnn_keras")
    + """
import numpy as np
import tensorflow as tf

path, questions, answers = sys.argv[1:]
serve = tf.saved_model.load(path).signatures["serving_default"]
out = {}
for key, images in np.load(questions).items():
    for name, value in serve(images=tf.constant(images)).items():
        out[f"{key}/{name}"] = value.numpy()
np.savez(answers, **out)
try:
    import mrcnn_keras
except ImportError as error:
    assert str(error) == "blocked"
else:
    raise AssertionError("mrcnn_keras was there")
"""
)


def detections(answer, row):
    """What a client makes of row `row` of outputs with full masks."""
    count = answer["num_detections"][row]
    masks = answer["masks"][row]
    assert not masks[count:].any()
    assert not answer["class_ids"][row, count:].any()
    crops = [crop_mask(mask) for mask in masks[:count]]
    values = (answer[name][row, :count] for name in ("boxes", "class_ids", "scores"))
    return Detections(masks.shape[1:], *values, crops)


def test_load_saved_model_takes_what_detect_takes(model, saved, picture):
    image, answer = picture(37, 53), load_saved_model(saved)
    pictures = [image[:, :, 0], np.dstack([image, image[:, :, 0]]), image.astype(np.float32)]
    for found, expected in zip(answer(pictures), model.detect(pictures), strict=True):
        assert len(expected) > 5
        assert compare(found, expected)["equal"]
    with pytest.raises(UserError, match="multiply them by 255"):
        answer(image / 255)


def test_saved_model_detects_as_the_model_without_the_package(model, saved_full, picture, tmp_path):
    questions = {
        "one pixel": picture(1, 1)[None],
        "odd": picture(37, 53)[None],
        "large": picture(300, 200)[None],
        "two": np.stack([picture(37, 53), picture(37, 53)[:, ::-1]]),
        "none": picture(20, 20)[None][:0],
    }
    np.savez(tmp_path / "questions.npz", **questions)
    files = [str(file) for file in (saved_full, tmp_path / "questions.npz", tmp_path / "answers.npz")]
    subprocess.run([sys.executable, "-c", WITHOUT_THE_PACKAGE, *files], check=True, cwd=tmp_path)

    answers = {key: {} for key in questions}
    for key, value in np.load(tmp_path / "answers.npz").items():
        question, name = key.split("/")
        answers[question][name] = value
    assert answers["none"]["masks"].shape == (0, 100, 20, 20)
    for key, images in questions.items():
        assert set(answers[key]) == {"boxes", "class_ids", "scores", "num_detections", "masks", "image_size"}
        assert answers[key]["image_size"].tolist() == [[*images.shape[1:3]]] * len(images)
        for row, image in enumerate(images):
            [expected] = model.detect([image])
            assert len(expected) > 20
            found = detections(answers[key], row)
            assert compare(found, expected)["equal"], key
            # Equal to the pixel, except values within a rounding step of the threshold.
            assert np.count_nonzero(found.masks != expected.masks) <= 1e-6 * found.masks.size


def test_boxes_and_masks_are_in_pixels_of_the_picture(saved_full, picture):
    answer = tf.saved_model.load(str(saved_full)).signatures["serving_default"](images=picture(90, 30)[None])
    assert answer["masks"].shape == (1, 100, 90, 30)
    assert answer["masks"].dtype == tf.uint8
    assert 64 < answer["boxes"].numpy()[..., 2].max() <= 90
    assert answer["boxes"].numpy()[..., 3].max() <= 30


def test_signatures_and_class_names(saved, served):
    signatures = served.signatures
    assert set(signatures) == {"serving_default", "serving_bytes", "detect", "detect_bytes"}
    [images] = signatures["serving_default"].structured_input_signature[1].values()
    assert (images.name, images.dtype, images.shape.as_list()) == ("images", tf.uint8, [None, None, None, 3])
    [files] = signatures["serving_bytes"].structured_input_signature[1].values()
    assert (files.name, files.dtype, files.shape.as_list()) == ("image_bytes", tf.string, [None])
    names = (saved / "assets" / "class_names.txt").read_text()
    assert names.splitlines() == ["BG", "cat", "street lamp"]


def test_no_detections_and_no_class_names(build_thin, picture, tmp_path):
    model = build_thin(DETECTION_MIN_CONFIDENCE=1.0, CLASS_NAMES=(), BACKBONE_NORM="frozen_bn", HEAD_NORM="none")
    path = saved_model(model, tmp_path / "1")
    answer = tf.saved_model.load(str(path)).signatures["serving_default"](images=picture(30, 40)[None])
    assert answer.pop("image_size").numpy().tolist() == [[30, 40]]
    assert {"boxes", "class_ids", "scores", "num_detections", "masks", "mask_boxes"} == {*answer}
    assert all(not value.numpy().any() for value in answer.values())
    assert not list((path / "assets").glob("*"))


def test_small_masks_are_the_default(model, saved, served, picture):
    answer = served.signatures["serving_default"](images=picture(30, 40)[None])
    assert answer["masks"].shape == (1, 100, 28, 28)
    assert answer["masks"].dtype == tf.float32
    np.testing.assert_array_equal(answer["mask_boxes"], answer["boxes"])
    assert summarize(check(model, saved, [picture(30, 40)]))["equal"]


def test_an_older_saved_model_is_replaced(model, tmp_path, monkeypatch):
    monkeypatch.setattr(tf.saved_model, "save", lambda module, folder, **kwargs: Path(folder, "newer").touch())
    older = tmp_path / "1"
    older.mkdir()
    (older / "saved_model.pb").write_text("older")
    (older / "extra").touch()
    saved_model(model, older)
    assert [file.name for file in tmp_path.iterdir()] == ["1"]
    assert not (older / "extra").exists()
    assert (older / "newer").exists()


def test_saved_model_refuses_to_destroy_other_files(model, tmp_path):
    (tmp_path / "photo.jpg").write_text("mine")
    with pytest.raises(UserError, match=r"holds other files; give a new folder, such as .*/1"):
        saved_model(model, tmp_path)
    with pytest.raises(UserError, match=r"photo.jpg is a file"):
        saved_model(model, tmp_path / "photo.jpg")
    with pytest.raises(UserError, match=r"cannot be written"):
        saved_model(model, tmp_path / "photo.jpg" / "1")
    assert [file.name for file in tmp_path.iterdir()] == ["photo.jpg"]
    assert (tmp_path / "photo.jpg").read_text() == "mine"


def test_saved_model_refuses_wrong_arguments(model, tmp_path):
    with pytest.raises(UserError, match="saved_model got a Functional; give a MaskRCNN"):
        saved_model(model.inference, tmp_path / "1")
    with pytest.raises(UserError, match="masks = 'tiny' is unknown; choose one of small, full, png"):
        saved_model(model, tmp_path / "1", masks="tiny")
    assert not list(tmp_path.iterdir())


DISK_FULL = {
    "python": OSError(errno.ENOSPC, "No space left on device"),
    "tensorflow": tf.errors.ResourceExhaustedError(None, None, "disk full"),
}


@pytest.mark.parametrize("error", DISK_FULL.values(), ids=DISK_FULL)
def test_a_full_disk_leaves_the_older_one(model, tmp_path, monkeypatch, error):
    older = tmp_path / "1"
    older.mkdir()
    (older / "saved_model.pb").write_text("older")

    def save(module, folder, **kwargs):
        with open(f"{folder}/half", "w") as file:
            file.write("half")
        raise error

    monkeypatch.setattr(tf.saved_model, "save", save)
    with pytest.raises(UserError, match=r"/1 cannot be written \((No space left on device|disk full)\)"):
        saved_model(model, older)
    assert [file.name for file in tmp_path.iterdir()] == ["1"]
    assert [file.name for file in older.iterdir()] == ["saved_model.pb"]
