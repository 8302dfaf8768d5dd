"""What the package needs of TensorFlow: that Keras runs on it, and that this process has its threads."""

import importlib.util
import os
import sys

INSTALL = "run `pip install tensorflow-cpu` (on macOS, on ARM, or with a GPU: `pip install tensorflow`)"

_without_threads = False  # whether this process was forked after TensorFlow had begun to work


def require_tensorflow():
    """Selects Keras's TensorFlow backend; raises ImportError with the remedy if that is impossible.

    The package calls it before it imports anything else.

    It only checks that TensorFlow is installed: importing it takes seconds, which `mrcnn --help` should not wait for.
    Sets three environment variables unless they are set. KERAS_BACKEND to "tensorflow", which overrides the user's
    keras.json. TF_CPP_MIN_LOG_LEVEL to "2", so that TensorFlow's C++ code prints errors only: otherwise it warns
    about each graph with CropAndResize, whose cost its optimizer cannot estimate. (2.21 prints the lines about oneDNN
    at any level.) TF_FORCE_GPU_ALLOW_GROWTH to "true": TensorFlow takes memory of a GPU as it needs it, and not all at
    once. (`tf.config.experimental.set_memory_growth` is the same, and would need TensorFlow imported here.)
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend != "tensorflow":
        raise ImportError(f"mrcnn_keras needs KERAS_BACKEND=tensorflow, not {backend!r}: change or unset it")
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if sys.modules.get("tensorflow") is None and importlib.util.find_spec("tensorflow") is None:
        raise ImportError(f"mrcnn_keras needs TensorFlow, which is not installed: {INSTALL}")
    keras = sys.modules.get("keras")
    if keras is not None and keras.config.backend() != "tensorflow":  # keras.json was read first
        raise ImportError(
            f"Keras already runs on {keras.config.backend()!r}, mrcnn_keras needs TensorFlow: "
            "import mrcnn_keras before keras, or set KERAS_BACKEND=tensorflow"
        )


def check_process():
    """Must be called before a model runs.

    A forked process has TensorFlow's memory but not its threads: a graph would wait there for ever.

    Raises:
        UserError: If this process was forked from one that had already used TensorFlow.
    """
    if _without_threads:
        from mrcnn_keras.errors import forked  # not above: the package imports this file before all others

        raise forked("TensorFlow")


def _look_after_fork():
    global _without_threads
    context = sys.modules.get("tensorflow.python.eager.context")
    _without_threads = getattr(context and context.context_safe(), "_context_handle", None) is not None


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_look_after_fork)
