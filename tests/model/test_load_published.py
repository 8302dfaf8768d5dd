"""load_weights("coco") and ("imagenet"): the published file of the model, fetched once and converted once."""

import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN, checkpoints
from mrcnn_keras.weights.fetch import download, published
from mrcnn_keras.weights.fetch.published import COCO, IMAGENET, digest_of
from tests.model.loading import FAST, THIN, assert_same_weights, fresh_model, weights_of
from tests.weights.fetch.loopback import serving
from tests.weights.files.saved_files import imagenet_file, save_torch
from tests.weights.maps.thin_files import RESNET18, torchvision_file

NAME = "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """What the server sends as the published file of torchvision_faster_v1. It has a ResNet-18 inside."""
    path = tmp_path_factory.mktemp("original") / "x.pth"
    return save_torch(path, torchvision_file(masks=False, **RESNET18))


@pytest.fixture(scope="module")
def values(original):
    """{path: value} of that file."""
    with checkpoints.open_checkpoint(original) as checkpoint:
        return {path: value() for path, value in checkpoint.values.items()}


@pytest.fixture(scope="module")
def model(original):
    return fresh_model(original)


@pytest.fixture(autouse=True)
def _other_weights(model):
    """Before each test the model has other weights than the file."""
    for weight in model.weights:
        if weight.dtype.startswith("float"):
            weight.assign(np.full(weight.shape, 0.5))


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def asked(monkeypatch, home, original):
    """The requests that the server has received."""
    with serving(monkeypatch, home) as (put, asked):
        put(COCO, "torchvision_faster_v1", original)
        # The table says ResNet-50, as the real file is.
        monkeypatch.setattr(checkpoints, "published_file", lambda *_: COCO["torchvision_faster_v1"])
        yield asked


def assert_has(model, values):
    assert_same_weights(weights_of(model), {path: values[path] for path in weights_of(model)})


def test_load_published_coco(asked, home, model, values, capsys, monkeypatch):
    hashed = []
    for module in (download, published):
        monkeypatch.setattr(module, "digest_of", lambda path, kind: hashed.append(path) or digest_of(path, kind))
    report = model.load_weights("coco")
    assert len(hashed) == 1
    assert report.complete
    assert report.notes == []
    assert {*report.left_over.values()} == {"a counter of training steps"}
    assert_has(model, values)
    assert asked == [f"/models/{NAME}"]
    printed = capsys.readouterr().out
    assert f"{NAME} of torchvision; licence: torchvision states no licence for its weights" in printed
    assert str(report) in printed
    assert (home / "weights" / NAME).exists()
    assert report.source == str(home / "weights" / NAME)


def test_load_published_again_without_fetching_or_opening_the_original(asked, model, values, monkeypatch):
    first = model.load_weights("coco")
    for weight in model.weights[:3]:
        weight.assign(weight + 1)
    monkeypatch.setattr("mrcnn_keras.model.checkpoints._open_foreign", lambda path: pytest.fail(f"{path} opened"))
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "1")
    assert model.load_weights("coco").as_dict() == first.as_dict()
    assert_has(model, values)
    assert len(asked) == 1


@pytest.mark.parametrize("place", [0.01, 0.5, 0.999])
def test_load_published_replaces_a_damaged_conversion(place, asked, home, model, values):
    model.load_weights("coco")
    (target,) = (home / "converted").iterdir()
    whole = bytearray(target.read_bytes())
    start = int(place * len(whole))
    whole[start : start + 40] = bytes(byte ^ 0x55 for byte in whole[start : start + 40])
    target.write_bytes(whole)
    assert model.load_weights("coco").complete
    assert_has(model, values)
    assert len(asked) == 1


def test_load_published_fetches_a_damaged_original_again(asked, home, model, values):
    model.load_weights("coco")
    path = home / "weights" / NAME
    path.write_bytes(path.read_bytes()[:-5000])
    assert model.load_weights("coco").complete
    assert_has(model, values)
    assert len(asked) == 2


@pytest.mark.parametrize("what", ["coco", "imagenet"])
def test_load_published_offline_says_what_to_put_where(what, asked, home, model, monkeypatch):
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "1")
    before = weights_of(model)
    with pytest.raises(UserError) as caught:
        model.load_weights(what)
    message = str(caught.value)
    assert "is not fetched, since MRCNN_KERAS_OFFLINE is set" in message
    assert f"get {NAME} in another way and put it into the folder {home / 'weights'}" in message
    assert asked == []
    assert_same_weights(weights_of(model), before)


def test_load_published_takes_a_file_put_there_by_hand(asked, home, model, values, original, monkeypatch):
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "1")
    (home / "weights").mkdir(parents=True)
    (home / "weights" / NAME).write_bytes(original.read_bytes())
    assert model.load_weights("coco").complete
    assert_has(model, values)


def test_load_published_imagenet(monkeypatch, home, tmp_path, capsys):
    """By the table: the file of BACKBONE and BACKBONE_STRIDE_IN, whatever the preset."""
    tensors = imagenet_file(**RESNET18)
    model = MaskRCNN(Config.preset("resnet18_fpn", MASKS=False, **{**THIN, **FAST}))
    before = weights_of(model)
    with serving(monkeypatch, home) as (put, asked):
        put(IMAGENET, ("resnet18", "3x3"), save_torch(tmp_path / "x.pth", tensors))
        for _ in range(2):
            report = model.load_weights("imagenet")
            assert asked == ["/models/resnet18-f37072fd.pth"]
    after = weights_of(model)
    backbone = {path for path in before if path.startswith(("stem_", "res"))}
    assert {*report.loaded} == backbone
    assert {*report.missing} == {*before} - backbone
    assert report.notes == []
    np.testing.assert_array_equal(after["res5_1_norm2/gamma"], tensors["layer4.1.bn2.weight"])
    np.testing.assert_array_equal(after["rpn/conv/kernel"], before["rpn/conv/kernel"])
    assert "resnet18-f37072fd.pth of torchvision; licence: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("what", "settings", "sentence"),
    [
        ("coco", {"PRESET": ""}, "settings without a preset have no published COCO weights; take 'imagenet', or one"),
        ("coco", {"PRESET": "resnet18_fpn"}, "preset 'resnet18_fpn' has no published COCO weights"),
        ("coco", {}, "BACKBONE = 'resnet18': the published COCO weights of preset 'torchvision_faster_v1' are for"),
        ("cocoo", {}, "cocoo does not exist"),
    ],
)
def test_load_published_refuses_what_is_not_published(what, settings, sentence, model):
    other = MaskRCNN(model.config.replace(**settings)) if settings else model
    with pytest.raises(UserError, match=sentence):
        other.load_weights(what)
