"""Imports TensorFlow for a command, without the lines that its C++ code writes about itself."""

import gc
import importlib
import os
import re
import sys
import tempfile

from mrcnn_keras.garbage import without_collecting

# Of what its loggers write: infos, warnings and errors, such as about a GPU that is not there; not fatal errors.
OWN_LINES = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog|[IWE]\d{4} [\d:.]+ |[\d-]{10} [\d:.]+: [IWE] "
    rb"|To enable the following instructions"
)
# Keras and TensorFlow import these where they are installed, for functions that no command calls; matplotlib takes half
# a second, IPython and SciPy together a sixth.
UNUSED = ("IPython", "matplotlib", "pandas", "scipy", "sklearn")


def import_tensorflow(without=()):
    """Imports Keras and TensorFlow, silently unless the environment variable TF_CPP_MIN_LOG_LEVEL is 0 or 1.

    TensorFlow obeys that variable only for a part of these lines, so standard error is caught meanwhile; lines of
    others are shown afterwards. In Python, `import mrcnn_keras` leaves all that to the user. What the import makes is
    never garbage, and looking through it took a sixth of a short command's time. without: packages that are hidden
    from them, but not from later imports.
    """
    if "tensorflow" in sys.modules or os.environ["TF_CPP_MIN_LOG_LEVEL"] in "01":
        return
    try:
        standard_error = os.dup(2)
    except OSError:  # there is none
        return
    hidden = [name for name in without if name not in sys.modules]
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        sys.modules.update(dict.fromkeys(hidden))
        try:
            with without_collecting():
                importlib.import_module("keras")
                importlib.import_module("tensorflow").config.list_physical_devices()  # looks for GPUs
                gc.freeze()
        finally:
            for name in hidden:
                sys.modules.pop(name, None)
            os.dup2(standard_error, 2)
            os.close(standard_error)
            caught.seek(0)
            for line in caught:
                if not OWN_LINES.match(line):
                    os.write(2, line)
