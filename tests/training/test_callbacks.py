"""What happens during a training: see also test_training.py."""

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
def test_the_finest_answer_decides_which_model_is_best(settings, metric):
    assert decisive_metric(Config(**settings)) == metric
