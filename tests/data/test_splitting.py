"""Splits: each class on both sides, copies on one, and old splits as they were."""

import numpy as np
import pytest

from mrcnn_keras.data.splitting import split_groups


def shares(classes, val):
    """{class: (pictures with it in training, in validation)}"""
    names = sorted({name for of_picture in classes for name in of_picture})
    on = {name: {i for i, of_picture in enumerate(classes) if name in of_picture} for name in names}
    return {name: (len(places - set(val)), len(places & set(val))) for name, places in on.items()}


@pytest.mark.parametrize("seed", range(8))
def test_rare_classes_are_on_both_sides(seed):
    classes = [{1}] * 60 + [{1, 2}] * 10 + [{3}] * 2 + [{2, 4}] * 2 + [{5}] + [set()] * 25
    train, val = split_groups([[i] for i in range(100)], 0.2, seed, lambda i: classes[i])
    assert sorted(train + val) == list(range(100))
    assert len(val) == 20
    found = shares(classes, val)
    assert found[3] == found[4] == (1, 1)
    assert found[5] == (1, 0)  # to learn from, as it cannot be on both
    assert found[1][1] in (13, 14, 15)  # of 70
    assert found[2][1] in (2, 3)  # of 12
    assert 4 <= sum(i >= 75 for i in val) <= 6  # without objects


def test_chance_alone_is_worse():
    classes = [{1}] * 98 + [{2}] * 2
    both = [0, 0]
    for seed in range(20):
        for kind, classes_of in enumerate((None, lambda i: classes[i])):
            _, val = split_groups([[i] for i in range(100)], 0.2, seed, classes_of)
            both[kind] += shares(classes, val)[2] == (1, 1)
    assert both[0] < 12
    assert both[1] == 20


def test_seeds_differ_and_are_kept():
    groups = [[i] for i in range(30)]
    first = split_groups(groups, 0.3, 5, lambda i: {i % 3})
    assert first == split_groups(groups, 0.3, 5, lambda i: {i % 3})
    assert first != split_groups(groups, 0.3, 6, lambda i: {i % 3})


def test_many_classes_of_many_pictures_take_no_time():
    random = np.random.default_rng(0)
    classes = [set(random.integers(0, 80, 6).tolist()) for _ in range(2000)]
    _, val = split_groups([[i] for i in range(2000)], 0.2, 0, lambda i: classes[i])
    assert len(val) == 400
    assert all(0.1 < there / (here + there) < 0.3 for here, there in shares(classes, val).values())


def test_without_classes_the_split_is_that_of_version_0_1(squares):
    dataset = squares(*[[(1, 0, 0, 5, 5)]] * 10)
    order = np.random.default_rng(5).permutation(10)
    train, val = dataset.split(0.3, seed=5, stratify=False)
    assert [info["id"] for info in val.image_info] == sorted(order[:3].tolist())
    assert [info["id"] for info in train.image_info] == sorted(order[3:].tolist())
