"""`import mrcnn_keras as mk`: quick, and yet every name is there. Each case in a Python process of its own."""

import subprocess
import sys
from pathlib import Path

import mrcnn_keras as mk

ROOT = Path(__file__).resolve().parents[1]


def printed(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


LAZY = """
import sys
import mrcnn_keras as mk
print("tensorflow" in sys.modules, "cv2" in sys.modules)
print(set(mk.__all__) <= set(dir(mk)))
print(hasattr(mk, "no_such_name"), mk.UserError.__name__, "tensorflow" in sys.modules)
print(type(mk.MaskRCNN.load(sys.argv[1])).__name__)
from mrcnn_keras import *
print(callable(train), callable(export.saved_model), callable(visualize.display_instances))
"""


def test_names_are_imported_when_they_are_used(trained):
    lines = printed(LAZY, str(trained / "best.keras"))
    assert lines == ["False False", "True", "False UserError False", "MaskRCNN", "True True True"]


def test_public_names_are_functions_and_classes_of_that_name():
    for name in mk.__all__:
        found = getattr(mk, name)
        assert found.__name__ in (name, f"mrcnn_keras.{name}")
