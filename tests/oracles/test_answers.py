"""Our models against the oracles: the small ones of this folder, and the full-size ones in ../shared where it is.

`python -m pytest tests/oracles/test_answers.py -s` prints the figures of docs/checkpoints.md.
"""

import numpy as np
import pytest

from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import check, summarize
from tests.oracles.cases import at_sizes_of
from tests.oracles.checks import hold_network, hold_photographs

pytestmark = pytest.mark.slow
SERVED = ("torchvision_v1", "detectron2_r50", "matterport_r50")  # resizing, paste and the rest of each project's rules


def report(case, name, figures):
    print(f"\n{case.kind} {name}")
    for what, figure in figures.items():
        print(f"  {what:50} {figure:.3g}" if isinstance(figure, float) else f"  {what:50} {figure[0]} of {figure[1]}")


def test_small_oracle_has_the_same_stages_and_detections_also_as_saved_model(own, tmp_path):
    case, _, model = own
    report(case, "image0", hold_network(case, "image0", model) | hold_photographs(case, "image0", model))
    if not case.kind.startswith("matterport"):
        report(case, "image1", hold_network(case, "image1", model))
    report(case, "image1", hold_photographs(case, "image1", model))
    if case.kind in SERVED:
        path = saved_model(model, tmp_path / "served" / "1")
        pictures = [case.load(name) for name in ("image0", "image1")]
        images = [arrays.get("image_0", arrays.get("image")) for arrays in pictures]
        figures = summarize(check(model, path, [*images, np.zeros((9, 40, 3), np.uint8)]))
        assert figures["matched"] >= 40
        assert figures["equal"], figures


@pytest.mark.parametrize("own", ["torchvision_v1", "torchvision_v2", "detectron2_r50"], indirect=True)
def test_small_oracle_has_the_same_stages_for_a_batch_of_different_sizes(own):
    case, _, model = own
    assert case.sizes("batch") == case.sizes("image0")
    report(case, "batch", hold_network(case, "batch", model))


def test_small_oracle_has_the_same_detections_of_all_levels(own, without_graphs):
    case, _, model = own
    report(case, "large", hold_photographs(case, "large", at_sizes_of(case, "large", model)))


def test_full_size_oracle_has_the_same_stages_and_detections(full):
    case, _, model = full
    report(case, "image0", hold_network(case, "image0", model) | hold_photographs(case, "image0", model))
    if case.kind.startswith("matterport"):
        report(case, "image1", hold_network(case, "image1", model) | hold_photographs(case, "image1", model))
    else:
        for name in ("image1", "image2"):
            report(case, name, hold_photographs(case, name, model))


def test_full_size_oracle_has_the_same_detections_in_full_size_pictures(full, without_graphs):
    case, _, model = full
    name = "full1024" if case.kind.startswith("matterport") else "full800"
    report(case, name, hold_photographs(case, name, at_sizes_of(case, name, model)))
