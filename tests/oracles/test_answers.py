"""Our models against the oracles: the small ones of this folder, and the full-size ones in ../shared where it is.

`python -m pytest tests/oracles/test_answers.py -s` prints the figures that docs/checkpoints.md tells.
"""

import pytest

from tests.oracles.cases import Own, Shared, model_of
from tests.oracles.checks import hold_network, hold_photographs
from tests.oracles.weights import KINDS

pytestmark = pytest.mark.slow
SHARED = {
    "torchvision_v1": "torchvision_maskrcnn_resnet50_fpn",
    "torchvision_v2": "torchvision_maskrcnn_resnet50_fpn_v2",
    "detectron2_r50": "detectron2_mask_rcnn_R_50_FPN_3x",
    "torchvision_keypoint": "torchvision_keypointrcnn_resnet50_fpn",
    "matterport_r50": "matterport_resnet50",
}


@pytest.fixture(scope="module", params=KINDS)
def own(request, tmp_path_factory):
    """A small oracle and the file of its weights."""
    case = Own(request.param)
    return case, case.save(tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module", params=SHARED)
def full(request, shared, tmp_path_factory):
    """A full-size oracle and the file of its weights."""
    folder = shared / "oracle" / SHARED[request.param]
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    case = Shared(folder, request.param)
    return case, case.save(tmp_path_factory.mktemp(request.param))


def report(case, name, figures):
    print(f"\n{case.kind} {name}")
    for what, figure in figures.items():
        print(f"  {what:50} {figure:.3g}" if isinstance(figure, float) else f"  {what:50} {figure[0]} of {figure[1]}")


def test_a_small_oracle_answers_the_same(own):
    case, path = own
    model = model_of(case, path, "image0")
    report(case, "image0", hold_network(case, "image0", model) | hold_photographs(case, "image0", model))
    if not case.kind.startswith("matterport"):
        report(case, "image1", hold_network(case, "image1", model))
    report(case, "image1", hold_photographs(case, "image1", model))


def test_boxes_of_all_levels(own):
    case, path = own
    model = model_of(case, path, "large")
    report(case, "large", hold_photographs(case, "large", model))


@pytest.mark.parametrize("kind", ["torchvision_v1", "torchvision_v2", "detectron2_r50"])
def test_a_batch_of_pictures_of_different_sizes(kind, tmp_path):
    case = Own(kind)
    model = model_of(case, case.save(tmp_path), "batch")
    report(case, "batch", hold_network(case, "batch", model))


def test_a_full_size_oracle_answers_the_same(full):
    case, path = full
    model = model_of(case, path, "image0")
    report(case, "image0", hold_network(case, "image0", model) | hold_photographs(case, "image0", model))
    if case.kind.startswith("matterport"):
        report(case, "image1", hold_network(case, "image1", model) | hold_photographs(case, "image1", model))
    else:
        for name in ("image1", "image2"):
            report(case, name, hold_photographs(case, name, model))


def test_full_size_pictures(full):
    case, path = full
    name = "full1024" if case.kind.startswith("matterport") else "full800"
    report(case, name, hold_photographs(case, name, model_of(case, path, name)))
