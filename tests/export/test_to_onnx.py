"""The ONNX file detects as model.detect does, by onnxruntime alone."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import load_dataset
from mrcnn_keras.errors import UserError
from mrcnn_keras.export import check, load_onnx, onnx, summarize
from mrcnn_keras.export.answering import reader_process
from mrcnn_keras.export.answers import as_detections
from mrcnn_keras.export.checking import compare
from mrcnn_keras.export.readers import load
from mrcnn_keras.model import MaskRCNN
from tests.graphs import op_by_op

standard = pytest.importorskip("onnx", reason="needs mrcnn_keras[onnx]")
runtime = pytest.importorskip("onnxruntime", reason="needs mrcnn_keras[onnx]")
pytest.importorskip("tf2onnx", reason="needs mrcnn_keras[onnx]")


def run(path, images, **more):
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": images, **more}), strict=True))


@pytest.fixture(scope="module")
def trained_model(trained):
    return MaskRCNN.load(trained / "best.keras")


@pytest.fixture(scope="module")
def written(trained_model, made_once):
    return made_once("onnx", lambda folder: onnx(trained_model, folder / "mine.onnx")) / "mine.onnx"


@pytest.fixture(scope="module")
def photographs(tiny_coco):
    data = load_dataset(tiny_coco, subset="train")
    return [data.load_image(i) for i in data.image_ids]


def test_onnx_of_a_trained_model_detects_in_pictures_of_all_sizes(trained_model, written, photographs, picture):
    images = [*photographs]
    images += [picture(*size) for size in [(1, 1), (1, 300), (90, 2), (333, 200), (3000, 4000)]]
    images += [np.full((50, 70, 3), 127, np.uint8)]
    rows = check(trained_model, written, images)
    figures = summarize(rows)
    assert figures["expected"] > 20
    assert figures["equal"], [row for row in rows if not row["equal"]]


def test_onnx_detects_each_picture_of_a_batch_as_the_model(trained_model, written, picture):
    images = np.stack([picture(45, 70), picture(45, 70)[::-1], np.zeros((45, 70, 3), np.uint8)])
    answers = run(written, images)
    for row, image in enumerate(images):
        found = as_detections({name: value[row] for name, value in answers.items()}, (45, 70))
        assert compare(found, trained_model.detect([image])[0])["equal"], row
    padding = answers["class_ids"] == 0
    assert np.array_equal(padding.sum(axis=1), 10 - answers["num_detections"])
    for name in ("boxes", "scores", "masks", "mask_boxes"):
        assert not answers[name][padding].any(), name
    assert run(written, images[:0])["masks"].shape == (0, 10, 14, 14)


def test_load_onnx_takes_what_detect_takes(trained_model, written, picture):
    """Grey, RGBA, float, Pillow images and lists ended in errors of onnxruntime and Python."""
    image, answer = picture(45, 70), load(written)
    palette = Image.fromarray(image).quantize(64)
    pictures = [image[:, :, 0], np.dstack([image, image[:, :, 0]]), image.astype(float), palette]
    for found, expected in zip(answer(pictures), trained_model.detect(pictures), strict=True):
        assert compare(found, expected)["equal"]
    with pytest.raises(UserError, match="multiply them by 255"):
        answer(image / 255)


def test_metadata_and_inputs_of_an_onnx_file(written):
    model = standard.load(str(written))
    standard.checker.check_model(model)
    assert {node.domain for node in model.graph.node} == {""}
    [images] = model.graph.input
    axes = [axis.dim_param or axis.dim_value for axis in images.type.tensor_type.shape.dim]
    assert (images.name, axes) == ("images", ["batch", "height", "width", 3])
    assert images.type.tensor_type.elem_type == standard.TensorProto.UINT8
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(facts["class_names"]) == ["BG", "circle", "square", "triangle"]
    assert facts["boxes"].startswith("y1, x1, y2, x2, pixels of the picture")
    assert "keypoints" not in facts


def test_int8_has_whole_numbers_in_convolutions_and_the_same_objects(trained_model, written, photographs, made_once):
    path = made_once(
        "onnx int8", lambda folder: onnx(trained_model, folder / "x.onnx", quantize="int8", calibrate=photographs)
    )
    path = path / "x.onnx"
    graph = standard.load(str(path)).graph
    made_by = {output: node for node in graph.node for output in node.output}
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    exact = {node.name for node in convolutions if made_by[node.input[0]].op_type != "DequantizeLinear"}
    assert len(convolutions) > 2 * len(exact) > 0
    assert all("logits" in name or "deltas" in name for name in exact)
    assert path.stat().st_size < 0.6 * written.stat().st_size
    answer = load(path)
    for image in photographs:
        [expected], found = trained_model.detect([image]), answer(image)
        np.testing.assert_allclose(found.scores, expected.scores, atol=0.05)
        assert np.abs(found.boxes - expected.boxes[0]).max(axis=1).min() < 8  # pixels; near it others are as good


def test_int8_asks_for_pictures_and_other_kinds_are_refused(trained_model, tmp_path):
    for more, words in (
        ({"quantize": "int8"}, "give 10 to 100 of them with --calibrate PICTURES"),
        ({"quantize": "int8", "calibrate": []}, "give 10 to 100 of them"),
        ({"quantize": "int8", "calibrate": [np.zeros((9, 9, 7))]}, "picture 0 to calibrate with"),
        ({"quantize": "fp16"}, "quantize = 'fp16' is unknown for ONNX; choose none or int8"),
    ):
        with pytest.raises(UserError, match=words):
            onnx(trained_model, tmp_path / "x.onnx", **more)
    assert not list(tmp_path.iterdir())


WITHOUT_TENSORFLOW = """
import sys
import numpy as np
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
print(session.run(["num_detections"], {"images": np.zeros((2, 30, 40, 3), np.uint8)})[0].shape)
print([name for name in ("tensorflow", "keras", "mrcnn_keras", "onnx") if name in sys.modules])
"""


def test_nothing_but_onnxruntime_is_needed(written, tmp_path):
    words = [sys.executable, "-c", WITHOUT_TENSORFLOW, str(written)]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["(2,)", "[]"]


def test_a_process_of_its_own_stays_small(trained_model, written, picture):
    with reader_process(written) as process:
        found, _ = process.answer(picture(60, 40))
        assert compare(found, trained_model.detect([picture(60, 40)])[0])["equal"]
        assert process.peak_memory() is None or process.peak_memory() < 300e6  # with TensorFlow it would be 500


def test_without_a_pyramid_padded_to_multiples_and_pasted_as_by_torchvision(build_model, picture, tmp_path):
    model = build_model(
        DETECTION_MAX_INSTANCES=20,
        BACKBONE_FEATURES="c4",
        RPN_CHANNELS=32,
        IMAGE_RESIZE_MODE="fit",
        IMAGE_MAX_DIM=128,
        PRE_NMS_LIMIT_INFERENCE=200,
        POST_NMS_ROIS_INFERENCE=30,
        POOL_SIZE=7,
        MASK_POOL_SIZE=7,
        MASK_PASTE="expanded",
    )
    path = onnx(model, tmp_path / "c4.onnx")
    with op_by_op():
        figures = summarize(check(model, path, [picture(70, 50), picture(20, 64)]))
    assert figures["expected"] > 20
    assert figures["equal"], figures


def test_given_proposals_keypoints_without_masks_and_nothing_found(build_model, picture, tmp_path):
    names = ("nose", "tail")
    keypoints = dict(NUM_KEYPOINTS=2, KEYPOINT_NAMES=names, KEYPOINT_HEAD_CONVS=1, KEYPOINT_HEAD_CHANNELS=16)
    model = build_model(DETECTION_MAX_INSTANCES=20, MASKS=False, PROPOSALS="given", **keypoints)
    path = onnx(model, tmp_path / "fast.onnx")
    boxes = np.array([[0, 0, 30, 20], [10, 5, 40, 45], [1, 1, 60, 40]], np.float32)
    with op_by_op():
        rows = check(model, path, [picture(70, 50), picture(1, 1)], [boxes, [[0, 0, 1, 1]]])
    assert rows[0]["expected"] > 0
    assert summarize(rows)["equal"], rows
    facts = {entry.key: entry.value for entry in standard.load(str(path)).metadata_props}
    assert json.loads(facts["keypoint_names"]) == ["nose", "tail"]
    answers = run(path, picture(70, 50)[None], proposals=np.zeros((1, 2, 4), np.float32))
    assert set(answers) == {"boxes", "class_ids", "scores", "num_detections", "keypoints"}
    assert answers["num_detections"].tolist() == [0]
    assert not any(value.any() for value in answers.values())


def test_onnx_refuses_wrong_arguments_and_files(build_model, model, tmp_path):
    with pytest.raises(UserError, match="onnx got a Functional; give a MaskRCNN"):
        onnx(model.inference, tmp_path / "x.onnx")
    with pytest.raises(UserError, match=r"mine does not end in \.onnx; give a name such as mine\.onnx"):
        onnx(model, tmp_path / "mine")
    with pytest.raises(UserError, match="ROI_OPERATOR='pool' has no ONNX form"):
        onnx(build_model(ROI_OPERATOR="pool", ROI_REDUCE="max"), tmp_path / "x.onnx")
    with pytest.raises(UserError, match=r"x\.onnx does not exist"):
        load(tmp_path / "x.onnx")
    with pytest.raises(UserError, match="is a folder; give the .onnx file"):
        load_onnx(tmp_path)
    (tmp_path / "x.onnx").write_text("no model")
    with pytest.raises(UserError, match=r"x\.onnx cannot be read as an ONNX model"):
        load(tmp_path / "x.onnx")


def test_a_package_that_is_absent_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(UserError, match=r'tf2onnx is not installed; run `pip install "mrcnn_keras\[onnx\]"`'):
        onnx(model, tmp_path / "x.onnx")
