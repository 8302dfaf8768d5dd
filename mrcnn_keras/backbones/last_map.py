"""A backbone without a pyramid."""

import keras


@keras.saving.register_keras_serializable("mrcnn_keras")
class LastMap(keras.layers.Layer):
    """In the place of the pyramid: call with [C2, C3, ...]; returns the last of them, in a list."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, stages):
        return stages[-1:]
