"""What a command shows of TensorFlow's start; with stand-ins for Keras and TensorFlow, each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = """\
WARNING: All log messages before absl::InitializeLog() is called are written to STDERR
I0000 00:00:1795878364.061244   17315 port.cc:153] oneDNN custom operations are on. You may see slightly different
To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow
E0000 00:00:1795878364.061244   17315 cuda_fft.cc:467] Unable to register cuFFT factory
2026-11-28 15:06:04.061244: E external/local_xla/xla/stream_executor/cuda/cuda_driver.cc:152] failed call to cuInit
2026-11-28 15:06:04.061244: W tensorflow/core/something.cc:1] cannot
"""
OTHERS = """\
F0000 00:00:1795878364.061244   17315 cpu.cc:1] The TensorFlow library was compiled to use AVX instructions
a.py:1: DeprecationWarning: WARNING: W
"""


@pytest.fixture
def start(tmp_path):
    """A function: options, environment -> what the command `mrcnn inspect` writes to standard error."""
    for name in ("keras", "tensorflow"):
        (tmp_path / f"{name}.py").write_text(
            f"import os, sys\nos.write(2, {OWN!r}.encode())\nconfig = saving = sys.modules[__name__]\n"
            f"get_custom_objects = dict\nbackend = lambda: 'tensorflow'\n"
            f"list_physical_devices = lambda: os.write(2, {OTHERS!r}.encode())\n"
        )

    def run(*options, code="from mrcnn_keras.cli import main; sys.exit(main(sys.argv[1:]))", **environment):
        inherited = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
        environment = {**inherited, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", **environment}
        words = [sys.executable, "-c", f"import sys; {code}", *options]
        return subprocess.run(words, env=environment, capture_output=True, text=True).stderr

    return run


LOOK = "import mrcnn_keras.cli.start as start; start.import_tensorflow()"


def test_a_command_shows_only_what_others_write(start):
    assert start(code=LOOK) == OTHERS


def test_help_and_mistakes_in_options_do_not_wait_for_tensorflow(start):
    assert start("--help") == ""
    assert start("train").startswith("mrcnn: the following arguments are required: DATA")


def test_the_users_log_level_is_obeyed(start):
    assert start(code=LOOK, TF_CPP_MIN_LOG_LEVEL="0") == ""  # left to whoever imports it next
    assert start(code=LOOK, TF_CPP_MIN_LOG_LEVEL="3") == OTHERS


def test_keras_does_not_find_what_no_command_uses_and_later_imports_do(start, tmp_path):
    (tmp_path / "matplotlib.py").write_text("import os; os.write(2, b'matplotlib\\n')")
    (tmp_path / "tensorflow.py").write_text(
        "import sys\ntry:\n    import matplotlib\nexcept ImportError:\n    print('not found', file=sys.stderr)\n"
        "config = sys.modules[__name__]\nlist_physical_devices = list\n"
    )
    look = LOOK.replace("()", "(start.UNUSED)")
    assert start(code=f"{look}; import matplotlib") == "not found\nmatplotlib\n"
    assert start(code=f"import matplotlib; {look}") == "matplotlib\n"
    assert start(code=LOOK) == "matplotlib\n"


def test_garbage_of_the_import_is_left_alone_and_later_garbage_collected(start, tmp_path):
    report = "print(gc.isenabled(), file=sys.stderr)"
    (tmp_path / "tensorflow.py").write_text(
        f"import gc, sys\n{report}\nconfig = sys.modules[__name__]\nlist_physical_devices = list\n"
    )
    frozen = "print(gc.get_freeze_count() > 1000, file=sys.stderr)"
    assert start(code=f"import gc; {LOOK}; {report}; {frozen}") == "False\nTrue\nTrue\n"


def test_importing_the_package_changes_nothing_on_standard_error(start):
    assert start(code="import mrcnn_keras, keras") == OWN


def test_what_was_written_is_shown_if_the_import_fails(start, tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise ImportError('libcuda is broken')")
    assert start(code=LOOK).splitlines()[-1] == "ImportError: libcuda is broken"
