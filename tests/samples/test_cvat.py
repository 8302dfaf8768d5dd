"""samples/cvat: what CVAT's server and CVAT's own programs get is what was found."""

import base64
import importlib
import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.detections import Detections

FOLDER = Path(__file__).resolve().parents[2] / "samples" / "cvat"
NAMES = ("BG", "ring", "two bars")


def found(masks=True):
    """A ring with a hole, and a class in two pieces, of which the right one is larger; in 20 x 30 pixels."""
    drawn = np.zeros((20, 30, 2), bool)
    drawn[2:10, 3:12, 0] = True
    drawn[4:8, 5:10, 0] = False
    drawn[12:18, 2:4, 1] = drawn[12:18, 20:30, 1] = True
    both = Detections.from_masks(drawn, [1, 2], [0.9, 0.4])
    return both if masks else Detections(both.size, both.boxes, both.class_ids, both.scores)


class FakeModel:
    """Detects `found`; `asked` has what it was asked for."""

    class_names = NAMES

    def __init__(self, masks=True):
        self.config = SimpleNamespace(MASKS=masks, NUM_CLASSES=3, DETECTION_MIN_CONFIDENCE=0.05)
        self.asked = []

    def detect(self, images, min_score):
        self.asked.append((np.asarray(images[0]).shape, min_score))
        return [found(self.config.MASKS).above(min_score)]

    def save(self, path):
        path.write_bytes(b"a model")


@pytest.fixture
def nuclio(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("cvat_nuclio")


def call(nuclio, model, **body):
    """What Nuclio does with a request of CVAT's server -> the response's objects."""
    file = io.BytesIO()
    Image.new("RGB", (30, 20)).save(file, "PNG")
    image = base64.b64encode(file.getvalue()).decode()
    context = SimpleNamespace(user_data=SimpleNamespace(model=model), Response=SimpleNamespace)
    response = nuclio.handler(context, SimpleNamespace(body={"image": image, **body}))
    assert (response.status_code, response.content_type) == (200, "application/json")
    return json.loads(response.body)


def extent(points):
    """[x, y, x, y, ...] -> the smallest and largest."""
    xs, ys = points[::2], points[1::2]
    return min(xs), min(ys), max(xs), max(ys)


def test_the_server_gets_masks_in_their_windows_and_polygons(nuclio):
    model = FakeModel()
    ring, bars = call(nuclio, model, threshold=0.3)
    assert model.asked == [((20, 30, 3), 0.3)]
    assert (ring["label"], ring["type"], float(ring["confidence"])) == ("ring", "mask", pytest.approx(0.9))
    for number, one in enumerate((ring, bars)):
        *bits, left, top, right, bottom = one["mask"]
        mask = np.zeros((20, 30), bool)
        mask[top : bottom + 1, left : right + 1] = np.reshape(bits, (bottom + 1 - top, right + 1 - left))
        assert np.array_equal(mask, found().mask(number))
    assert extent(bars["points"]) == (20, 12, 30, 18)  # the larger piece, along the edges of its pixels


def test_the_server_gets_boxes_of_a_model_without_masks_and_the_default_score(nuclio):
    model = FakeModel(masks=False)
    [ring] = call(nuclio, model)
    assert model.asked == [((20, 30, 3), nuclio.MIN_SCORE)]
    assert (ring["type"], ring["points"]) == ("rectangle", [3, 2, 12, 10])
    assert call(nuclio, model, threshold=0.95) == []


def test_a_folder_for_nuctl_names_the_labels_and_has_all_it_needs(nuclio, tmp_path, monkeypatch):
    yaml = pytest.importorskip("yaml", reason="there is no YAML parser: pip install PyYAML")
    loaded = []
    opener = SimpleNamespace(load=lambda path: loaded.append(path) or FakeModel())
    monkeypatch.setattr(nuclio, "mk", SimpleNamespace(MaskRCNN=opener))  # the package's own takes seconds to import
    nuclio.prepare("run", tmp_path / "mine")
    function = yaml.safe_load((tmp_path / "mine" / "function.yaml").read_text())
    labels = json.loads(function["metadata"]["annotations"]["spec"])
    assert labels == [{"id": 1, "name": "ring", "type": "mask"}, {"id": 2, "name": "two bars", "type": "mask"}]
    module, _, name = function["spec"]["handler"].partition(":")
    assert callable(getattr(nuclio, name))
    assert (tmp_path / "mine" / f"{module}.py").exists()
    [variable] = function["spec"]["env"]
    assert (tmp_path / "mine" / Path(variable["value"]).name).read_bytes() == b"a model"
    monkeypatch.setenv(variable["name"], variable["value"])
    context = SimpleNamespace(user_data=SimpleNamespace(), logger=SimpleNamespace(info=print))
    nuclio.init_context(context)
    assert loaded == ["run", "/opt/nuclio/model.keras"]


@pytest.fixture
def agent(monkeypatch):
    pytest.importorskip("cvat_sdk", reason="CVAT's own package is not installed: pip install cvat-sdk")
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("cvat_agent")


def asking(score=None, polygons=False):
    return SimpleNamespace(frame_name="a.png", conf_threshold=score, conv_mask_to_poly=polygons)


def test_the_agent_lists_its_labels(agent):
    labels = agent.Function(FakeModel()).spec.labels
    assert [(label.id, label.name) for label in labels] == [(1, "ring"), (2, "two bars")]


def test_the_agent_gives_masks_that_cvats_own_package_decodes(agent):
    from cvat_sdk.masks import decode_mask

    model = FakeModel()
    shapes = agent.Function(model).detect(asking(score=0.0), Image.new("RGB", (30, 20)))
    assert model.asked == [((20, 30, 3), 0.05)]  # no lower than the model can
    assert [(shape.label_id, shape.type.value) for shape in shapes] == [(1, "mask"), (2, "mask")]
    for number, shape in enumerate(shapes):
        assert np.array_equal(decode_mask(shape.points, image_width=30, image_height=20), found().mask(number))
    assert len(agent.Function(model).detect(asking(), Image.new("RGB", (30, 20)))) == 1  # MIN_SCORE


def test_the_agent_gives_polygons_where_they_are_asked_for_and_boxes_where_there_are_no_masks(agent):
    shapes = agent.Function(FakeModel(), 0.1).detect(asking(polygons=True), Image.new("RGB", (30, 20)))
    assert [(shape.label_id, shape.type.value) for shape in shapes] == [(1, "polygon"), (2, "polygon"), (2, "polygon")]
    assert [extent(shape.points) for shape in shapes] == [(3, 2, 12, 10), (20, 12, 30, 18), (2, 12, 4, 18)]
    shapes = agent.Function(FakeModel(masks=False), 0.5).detect(asking(polygons=True), Image.new("RGB", (30, 20)))
    assert [(shape.type.value, shape.points) for shape in shapes] == [("rectangle", [3, 2, 12, 10])]
