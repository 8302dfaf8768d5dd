"""Our models against the oracles: the small ones of this folder, and the full-size ones in ../shared where it is.

`python -m pytest tests/oracles/test_answers.py -s` prints the figures of docs/checkpoints.md.
"""

import pytest

from tests.oracles.cases import at_sizes_of
from tests.oracles.checks import hold_network, hold_photographs

pytestmark = pytest.mark.slow


def report(case, name, figures):
    print(f"\n{case.kind} {name}")
    for what, figure in figures.items():
        print(f"  {what:50} {figure:.3g}" if isinstance(figure, float) else f"  {what:50} {figure[0]} of {figure[1]}")


def test_small_oracle_has_the_same_stages_and_detections(own):
    case, _, model = own
    report(case, "image0", hold_network(case, "image0", model) | hold_photographs(case, "image0", model))
    if not case.kind.startswith("matterport"):
        report(case, "image1", hold_network(case, "image1", model))
    report(case, "image1", hold_photographs(case, "image1", model))


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
