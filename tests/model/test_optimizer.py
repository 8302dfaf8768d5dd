"""The optimizer that the settings describe."""

import keras
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.model.optimizer import check_accumulation, make_optimizer


def test_settings_reach_the_optimizer():
    plain = make_optimizer("sgd", 0.5)
    assert (plain.use_ema, plain.gradient_accumulation_steps, plain.weight_decay) == (False, None, None)
    full = make_optimizer("adamw", 0.5, weight_decay=0.1, clip_norm=3, accumulation=4, ema_momentum=0.9)
    assert (full.use_ema, full.ema_momentum, full.gradient_accumulation_steps) == (True, 0.9, 4)
    assert (full.weight_decay, full.global_clipnorm) == (0.1, 3)
    assert make_optimizer("sgd", 0.5, accumulation=1).gradient_accumulation_steps is None


def test_accumulation_on_several_devices_is_refused():
    """Keras 3.15 fails there with "merge_call called while defining a new graph"."""
    optimizer = keras.optimizers.SGD(gradient_accumulation_steps=4)
    for one in (optimizer, keras.optimizers.LossScaleOptimizer(optimizer)):
        with pytest.raises(UserError, match="GRADIENT_ACCUMULATION 4: Keras cannot accumulate gradients on 2 devices"):
            check_accumulation(one, 2)
        check_accumulation(one, 1)
    check_accumulation(keras.optimizers.SGD(), 2)


@pytest.mark.parametrize(("scaling", "rate"), [("none", 0.1), ("linear", 0.4), ("sqrt", 0.2)])
def test_the_rate_follows_the_images_of_an_update(scaling, rate):
    """8 images per update, and 0.1 for 2."""
    images = {"BATCH_SIZE": 4, "GRADIENT_ACCUMULATION": 2, "LEARNING_RATE": 0.1, "LEARNING_RATE_BATCH": 2}
    config = Config(**images, LEARNING_RATE_SCALING=scaling)
    assert config.peak_learning_rate() == pytest.approx(rate)
    assert config.replace(BATCH_SIZE=1, GRADIENT_ACCUMULATION=2).peak_learning_rate() == pytest.approx(0.1)
