"""The check, before anything else of the package is imported, that Keras runs on TensorFlow."""

import importlib.util
import os
import sys

INSTALL = "run `pip install tensorflow-cpu` (on macOS, on ARM, or with a GPU: `pip install tensorflow`)"


def require_tensorflow():
    """Chooses Keras's TensorFlow backend; raises ImportError, saying what to do, if that cannot be.

    It only looks whether TensorFlow is there: to import it takes seconds, which `mrcnn --help` need not wait.
    Sets two environment variables where they are not set: KERAS_BACKEND to "tensorflow", so that another
    backend in the user's keras.json does not count, and TF_CPP_MIN_LOG_LEVEL to "2", so that TensorFlow's C++
    code prints errors only: it has a screenful of warnings for each graph with CropAndResize in it, whose cost
    its optimizer cannot guess. (2.21 prints the lines about oneDNN at any level.)
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend != "tensorflow":
        raise ImportError(f"mrcnn_keras needs KERAS_BACKEND=tensorflow, not {backend!r}: change or unset it")
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if sys.modules.get("tensorflow") is None and importlib.util.find_spec("tensorflow") is None:
        raise ImportError(f"mrcnn_keras needs TensorFlow, which is not installed: {INSTALL}")
    keras = sys.modules.get("keras")
    if keras is not None and keras.config.backend() != "tensorflow":  # keras.json did count
        raise ImportError(
            f"Keras already runs on {keras.config.backend()!r}, mrcnn_keras needs TensorFlow: "
            "import mrcnn_keras before keras, or set KERAS_BACKEND=tensorflow"
        )
