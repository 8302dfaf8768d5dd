"""load_weights and from_checkpoint: each kind of file gives the model that fits its own settings all its values."""

import json

import h5py
import keras
import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN, open_checkpoint
from mrcnn_keras.weights.maps import find_source
from tests.model.loading import FAST, assert_same_weights, fresh_model, weights_of
from tests.weights.files.saved_files import EXAMPLES, imagenet_file, save, save_torch
from tests.weights.maps.thin_files import RESNET18, detectron2_file, torchvision_file


@pytest.mark.parametrize("name", EXAMPLES)
def test_load_weights_of_each_kind_of_file(name, tmp_path, capsys):
    path, tensors, preset = save(tmp_path, name)
    model = fresh_model(path)
    assert preset == model.config.PRESET
    report = model.load_weights(path)
    values, left_over = find_source(tensors.shapes).translate(tensors)
    loaded = weights_of(model)
    assert {*loaded} == {*values}
    assert_same_weights(loaded, {place: values[place]() for place in loaded})
    assert report is model.load_report
    assert report.complete
    assert sorted(report.loaded) == sorted(values)
    assert (report.source, report.left_over, report.notes) == (str(path), left_over, [])
    assert capsys.readouterr().out == f"{report}\n"
    json.dumps(report.as_dict())


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The file of a torchvision Mask R-CNN with ResNet-18 and 4 classes, and the model that it holds."""
    path = save_torch(tmp_path_factory.mktemp("small") / "small.pth", torchvision_file(**RESNET18))
    return path, MaskRCNN.from_checkpoint(path, **FAST)


def test_from_checkpoint_finds_the_settings(small):
    path, model = small
    fresh = fresh_model(path)
    fresh.load_weights(str(path))
    assert_same_weights(weights_of(model), weights_of(fresh))
    assert model.load_report.complete
    found = {name: getattr(model.config, name) for name in ("PRESET", "BACKBONE", "BACKBONE_WIDTH", "NUM_CLASSES")}
    assert found == {"PRESET": "torchvision_v1", "BACKBONE": "resnet18", "BACKBONE_WIDTH": 8, "NUM_CLASSES": 4}
    assert (model.config.TOP_DOWN_PYRAMID_SIZE, model.config.FPN_CLASSIF_FC_LAYERS_SIZE) == (12, 10)
    assert (model.config.POOL_SIZE, model.config.CLASS_NAMES, model.config.CATEGORY_IDS) == (2, (), ())
    assert model.config.BACKBONE_NORM_EPSILON == 0  # of the preset
    assert FAST["DETECTION_MAX_INSTANCES"] == model.config.DETECTION_MAX_INSTANCES  # given to from_checkpoint


@pytest.mark.parametrize(
    ("make", "stop_sign", "gap"),
    [
        (lambda: torchvision_file(classes=91, **RESNET18), 13, "N/A"),
        (lambda: detectron2_file(80, **RESNET18), 12, None),
    ],
    ids=["91 classes", "80 classes and the background"],
)
def test_from_checkpoint_knows_cocos_names_and_ids(make, stop_sign, gap, tmp_path):
    """Category 12 is a gap in COCO: torchvision has a class for it, the others do not."""
    model = MaskRCNN.from_checkpoint(save_torch(tmp_path / "x.pth", make()), **FAST)
    names, ids = model.config.CLASS_NAMES, model.config.CATEGORY_IDS
    assert len(names) == model.config.NUM_CLASSES == len(ids) + 1
    assert (names[0], names[1], names[stop_sign], names[-1]) == ("BG", "person", "stop sign", "toothbrush")
    assert (ids[0], ids[stop_sign - 1], ids[-1]) == (1, 13, 90)
    assert gap is None or names[12] == gap


def test_from_checkpoint_with_other_classes(tmp_path):
    path = save_torch(tmp_path / "x.pth", torchvision_file(classes=91, **RESNET18))
    names = ("BG", "cat", "dog")
    model = MaskRCNN.from_checkpoint(path, NUM_CLASSES=3, CLASS_NAMES=names, **FAST)
    config = model.config
    assert (names, ()) == (config.CLASS_NAMES, config.CATEGORY_IDS)
    assert len(model.load_report.replaced) == 6
    assert MaskRCNN.from_checkpoint(path, NUM_CLASSES=3, **FAST).config.CLASS_NAMES == ()


def test_load_weights_of_a_keras_file(small, tmp_path, monkeypatch):
    _, model = small
    model.save(tmp_path / "model.keras")
    other = MaskRCNN(model.config)
    monkeypatch.setattr(MaskRCNN, "__init__", lambda *_: pytest.fail("built another model"))
    with open_checkpoint(tmp_path / "model.keras") as checkpoint:
        assert checkpoint.config() == model.config
        assert checkpoint.has_anchors
    report = other.load_weights(tmp_path / "model.keras")
    assert report.complete
    assert report.notes == []
    assert_same_weights(weights_of(other), weights_of(model))


def test_load_weights_of_a_keras_file_with_other_classes(small, tmp_path):
    _, model = small
    model.save(tmp_path / "model.keras")
    other = MaskRCNN(model.config.replace(NUM_CLASSES=2))
    before = weights_of(other)
    report = other.load_weights(str(tmp_path / "model.keras"))
    layers = ("box_head/class_logits", "box_head/deltas", "mask_head/logits")
    replaced = {f"{layer}/{part}" for layer in layers for part in ("kernel", "bias")}
    assert {*report.replaced} == replaced
    expected = {path: (before if path in replaced else weights_of(model))[path] for path in before}
    assert_same_weights(weights_of(other), expected)


def test_load_weights_of_a_weights_h5_file(small, tmp_path):
    _, model = small
    model.save_weights(tmp_path / "x.weights.h5")
    other = MaskRCNN(model.config)
    other.load_weights(tmp_path / "x.weights.h5")
    assert_same_weights(weights_of(other), weights_of(model))
    with h5py.File(tmp_path / "x.weights.h5", "a") as file:
        file.move("layers/rpn_head/logits", "elsewhere")
        file["layers/rpn_head/logits"] = h5py.ExternalLink("other.h5", "/")
    with pytest.raises(UserError, match="x.weights.h5 has a link to another file under the name 'logits', which is"):
        other.load_weights(tmp_path / "x.weights.h5")
    (tmp_path / "x.weights.h5").write_bytes((tmp_path / "x.weights.h5").read_bytes()[:-1])
    with pytest.raises(UserError, match="x.weights.h5 has .* bytes where it should have .*: it is cut short"):
        other.load_weights(tmp_path / "x.weights.h5")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("none.pth", None, "none.pth does not exist; give"),
        ("none.keras", None, "none.keras does not exist; give"),
        ("text.pth", b"no weights at all", "text.pth "),
        ("text.keras", b"no weights at all", "text.keras cannot be read as a .keras model"),
        ("empty.h5", b"", "empty.h5 "),
    ],
)
def test_load_weights_refuses_unreadable_files(name, content, sentence, small, tmp_path):
    _, model = small
    before = weights_of(model)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=sentence):
        model.load_weights(tmp_path / name)
    with pytest.raises(UserError, match=name):
        MaskRCNN.from_checkpoint(tmp_path / name)
    assert_same_weights(weights_of(model), before)


def test_load_weights_refuses_tensors_of_no_known_model(small, tmp_path):
    path = save_torch(tmp_path / "other.pth", {"encoder.weight": np.ones((2, 2), "f4")})
    for load in (small[1].load_weights, MaskRCNN.from_checkpoint):
        with pytest.raises(UserError, match=r"other.pth: holds encoder.weight \.\.\.: no model that is known"):
            load(path)


def test_from_checkpoint_refuses_a_backbone_alone(tmp_path):
    path = save_torch(tmp_path / "resnet18.pth", imagenet_file(**RESNET18))
    with pytest.raises(UserError, match="resnet18.pth holds a backbone alone, no whole model; it can only be"):
        MaskRCNN.from_checkpoint(path)


def test_load_weights_leaves_the_optimizer(small):
    """What the optimizer knows about the gradients does not depend on the file."""
    path, model = small
    model.compile(optimizer=keras.optimizers.SGD(0.125))
    model.load_weights(path)
    assert float(model.optimizer.learning_rate) == 0.125


def test_classes_of_a_file_in_another_order_are_taken_by_name(small_model, tmp_path):
    names = {"NUM_CLASSES": 4, "CLASS_NAMES": ("BG", "cat", "dog", "owl"), "DETECTION_MIN_CONFIDENCE": 1e-3}
    saved = small_model(**names)
    saved.save(tmp_path / "saved.keras")
    order = ("BG", "owl", "cat", "dog")
    other = MaskRCNN(saved.config.replace(CLASS_NAMES=order))
    report = other.load_weights(tmp_path / "saved.keras")
    assert report.notes == ["the file has its classes in the order cat, dog, owl; they are matched by name"]
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    before, after = (model.predict([image]) for model in (saved, other))
    np.testing.assert_array_equal(after["boxes"], before["boxes"])
    assert [order[i] for i in after["class_ids"][0]] == [names["CLASS_NAMES"][i] for i in before["class_ids"][0]]
    assert (after["class_ids"] != before["class_ids"]).any()
    np.testing.assert_array_equal(after["masks"], before["masks"])
