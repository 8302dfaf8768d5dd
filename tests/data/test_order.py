"""The order of training pictures: a function of the seed and the number of the sample."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.data import make_pipeline
from mrcnn_keras.data.order import PictureOrder, repeat_factors
from tests.data.small_config import small_config


@given(st.integers(1, 50), st.integers(1, 8), st.integers(0, 5))
def test_every_epoch_is_a_permutation(num_images, batch_size, seed):
    order = PictureOrder(num_images, seed, 0)
    ids = [i for step in range(-(-3 * num_images // batch_size)) for i in order.of_step(step, batch_size)]
    for epoch in range(3):
        assert sorted(ids[epoch * num_images : (epoch + 1) * num_images]) == list(range(num_images))


@given(st.lists(st.floats(1, 8), min_size=1, max_size=30), st.integers(0, 5))
def test_pictures_come_as_often_as_their_factors_say(factors, seed):
    """Rounded down or up; the total may be rounded by half a picture."""
    order = PictureOrder(len(factors), seed, 0, np.array(factors))
    assert abs(order.per_epoch - sum(factors)) <= 0.5
    exact = np.array(factors) * order.per_epoch / sum(factors)
    for epoch in range(3):
        ids = [order.image_id(epoch * order.per_epoch + place) for place in range(order.per_epoch)]
        counts = np.bincount(ids, minlength=len(factors))
        assert (np.abs(counts - exact) < 1 + 1e-6).all()


def test_samples_are_a_function_of_their_number():
    factors = np.array([1.0, 2.5, 1.5])
    whole = [PictureOrder(3, 7, 0, factors).image_id(n) for n in range(40)]
    order = PictureOrder(3, 7, 0, factors)
    assert [order.image_id(n) for n in range(39, -1, -1)] == whole[::-1]
    assert np.bincount(whole)[0] == 8  # once in each of 8 epochs of 5


@pytest.fixture(scope="module")
def unbalanced(squares):
    """100 pictures: class 1 on 96 of them, class 2 on one of these and on no other; three show nothing, one a crowd."""
    one, two = (1, 0, 0, 15, 30), (2, 20, 20, 40, 60)
    return squares(*[[one]] * 95, [one, two], [], [], [], [(-2, 0, 0, 20, 20)])


def test_repeat_factors_by_hand(unbalanced):
    """sqrt(0.04 / 0.01) = 2 for the picture with the rare class; crowd regions do not count."""
    factors = repeat_factors(unbalanced, 0.04)
    assert factors[95] == pytest.approx(2)
    assert (np.delete(factors, 95) == 1).all()
    assert repeat_factors(unbalanced, 0.0) is None
    assert repeat_factors(unbalanced, 0.01) is None  # no class is rarer


def test_batches_show_rare_classes_more_often(unbalanced):
    config = small_config(REPEAT_THRESHOLD=0.16, BATCH_SIZE=1)  # sqrt(0.16 / 0.01) = 4
    pipeline = make_pipeline(unbalanced, config, seed=2)
    assert pipeline.steps_per_epoch == 103
    rare = [bool((batch["gt_class_ids"].numpy() == 2).any()) for batch in pipeline.take(103)]
    assert sum(rare) == 4
    tail = make_pipeline(unbalanced, config, seed=2, start_step=60).take(43)
    assert [bool((batch["gt_class_ids"].numpy() == 2).any()) for batch in tail] == rare[60:]
