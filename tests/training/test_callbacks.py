"""Callbacks of a training; see also test_loop.py."""

import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.training.callbacks import decisive_metric


@pytest.mark.parametrize(
    ("settings", "metric"),
    [
        ({}, "segm/AP"),
        ({"MASKS": False}, "bbox/AP"),
        ({"NUM_KEYPOINTS": 3}, "keypoints/AP"),
        ({"NUM_KEYPOINTS": 3, "MASKS": False}, "keypoints/AP"),
    ],
)
def test_best_model_is_chosen_by_the_most_detailed_output(settings, metric):
    assert decisive_metric(Config(**settings)) == metric
