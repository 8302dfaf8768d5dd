"""The small oracle files: complete, small, and still the outputs of the reference implementation."""

import json

import h5py
import numpy as np
import pytest

from tests.oracles.drawing import SIZES, objects, picture
from tests.oracles.files import CONVENTIONS, load, part
from tests.oracles.weights import FOLDER, KINDS, recipe, state_dict, write_h5

FILES = [(kind, name) for kind in KINDS for name in recipe(kind)["files"]]


def test_all_files_together_are_small():
    assert sum(path.stat().st_size for kind in KINDS for path in (FOLDER / kind).iterdir()) < 1_500_000


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_finite_and_variances_positive(kind):
    for name, value in state_dict(kind).items():
        assert np.all(np.isfinite(value)), name
        if "var" in name:
            assert value.min() > 0.4, name


def test_weights_come_from_their_names_alone():
    first, again = state_dict("torchvision_v1"), state_dict("torchvision_v1")
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(
        first["backbone.body.layer1.1.conv1.weight"], first["backbone.body.layer1.2.conv1.weight"]
    )


@pytest.mark.parametrize(
    ("kind", "table"),
    [("torchvision_v1", "torchvision_maskrcnn_v1_keys.tsv"), ("torchvision_v2", "torchvision_maskrcnn_v2_keys.tsv")],
)
def test_names_are_those_of_the_published_file(kind, table, shared):
    lines = (shared / "reference" / table).read_text().splitlines()
    names = [line.split("\t")[0] for line in lines]
    if kind == "torchvision_v1":  # its frozen batch norms count nothing, though the table has a counter for each
        names = [name for name in names if "num_batches_tracked" not in name]
    assert list(state_dict(kind)) == names


def test_names_are_those_of_detectron2(shared):
    published = json.loads((shared / "oracle" / "detectron2_mask_rcnn_R_50_FPN_3x" / "weights.json").read_text())
    assert set(state_dict("detectron2_r50")) == set(published["order"])


def test_matterport_file_has_the_published_layout(tmp_path, shared):
    lines = (shared / "reference" / "matterport_h5_resnet50_81.tsv").read_text().splitlines()[1:]
    with h5py.File(write_h5(tmp_path / "small.h5")) as file:
        paths = []
        file.visititems(lambda path, item: paths.append(path) if isinstance(item, h5py.Dataset) else None)
        assert file["rpn_model"].attrs["weight_names"][0] == b"rpn_conv_shared/kernel:0"
        assert file["input_image"].attrs["weight_names"].size == 0
    assert set(paths) == {line.split("\t")[0] for line in lines}


@pytest.mark.parametrize("name", SIZES)
def test_pictures_have_their_size_and_some_contrast(name):
    image = picture(name)
    assert image.shape == (*SIZES[name], 3)
    assert image.std() > 30


def test_objects_lie_in_their_boxes():
    boxes, labels, masks = objects("small", (75, 110), 4, 1, 6)
    assert set(labels) <= set(range(1, 7))
    for (x1, y1, x2, y2), mask in zip(boxes, masks, strict=True):
        rows, columns = np.nonzero(mask)
        assert 0 <= x1 <= columns.min() <= columns.max() + 1 <= x2 <= 110
        assert 0 <= y1 <= rows.min() <= rows.max() + 1 <= y2 <= 75


def test_a_key_names_its_part_of_a_stage():
    stages = {
        "fpn_p2": np.arange(1 * 8 * 2 * 2).reshape(1, 8, 2, 2),
        "c2": np.zeros((4, 4, 6)),
        "box_logits": np.eye(5),
    }
    assert part("fpn_p2_every_4th_channel", stages)[0, :, 0, 0].tolist() == [0, 16]
    assert part("fpn_p2_every_2nd_pixel", stages).shape == (1, 8, 1, 1)
    assert part("c2_every_2nd_pixel", stages).shape == (2, 2, 6)
    assert part("box_logits_first_2", stages).shape == (2, 5)


@pytest.mark.parametrize(("kind", "name"), FILES)
def test_nearly_all_rows_are_steady(kind, name):
    arrays = load(kind, name)
    steady = {key: value for key, value in arrays.items() if "steady" in key}
    assert steady or name == "train"
    for key, value in steady.items():
        assert value.mean() >= 0.97, key


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name in FILES if name in ("image0", "image1")])
def test_the_reference_still_has_these_stages(kind, name):
    torch = pytest.importorskip("torch")
    from tests.oracles.reference import matterport
    from tests.oracles.reference.answer import answer

    expected, content = load(kind, name), recipe(kind)
    sizes, settings = content["files"][name]["sizes"], content["settings"]
    if kind in CONVENTIONS:
        picture_and_rest = [expected["image_0"]], CONVENTIONS[kind], *sizes, settings
        ours = answer(state_dict(kind), *picture_and_rest, dtype=torch.float64)
    else:
        ours = matterport.answer(state_dict(kind), expected["image"], *sizes, settings, dtype=torch.float64)
    for key, value in expected.items():
        if "steady" not in key and not key.startswith("image") and "bits" not in key:
            np.testing.assert_allclose(part(key, ours), value, rtol=1e-4, atol=1e-5 * max(np.abs(value).max(), 1))


@pytest.mark.parametrize("kind", [kind for kind, name in FILES if name == "train"])
def test_the_training_step_still_has_these_losses(kind):
    pytest.importorskip("torch")
    from tests.oracles.training_oracle import train_arrays

    content, expected = recipe(kind), load(kind, "train")
    train, classes = content["files"]["train"], content["num_classes"] - 1
    rest = CONVENTIONS[kind], train["sizes"], content["settings"], classes, train["sample_seed"]
    ours = train_arrays(state_dict(kind), *rest)
    for key in (key for key in ours if key.startswith("loss")):
        assert float(ours[key]) == pytest.approx(float(expected[key]), rel=1e-6), key
    np.testing.assert_allclose(ours["gradient_norms"], expected["gradient_norms"], rtol=1e-3)
