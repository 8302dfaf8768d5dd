"""The oracles, each with the model of its weights, which is made once for all that is held against it."""

import functools

import pytest

from tests.oracles.cases import Own, Shared, model_of
from tests.oracles.weights import KINDS
from tests.undrawn import without_draws

SHARED = {
    "torchvision_v1": "torchvision_maskrcnn_resnet50_fpn",
    "torchvision_v2": "torchvision_maskrcnn_resnet50_fpn_v2",
    "detectron2_r50": "detectron2_mask_rcnn_R_50_FPN_3x",
    "torchvision_keypoint": "torchvision_keypointrcnn_resnet50_fpn",
    "matterport_r50": "matterport_resnet50",
}


def _with_model(case, folder):
    path = case.save(folder)

    @functools.cache
    def model():
        with pytest.MonkeyPatch.context() as patch:
            without_draws(patch)
            return model_of(case, path, "image0")

    return case, path, model


@pytest.fixture(scope="session", params=KINDS)
def own(request, tmp_path_factory):
    """A small oracle, the file of its weights, and a function that gives its model for all pictures but the large."""
    return _with_model(Own(request.param), tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="session", params=SHARED)
def full(request, shared, tmp_path_factory):
    """The same of a full-size oracle in ../shared."""
    folder = shared / "oracle" / SHARED[request.param]
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return _with_model(Shared(folder, request.param), tmp_path_factory.mktemp(request.param))
