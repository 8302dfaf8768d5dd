"""The check, before anything else of the package is imported, that Keras runs on TensorFlow."""

import os

INSTALL = "run `pip install tensorflow-cpu` (on macOS, on ARM, or with a GPU: `pip install tensorflow`)"


def require_tensorflow():
    """Chooses Keras's TensorFlow backend; raises ImportError, saying what to do, if that cannot be.

    Sets two environment variables where they are not set: KERAS_BACKEND to "tensorflow", so that another
    backend in the user's keras.json does not count, and TF_CPP_MIN_LOG_LEVEL to "1", which keeps most of the
    informative lines of TensorFlow's C++ code from the screen (2.21 prints those about oneDNN at any level).
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend != "tensorflow":
        raise ImportError(f"mrcnn_keras needs KERAS_BACKEND=tensorflow, not {backend!r}: change or unset it")
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    try:
        import tensorflow  # noqa: F401
    except ImportError as error:
        message = f"mrcnn_keras needs TensorFlow, which does not import ({error}): {INSTALL}"
        raise ImportError(message) from error

    import keras

    if keras.config.backend() != "tensorflow":  # keras.json did count: Keras was imported before this
        raise ImportError(
            f"Keras already runs on {keras.config.backend()!r}, mrcnn_keras needs TensorFlow: "
            "import mrcnn_keras before keras, or set KERAS_BACKEND=tensorflow"
        )
