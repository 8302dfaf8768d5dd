"""What is written for TensorBoard, and the sentence where it is not installed."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from mrcnn_keras.data import ShapesDataset
from mrcnn_keras.errors import UserError
from mrcnn_keras.training.tensorboard import TensorBoardLog, check_tensorboard


def test_the_sentence_where_it_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(UserError, match="TensorBoard is not installed; `pip install tensorboard`, or leave out"):
        check_tensorboard()


def test_figures_and_pictures_are_written(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    data = ShapesDataset(count=2, image_size=(64, 64), seed=1)
    optimizer = SimpleNamespace(use_ema=False)
    model = SimpleNamespace(detect=lambda images, score: [data.load_annotations(0)], optimizer=optimizer)
    recorder = SimpleNamespace(rows=[])
    log = TensorBoardLog(SimpleNamespace(path=tmp_path), data, recorder)
    log.set_model(model)
    for step, figures in ((3, {"loss": 2.0}), (6, {"loss": 1.5, "val_loss": 1.75, "segm/AP": float("nan")})):
        recorder.rows.append({"epoch": step // 3, "step": step, **figures})
        log.on_epoch_end(0)
    log.on_train_end()
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard"), size_guidance={"tensors": 0})
    events.Reload()
    tags = events.Tags()["tensors"]
    assert {*tags} == {"loss", "val_loss", "validation/0", "validation/1"}
    assert [event.step for event in events.Tensors("loss")] == [3, 6]
    assert [float(np.frombuffer(e.tensor_proto.tensor_content, np.float32)[0]) for e in events.Tensors("loss")] == [
        2,
        1.5,
    ]
