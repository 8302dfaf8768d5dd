"""The SavedModel of a published architecture answers as the model: resizing, paste and all other conventions."""

import numpy as np
import pytest

from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import check, summarize
from tests.oracles.cases import Own, model_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["torchvision_v1", "detectron2_r50", "matterport_r50"])
def test_the_saved_model_answers_as_the_model(kind, tmp_path):
    case = Own(kind)
    model = model_of(case, case.save(tmp_path), "image0")
    path = saved_model(model, tmp_path / "served" / "1")
    pictures = [case.load(name) for name in ("image0", "image1")]
    images = [arrays.get("image_0", arrays.get("image")) for arrays in pictures]
    figures = summarize(check(model, path, [*images, np.zeros((9, 40, 3), np.uint8)]))
    assert figures["matched"] >= 40
    assert figures["equal"], figures
