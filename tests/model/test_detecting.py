"""Batches of detect: which photographs go through the network together, in what order, and what is computed of them."""

import threading

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from tests.graphs import op_by_op

SIZES = [(64, 64), (40, 60), (60, 40), (64, 50), (33, 64)]  # "square" mode: all are 64 x 64 in the network


def photograph(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def finder(small_model):
    return small_model(DETECTION_MIN_CONFIDENCE=0.01)


@pytest.fixture
def batches(finder, monkeypatch):
    """Sizes of the batches that reach the network."""
    sizes, run = [], finder._detector._run

    def recorded(pictures, *more):
        sizes.append(len(pictures))
        return run(pictures, *more)

    monkeypatch.setattr(finder._detector, "_run", recorded)
    return sizes


@pytest.mark.parametrize(("batch_size", "expected"), [(1, [1] * 5), (2, [2, 2, 1]), (None, [5])])
def test_batches_give_what_each_photograph_gives_alone(batch_size, expected, finder, batches):
    images = [photograph(*size, seed) for seed, size in enumerate(SIZES)]
    with op_by_op():
        alone = [finder.detect([image])[0] for image in images]
        batches.clear()
        together = finder.detect(images, batch_size=batch_size)
    assert batches == expected
    assert min(len(found) for found in alone) > 0
    for one, other, size in zip(together, alone, SIZES, strict=True):
        assert one.size == size
        assert one.class_ids.tolist() == other.class_ids.tolist()
        np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-3)
        np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
        assert np.mean(one.masks != other.masks) < 1e-3


def test_photographs_of_other_network_sizes_are_other_batches_and_the_order_stays(small_model):
    model = small_model(IMAGE_RESIZE_MODE="fit", IMAGE_MAX_DIM=128, DETECTION_MIN_CONFIDENCE=0.01)
    sizes = [(64, 64), (64, 128), (64, 64), (128, 64), (64, 128)]
    with op_by_op():
        found = model.detect([photograph(*size) for size in sizes], batch_size=2)
    assert [one.size for one in found] == sizes


def test_limit_of_scores_comes_before_the_mask_head(finder, monkeypatch):
    head, seen = finder.network.roi_heads.branches[0].head, []
    call = head.call
    monkeypatch.setattr(head, "call", lambda pooled: seen.append(len(pooled)) or call(pooled))
    with op_by_op():
        [found] = finder.detect([photograph(64, 64)])
        [best] = finder.detect([photograph(64, 64)], min_score=float(np.sort(found.scores)[-2]))
    assert len(found) > 2
    assert seen == [len(found), 2]
    assert len(best) == 2
    np.testing.assert_array_equal(best.masks, found.masks[..., :2])


def test_photographs_are_read_a_few_ahead_in_another_thread(finder):
    taken, threads = [], set()

    def photographs():
        for index in range(100):
            taken.append(index)
            threads.add(threading.get_ident())
            yield photograph(64, 64, index)

    with op_by_op():
        stream = finder.detect_each(photographs(), batch_size=2)
        next(stream)
        assert 2 <= len(taken) <= 5  # two batches and one
        assert len(next(stream).size) == 2
        stream.close()
    assert len(taken) <= 6
    assert threading.get_ident() not in threads


def test_a_photograph_that_is_none_and_a_fault_of_the_reader_reach_the_caller(finder):
    def photographs(last):
        yield photograph(64, 64)
        yield last()

    def broken():
        raise OSError("the disk is gone")

    with op_by_op():
        with pytest.raises(UserError, match="picture 1 is None"):
            list(finder.detect_each(photographs(lambda: None)))
        with pytest.raises(OSError, match="the disk is gone"):
            list(finder.detect_each(photographs(broken)))


def test_a_fault_of_the_network_reaches_the_caller(finder, monkeypatch):
    monkeypatch.setattr(finder._detector, "_find", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        finder.detect([photograph(64, 64)])
