import keras
import numpy as np
import pytest

from mrcnn_keras.layers import BoxHead
from mrcnn_keras.layers.initializers import ROWS, HeNormalInPieces

SHAPE = (3 * ROWS + 100, 40)


@pytest.fixture(scope="module")
def kernel():
    return HeNormalInPieces(seed=7)(SHAPE)


def test_deviation_and_cut_are_those_of_he_normal(kernel):
    other = np.asarray(keras.initializers.HeNormal(seed=7)(SHAPE))
    deviation = np.sqrt(2 / SHAPE[0])
    assert kernel.shape == SHAPE
    assert kernel.dtype == np.float32
    for values in (kernel, other):
        # 126,880 numbers: the deviation is known to 0.2 percent.
        assert values.std() == pytest.approx(deviation, rel=0.01)
        assert abs(values.mean()) < deviation / 100
        # Cut at two deviations of the normal distribution before the cut, which made it narrower.
        assert np.abs(values).max() == pytest.approx(2 * deviation / 0.8796, rel=0.01)
        assert np.abs(values).max() <= 2 * deviation / 0.8796


def test_each_piece_has_this_deviation_and_differs_from_the_others(kernel):
    pieces = [kernel[start : start + ROWS] for start in range(0, SHAPE[0], ROWS)]
    assert [len(piece) for piece in pieces] == [ROWS, ROWS, ROWS, 100]
    for piece in pieces:
        assert piece.std() == pytest.approx(np.sqrt(2 / SHAPE[0]), rel=0.05)
    for index, piece in enumerate(pieces):
        for other in pieces[:index]:
            shared = np.corrcoef(piece[:100].ravel(), other[:100].ravel())[0, 1]
            assert abs(shared) < 0.1


def test_a_seed_gives_the_same_numbers_again_and_another_seed_others(kernel):
    np.testing.assert_array_equal(HeNormalInPieces(seed=7)(SHAPE), kernel)
    assert not np.any(HeNormalInPieces(seed=1234)(SHAPE) == kernel)
    small = [HeNormalInPieces()((5, 4)) for _ in range(2)]
    assert not np.any(small[0] == small[1])


def test_the_seed_of_all_of_keras_decides_where_none_is_given():
    def head():
        keras.utils.set_random_seed(3)
        made = BoxHead(2, units=8)
        made.build((None, 1, 4, 4, 3))
        return [fc.kernel.numpy() for fc in made.fcs]

    for one, other in zip(head(), head(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_it_comes_back_from_its_settings():
    saved = keras.saving.serialize_keras_object(HeNormalInPieces(seed=5))
    again = keras.saving.deserialize_keras_object(saved)
    assert type(again) is HeNormalInPieces
    np.testing.assert_array_equal(again((9, 3)), HeNormalInPieces(seed=5)((9, 3)))
