"""Our models against the oracles: the small ones of this folder, and the full-size ones in ../shared where it is.

All of it in one file, which a worker of pytest runs as a whole: so each model is made once. To make graphs of all of
them would take longer than the rest; one has it.

`python -m pytest tests/oracles/test_answers.py -s` prints the figures of docs/checkpoints.md.
"""

import pytest

from tests.oracles.cases import at_sizes_of, shared_weights
from tests.oracles.checks import hold_network, hold_photographs
from tests.oracles.training_checks import KINDS, LOSS, LOSS_OF_SMALL_V2, hold_oracle
from tests.oracles.weights import KINDS as OWN
from tests.oracles.weights import state_dict

pytestmark = pytest.mark.slow


def report(case, name, figures):
    print(f"\n{case.kind} {name}")
    for what, figure in figures.items():
        print(f"  {what:50} {figure:.3g}" if isinstance(figure, float) else f"  {what:50} {figure[0]} of {figure[1]}")


def test_small_oracle_has_the_same_stages_and_detections(own, without_graphs):
    case, model = own[0], own[2]()
    report(case, "image0", hold_network(case, "image0", model) | hold_photographs(case, "image0", model))
    if not case.kind.startswith("matterport"):
        report(case, "image1", hold_network(case, "image1", model))
    report(case, "image1", hold_photographs(case, "image1", model))


@pytest.mark.parametrize("own", ["torchvision_v1", "torchvision_v2", "detectron2_r50"], indirect=True)
def test_small_oracle_has_the_same_stages_for_a_batch_of_different_sizes(own):
    case, model = own[0], own[2]()
    assert case.sizes("batch") == case.sizes("image0")
    report(case, "batch", hold_network(case, "batch", model))


def test_small_oracle_has_the_same_detections_of_all_levels(own, without_graphs):
    case, model = own[0], own[2]()
    with at_sizes_of(case, "large", model):
        report(case, "large", hold_photographs(case, "large", model))


@pytest.mark.parametrize("own", ["torchvision_v1"], indirect=True)
def test_small_oracle_has_the_same_detections_in_a_graph(own):
    case, model = own[0], own[2]()
    report(case, "image0", hold_photographs(case, "image0", model))


@pytest.mark.parametrize("own", [kind for kind in KINDS if kind in OWN], indirect=True)
def test_small_oracle_has_the_same_losses_and_gradients(own):
    kind = own[0].kind
    assert own[0].sizes("train") == own[0].sizes("image0")
    hold_oracle(own, state_dict(kind), LOSS_OF_SMALL_V2 if kind == "torchvision_v2" else LOSS)


def test_full_size_oracle_has_the_same_stages_and_detections(full, without_graphs):
    case, model = full[0], full[2]()
    report(case, "image0", hold_network(case, "image0", model) | hold_photographs(case, "image0", model))
    if case.kind.startswith("matterport"):
        report(case, "image1", hold_network(case, "image1", model) | hold_photographs(case, "image1", model))
    else:
        for name in ("image1", "image2"):
            report(case, name, hold_photographs(case, name, model))


def test_full_size_oracle_has_the_same_detections_in_full_size_pictures(full, without_graphs):
    case, model = full[0], full[2]()
    name = "full1024" if case.kind.startswith("matterport") else "full800"
    with at_sizes_of(case, name, model):
        report(case, name, hold_photographs(case, name, model))


@pytest.mark.parametrize("full", KINDS, indirect=True)
def test_full_size_oracle_has_the_same_losses_and_gradients(full):
    hold_oracle(full, shared_weights(full[0].folder))
