"""A TFLite file detects as model.detect does, with built-in operations only and without TensorFlow."""

import dataclasses
import importlib
import subprocess
import sys
import zipfile
from contextlib import nullcontext

import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.export import load_tflite, tflite
from mrcnn_keras.export.checking import compare
from mrcnn_keras.export.tflite_metadata import read_metadata
from mrcnn_keras.ops.images import resize_images
from tests.export.blocked import without
from tests.graphs import op_by_op

pytest.importorskip("ai_edge_litert", reason="the extra tflite is not installed")
module = importlib.import_module("mrcnn_keras.export.to_tflite")  # the function has its name


def operators(path):
    """The names of all operations in a file; "CUSTOM" are those that are not built in, Flex among them."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if name.isupper()}
    codes = schema.Model.GetRootAs(path.read_bytes())
    codes = [codes.OperatorCodes(i) for i in range(codes.OperatorCodesLength())]
    return {names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())] for code in codes}


def share_found(found, expected, pixels):
    """The share of the expected detections that have one of their class whose corners lie within this many pixels.

    Not all do: the scores of an untrained model are alike, so that others win where boxes suppress each other.
    """
    gaps = np.abs(found.boxes[None] - expected.boxes[:, None]).max(axis=-1)
    same = found.class_ids[None] == expected.class_ids[:, None]
    return np.mean(np.any(same & (gaps <= pixels), axis=1))


@pytest.mark.parametrize("size", [(64, 64), (37, 53), (300, 200), (1, 1)])
def test_tflite_detects_as_the_model(thin, thin_tflite, picture, size):
    image = picture(*size)
    [expected] = thin.detect([image])
    row = compare(load_tflite(thin_tflite)(image), expected)
    assert row["expected"] > 10
    assert row["equal"], row


def test_load_tflite_takes_what_detect_takes(thin, thin_tflite, picture):
    """Grey and RGBA ended in errors of XNNPACK, and pixels from 0 to 1 found nothing without a word."""
    image, answer = picture(37, 53), load_tflite(thin_tflite)
    grey = image[:, :, 0]
    for given, expected in zip(
        answer([grey, np.dstack([image, grey]), image.astype(float)]), thin.detect([grey, image, image]), strict=True
    ):
        assert len(expected) > 5
        assert compare(given, expected)["equal"]
    with pytest.raises(UserError, match="multiply them by 255"):
        answer(image / 255)


def test_operations_are_built_in(thin_tflite):
    found = operators(thin_tflite)
    assert {"CONV_2D", "NON_MAX_SUPPRESSION_V4", "GATHER"} <= found
    assert "CUSTOM" not in found


def test_signature_and_a_size_that_does_not_fit(thin_tflite, picture):
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(thin_tflite)).get_signature_runner("serving_default")
    inputs = {name: (detail["shape"].tolist(), detail["dtype"]) for name, detail in run.get_input_details().items()}
    assert inputs == {"image": ([1, 64, 64, 3], np.float32), "image_size": ([1, 2], np.int32)}
    shapes = {name: detail["shape"].tolist() for name, detail in run.get_output_details().items()}
    assert shapes == {
        "boxes": [1, 20, 4],
        "class_ids": [1, 20],
        "scores": [1, 20],
        "num_detections": [1],
        "masks": [1, 20, 28, 28],
    }
    image = picture(64, 64)[None].astype(np.float32)
    whole, *others = (run(image=image, image_size=np.array([size], np.int32)) for size in ([64, 64], [0, 0], [65, 9]))
    for other in others:
        assert all(np.array_equal(other[name], whole[name]) for name in whole)
    half = run(image=image, image_size=np.array([[64, 32]], np.int32))
    assert whole["boxes"][..., 3].max() > 32 >= half["boxes"][..., 3].max() > 16


WITHOUT_TENSORFLOW = (
    without("tensorflow", "keras", "mrcnn_keras")
    + """
import numpy as np
from ai_edge_litert.interpreter import Interpreter

path, image, answer = sys.argv[1:]
run = Interpreter(path).get_signature_runner()
np.savez(answer, **run(image=np.load(image), image_size=np.array([[64, 64]], np.int32)))
"""
)


def test_runs_where_tensorflow_is_not_installed(thin, thin_tflite, picture, tmp_path):
    np.save(tmp_path / "image.npy", picture(64, 64)[None].astype(np.float32))
    files = [str(file) for file in (thin_tflite, tmp_path / "image.npy", tmp_path / "answer.npz")]
    subprocess.run([sys.executable, "-c", WITHOUT_TENSORFLOW, *files], check=True, cwd=tmp_path)
    [expected] = thin.detect([picture(64, 64)])
    answer = np.load(tmp_path / "answer.npz")
    assert answer["num_detections"].tolist() == [len(expected)]
    np.testing.assert_allclose(answer["boxes"][0, : len(expected)], expected.boxes, atol=1e-3)
    np.testing.assert_array_equal(answer["class_ids"][0, : len(expected)], expected.class_ids)
    np.testing.assert_allclose(answer["scores"][0, : len(expected)], expected.scores, atol=1e-5)


VARIANTS = {
    "c4": dict(BACKBONE_FEATURES="c4", RPN_ANCHOR_SCALES=(8, 16, 32), POOL_SIZE=14, BOX_HEAD_FCS=0, RPN_CHANNELS=16),
    "Matterport": dict(
        MASKS=False,
        ROI_ALIGN_GRID="corners",
        BOX_CORNERS="pixel",
        IMAGE_PAD_PLACE="centre",
        DETECTION_WHOLE_PIXELS=True,
        RESIZE_ANTIALIAS=False,
        RESIZE_METHOD="skimage",
        IMAGE_ROUNDING="even",
    ),
}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_tflite_of_variants_detects_as_the_model(build_thin, picture, tmp_path, settings):
    model = build_thin(**settings)
    path = tflite(model, tmp_path / "variant.tflite")
    assert "CUSTOM" not in operators(path)
    with op_by_op():
        [expected] = model.detect([picture(90, 51)])
    row = compare(load_tflite(path)(picture(90, 51)), expected)
    assert row["expected"] > 2
    assert row["equal"], row


def test_given_proposals_keypoints_and_nothing_at_all(build_thin, picture, tmp_path):
    model = build_thin(
        PROPOSALS="given",
        CLASS_NAMES=(),
        NUM_KEYPOINTS=2,
        KEYPOINT_HEAD_CHANNELS=8,
        ROI_ALIGN_SAMPLING=0,
        MASK_PASTE="expanded",
        MASK_LOSS="softmax",
        DETECTION_MIN_SIZE=0.0,
    )
    path = tflite(model, tmp_path / "given.tflite")
    assert "CUSTOM" not in operators(path)
    corners = np.random.default_rng(0).uniform(0, 30, (40, 2))  # more than the file takes
    proposals = np.concatenate([corners, corners + [40, 20]], axis=1)
    image, answer = picture(90, 51), load_tflite(path)
    with op_by_op():
        [expected] = model.detect([image], proposals=[proposals])
    row = compare(answer(image, proposals), expected)
    assert row["expected"] > 2
    assert row["equal"], row
    found = answer(image)
    assert (len(found), found.size, len(found.mask_crops), found.keypoints.shape) == (0, (90, 51), 0, (0, 2, 3))
    with zipfile.ZipFile(path) as archive:  # no names of classes
        assert archive.namelist() == ["metadata.json"]


def test_half_precision_and_pictures_that_are_larger_than_the_input(build_thin, picture, tmp_path):
    # The model takes a short side of 64 pixels, the file has room for 32 x 64. Without masks it is a Faster R-CNN.
    model = build_thin(IMAGE_RESIZE_MODE="fit", IMAGE_MAX_DIM=128, MASKS=False)
    path = tmp_path / "wide.tflite"
    with pytest.raises(UserError, match=r"IMAGE_RESIZE_MODE 'fit'.*give image_size=\(height, width\), such as"):
        tflite(model, path)
    assert tflite(model, path, image_size=(32, 64), quantize="fp16") == path
    assert path.stat().st_size < 2 * sum(weight.size for weight in model.get_weights()) + 200_000
    image = picture(100, 150)
    found = load_tflite(path)(image)
    with pytest.raises(UserError, match="finds its proposals itself; leave them out"):
        load_tflite(path)(image, [[0, 0, 9, 9]])
    resized = resize_images(image[None], np.array([32, 48]), np.array([32, 64]), np.zeros(2, np.int32))
    expected = model.inference({"image": resized, "image_size": tf.constant([[32, 48]])})
    expected = {name: value[0].numpy() for name, value in expected.items()}
    count = expected["num_detections"]
    assert count > 5
    expected = Detections((100, 150), *(expected[name][:count] for name in ("boxes", "class_ids", "scores")))
    expected = dataclasses.replace(expected, boxes=expected.boxes * (100 / 32))
    assert share_found(found, expected, pixels=0.5) >= 0.8


@pytest.mark.parametrize("kind", ["int8", "int8_weights"])
def test_weights_of_a_quarter_find_nearly_the_same(thin, thin_tflite, picture, tmp_path, monkeypatch, kind):
    pytest.importorskip("ai_edge_quantizer", reason="the extra tflite is not installed")
    # The conversion is the same for all kinds, and takes seconds.
    monkeypatch.setattr(module, "_convert", lambda *what: thin_tflite.read_bytes())
    path = tflite(thin, tmp_path / "small.tflite", quantize=kind)
    assert path.stat().st_size < 0.5 * thin_tflite.stat().st_size
    assert "CUSTOM" not in operators(path)
    assert read_metadata(path)["quantize"] == kind
    [expected] = thin.detect([picture(64, 64)])
    assert share_found(load_tflite(path)(picture(64, 64)), expected, pixels=3) >= 0.5


def test_metadata_of_a_tflite_file(thin_tflite):
    with zipfile.ZipFile(thin_tflite) as archive:
        assert archive.read("labels.txt").decode().splitlines() == ["BG", "cat", "street lamp"]
    about = read_metadata(thin_tflite)
    assert about["class_names"] == ["BG", "cat", "street lamp"]
    assert (about["input"]["height"], about["input"]["width"], about["input"]["range"]) == (64, 64, [0, 255])
    assert about["input"]["mean"] == [123.675, 116.28, 103.53]
    assert about["resize"] == {
        "short_side": 64,
        "min_scale": 0.0,
        "long_side": 64,
        "rounding": "nearest",
        "place": "end",
        "method": "triangle",
    }


def test_tflite_refuses_wrong_arguments(thin, build_thin, tmp_path):
    out = tmp_path / "model.tflite"
    with pytest.raises(UserError, match=r"tflite got a Functional; give a MaskRCNN"):
        tflite(thin.inference, out)
    with pytest.raises(UserError, match=r"quantize = 'int4' is unknown; choose one of none, fp16, int8, int8_weights"):
        tflite(thin, out, quantize="int4")
    for size in ((500, 320), (0, 320), 320, "ab", (320, 320.5), (64, 64, 64)):
        with pytest.raises(UserError, match=r"image_size = .* is not \(height, width\) in multiples of 32"):
            tflite(thin, out, image_size=size)
    with pytest.raises(UserError, match=r"is a folder; give a file"):
        tflite(thin, tmp_path)
    with pytest.raises(UserError, match=r"TFLite has no RoIPool; export a model with ROI_OPERATOR 'align'"):
        tflite(build_thin(ROI_OPERATOR="pool", ROI_REDUCE="max"), out)
    assert not list(tmp_path.iterdir())


def test_an_operation_that_is_not_built_in_is_an_error(thin, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "portable", nullcontext)
    with pytest.raises(UserError, match=r"operations that TFLite lacks \(.*CropAndResize.*export it as a SavedModel"):
        tflite(thin, tmp_path / "model.tflite")
    assert not list(tmp_path.iterdir())


def test_refuses_files_of_others(tmp_path):
    (tmp_path / "other.tflite").write_bytes(b"no zip")
    with pytest.raises(UserError, match=r"other.tflite is not a TFLite file that mrcnn_keras.export.tflite wrote"):
        load_tflite(tmp_path / "other.tflite")
    with pytest.raises(UserError, match=r"absent.tflite cannot be read \(No such file"):
        load_tflite(tmp_path / "absent.tflite")


def test_tflite_names_the_command_that_installs_missing_packages(thin, thin_tflite, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    install = r'which is not installed: run pip install "mrcnn_keras\[tflite\]"'
    with pytest.raises(UserError, match="ai-edge-litert, " + install):
        load_tflite(thin_tflite)
    with pytest.raises(UserError, match="ai-edge-quantizer, " + install):
        tflite(thin, tmp_path / "model.tflite", quantize="int8")


def test_a_file_that_cannot_be_written_leaves_the_older_one(thin, thin_tflite, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_convert", lambda *what: thin_tflite.read_bytes())
    (tmp_path / "older.tflite").write_text("older")

    def fail(path, metadata):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "append_metadata", fail)
    with pytest.raises(UserError, match=r"older.tflite cannot be written \(No space left on device\)"):
        tflite(thin, tmp_path / "older.tflite")
    assert [file.name for file in tmp_path.iterdir()] == ["older.tflite"]
    assert (tmp_path / "older.tflite").read_text() == "older"
