"""Initial values of very large kernels."""

import math

import keras
import numpy as np

# The deviation of a standard normal distribution that is cut off at two deviations.
TRUNCATED_DEVIATION = 0.87962566103423978
ROWS = 1024  # of a piece


@keras.saving.register_keras_serializable("mrcnn_keras")
class HeNormalInPieces(keras.initializers.HeNormal):
    """Keras's he_normal for dense kernels [inputs, units], drawn piece by piece.

    TensorFlow keeps the memory of what it once computed, and he_normal computes three tensors of the kernel's size:
    for the first fully connected layer of the box head that is 100 MB which nothing needs afterwards.
    """

    def __call__(self, shape, dtype=None):
        kernel = np.empty(shape, dtype or "float32")
        deviation = math.sqrt(2 / shape[0]) / TRUNCATED_DEVIATION
        for place, start in enumerate(range(0, shape[0], ROWS)):
            part = kernel[start : start + ROWS]
            part[:] = keras.random.truncated_normal(part.shape, stddev=deviation, seed=self.seed + place)
        return kernel
