"""What `import mrcnn_keras` says without TensorFlow; each case in its own Python process."""

import os
import subprocess
import sys
from pathlib import Path

BACKEND = Path(__file__).resolve().parents[1] / "mrcnn_keras" / "backend.py"
# By path: the package itself asks for TensorFlow when it is imported.
REQUIRE = f"import runpy; runpy.run_path({str(BACKEND)!r})['require_tensorflow']()"
HIDE_TENSORFLOW = "import sys; sys.modules['tensorflow'] = None"


def run(code, **environment):
    """Returns the output of the code, and the last line of its traceback or what TensorFlow logged."""
    own = "KERAS_BACKEND", "TF_FORCE_GPU_ALLOW_GROWTH"
    inherited = {name: value for name, value in os.environ.items() if name not in own}
    environment = inherited | environment
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    return done.stdout.strip(), (done.stderr.strip().splitlines() or [""])[-1]


def test_missing_tensorflow_error_names_the_command():
    _, error = run(f"{HIDE_TENSORFLOW}; import mrcnn_keras")
    assert error.startswith("ImportError: mrcnn_keras needs TensorFlow, which is not installed: run")
    assert "pip install tensorflow-cpu" in error


def test_another_backend_is_refused_before_anything_is_imported():
    for backend in ("jax", "torch"):
        _, error = run(f"{HIDE_TENSORFLOW}; {REQUIRE}", KERAS_BACKEND=backend)
        assert error.startswith(f"ImportError: mrcnn_keras needs KERAS_BACKEND=tensorflow, not {backend!r}")


def test_keras_already_on_another_backend_is_refused():
    # Stand-ins, since a Keras that runs on jax needs jax.
    keras = "import sys; keras = type(sys)('keras'); keras.config = keras; keras.backend = lambda: 'jax'"
    modules = "sys.modules.update(keras=keras, tensorflow=keras)"
    _, error = run(f"{keras}; {modules}; {REQUIRE}")
    assert error.startswith("ImportError: Keras already runs on 'jax'")


def test_tensorflow_backend_overrides_keras_json(tmp_path):
    (tmp_path / "keras.json").write_text('{"backend": "jax"}')
    printed, _ = run(f"{REQUIRE}; import keras; print(keras.config.backend())", KERAS_HOME=str(tmp_path))
    assert printed == "tensorflow"


def test_users_log_level_is_kept():
    code = f"{REQUIRE}; import os; print(os.environ['TF_CPP_MIN_LOG_LEVEL'])"
    printed, _ = run(code, TF_CPP_MIN_LOG_LEVEL="3")
    assert printed == "3"


def test_memory_of_a_gpu_is_taken_as_needed_unless_the_user_says_otherwise():
    code = f"{REQUIRE}; import os; print(os.environ['TF_FORCE_GPU_ALLOW_GROWTH'])"
    for asked, kept in (({}, "true"), ({"TF_FORCE_GPU_ALLOW_GROWTH": "false"}, "false")):
        printed, _ = run(code, **asked)
        assert printed == kept
