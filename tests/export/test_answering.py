"""An exported file at work in its own process."""

import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.export import compare
from mrcnn_keras.export.answering import reader_process


def test_reader_process_detects_as_the_model_reports_time_and_memory_and_that_it_died(model, saved, picture):
    with reader_process(saved) as process:
        for image in (picture(70, 50), picture(20, 64), np.zeros((1, 1, 3), np.uint8)):
            found, seconds = process.answer(image)
            row = compare(found, model.detect([image])[0])
            assert row["equal"], row
            assert 0 < seconds < 100
        assert process.peak_memory() is None or 50e6 < process.peak_memory() < 20e9
        process.process.kill()
        with pytest.raises(UserError, match=r"the process that ran .*/1 ended"):
            process.answer(picture(3000, 2000))


def test_reader_process_refuses_a_file_that_is_absent(tmp_path):
    with pytest.raises(UserError, match=r"absent.onnx does not exist"), reader_process(tmp_path / "absent.onnx"):
        pass
