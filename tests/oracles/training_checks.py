"""The losses and gradients of one training step, with the anchors and RoIs that the original sampled.

torchvision v2 is trained with batch norm's own statistics, which magnifies float32's rounding from layer to layer, so
its gradients are held less closely. (PyTorch's own float32 and float64 differ by 4e-3 there in the median.)

Of the nine million inputs of ReLUs in the keypoint head some lie so near to zero that rounding decides whether they
teach. The original's float32 gradients of that head differ from float64's, fed the same features, by 2.6e-3 to 6.5e-3,
ours by 1.4e-3 to 3.5e-3; and the pyramid gets them from there. Everything else is held as closely as elsewhere.
"""

import numpy as np
import pytest

from mrcnn_keras.weights.maps import detectron2, torchvision
from tests.oracles.cases import model_of
from tests.oracles.training_step import LOSSES, losses_and_gradients

LOSS, GRADIENT = 1e-4, 1e-3  # relative
LOSS_OF_SMALL_V2 = 5e-4  # few RoIs
NO_GRADIENT = 1e-6  # the norm of one that is zero up to rounding: a softmax ignores its maps' bias
BATCH_STATISTICS = dict(BACKBONE_NORM="bn", HEAD_NORM="bn", BACKBONE_FREEZE_STAGES=0)
# kind: (settings, largest and median relative difference of a gradient), in the order of the oracles
KINDS = {
    "torchvision_v1": ({}, GRADIENT, GRADIENT),
    "torchvision_v2": (BATCH_STATISTICS, 1e-1, 1e-2),
    "detectron2_r50": ({}, GRADIENT, GRADIENT),
    "torchvision_keypoint": ({}, 1e-2, 2e-3),
}


def hold(case, model, arrays, weights, loss=LOSS):
    """Losses and gradients of our model against the file's."""
    is_detectron2 = case.kind.startswith("detectron2")
    losses, gradients = losses_and_gradients(model, arrays, is_detectron2)
    for name in model.loss_names:
        expected = float(arrays[LOSSES[name][is_detectron2]])
        print(f"{case.kind} {name:20} {losses[name]:.6f} {losses[name] / expected - 1:+.1e}")
        assert losses[name] == pytest.approx(expected, rel=loss), name
    # The map from names to variables turns gradients as it turns weights.
    source = detectron2 if is_detectron2 else torchvision
    known = {key.removeprefix("grad:"): value for key, value in arrays.items() if key.startswith("grad:")}
    values, _ = source.translate({**weights, **known})
    _, largest, median = KINDS[case.kind]
    differences = {}
    for path, value in values.items():
        if len(value.sources) == 1 and value.sources[0] in known and path in gradients:
            expected = value()
            norm = np.linalg.norm(expected)
            if norm > NO_GRADIENT:
                differences[path] = np.linalg.norm(gradients[path] - expected) / norm
    assert len(differences) >= 20
    print(case.kind, f"gradients {max(differences.values()):.1e} {np.median(list(differences.values())):.1e}")
    assert max(differences.values()) < largest, differences
    assert np.median(list(differences.values())) < median, differences


def hold_oracle(oracle, weights, loss=LOSS):
    """oracle: of the fixtures own and full. Its file train.npz has the sizes of the other small files."""
    case, path, model = oracle
    settings = KINDS[case.kind][0]
    model = model_of(case, path, "image0", **settings) if settings else model()
    hold(case, model, case.load("train"), weights, loss)
