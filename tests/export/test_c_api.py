"""The SavedModel runs in a session of TensorFlow's C API, as in TensorFlow Serving and in programs without Python."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

PROGRAM = Path(__file__).with_name("c_session.py")
LIBRARIES = Path(tf.__file__).parent

pytestmark = pytest.mark.skipif(
    not (LIBRARIES / "libtensorflow_cc.so.2").exists(), reason="TensorFlow's wheel has this library on Linux only"
)


def test_saved_model_detects_as_the_model_in_the_c_api(model, saved, picture, tmp_path):
    content = saved_model_pb2.SavedModel.FromString((saved / "saved_model.pb").read_bytes())
    signature = content.meta_graphs[0].signature_def["detect"]
    image = picture(70, 50)
    np.save(tmp_path / "pictures.npy", np.stack([image, image[::-1]]))
    wanted = [f"{key}={signature.outputs[key].name}" for key in ("boxes", "scores", "num_detections", "masks")]
    words = [LIBRARIES, saved, tmp_path / "pictures.npy", signature.inputs["images"].name, tmp_path / "answers.npz"]
    # The two optional inputs are not fed.
    done = subprocess.run([sys.executable, PROGRAM, *words, *wanted], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]

    answers = np.load(tmp_path / "answers.npz")
    for row, expected in enumerate(model.detect([image, image[::-1]])):
        count = answers["num_detections"][row]
        assert count == len(expected) > 20
        np.testing.assert_allclose(answers["boxes"][row, :count], expected.boxes, atol=1e-3)
        np.testing.assert_allclose(answers["scores"][row, :count], expected.scores, atol=1e-5)
        assert not answers["masks"][row, count:].any()
    assert answers["masks"].shape == (2, 100, 28, 28)
