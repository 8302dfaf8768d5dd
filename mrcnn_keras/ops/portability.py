"""Graphs for other runtimes: TFLite and ONNX lack TensorFlow's CropAndResize."""

from contextlib import contextmanager
from contextvars import ContextVar

_WANTED = ContextVar("portable", default=False)


@contextmanager
def portable():
    """In graphs made inside, RoI features are read by plain gathers, to the same numbers.

    It holds for what is traced meanwhile, by this thread, so an exporter puts it around the making of its graph. Such a
    graph is for inference: it may be slower, and its gradients are not those that training relies on.
    """
    token = _WANTED.set(True)
    try:
        yield
    finally:
        _WANTED.reset(token)


def wants_portable():
    """Whether the graph that is being made has to be portable."""
    return _WANTED.get()
