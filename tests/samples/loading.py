"""Programs of samples as modules."""

import importlib.util
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
LEARNING = SAMPLES / "learning" / "learning.py"
LABEL_LOOP = SAMPLES / "label_loop" / "label_loop.py"


def sample(path):
    """The module of a program."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
