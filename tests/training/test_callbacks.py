"""Callbacks of a training; see also test_loop.py."""

import keras
import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.data import ShapesDataset
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.training import RunFolder
from mrcnn_keras.training.callbacks import RATE_SET, Recorder, Schedule, decisive_metric, monitored_figures
from mrcnn_keras.training.schedule import Clock


@pytest.mark.parametrize(
    ("settings", "metric"),
    [
        ({}, "segm/AP"),
        ({"MASKS": False}, "bbox/AP"),
        ({"NUM_KEYPOINTS": 3}, "keypoints/AP"),
        ({"NUM_KEYPOINTS": 3, "MASKS": False}, "keypoints/AP"),
    ],
)
def test_best_model_is_chosen_by_the_most_detailed_output(settings, metric):
    assert decisive_metric(Config(**settings)) == metric


def test_boxes_decide_where_the_validation_data_have_no_masks(tmp_path):
    recorder = Recorder(RunFolder(tmp_path), Config(), None, Clock(total_steps=1))
    assert recorder._score({"segm/AP": 0.25, "bbox/AP": 0.5}) == 0.25
    assert recorder._score({"segm/AP": None, "bbox/AP": 0.5}) == recorder._score({"bbox/AP": 0.5}) == 0.5
    assert np.isnan(recorder._score({}))


class Rates(keras.callbacks.Callback):
    """The rate of each step."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(float(self.model.optimizer.learning_rate))


def rates(*callbacks, rate=0.01, clock=None):
    """-> the rates of 3 epochs of 2 steps, and what was printed. The schedule: 0.01 for 4 steps, then 0.001."""
    config = Config(LEARNING_RATE=0.01, LEARNING_RATE_SCHEDULE="step", WARMUP_STEPS=0)
    model, seen, said = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]), Rates(), []
    model.compile(keras.optimizers.SGD(rate), "mse", run_eagerly=True)
    schedule = Schedule(config, clock or Clock(total_steps=6), ProgressLine(said.append))
    ones = np.ones((2, 1), np.float32)
    model.fit(ones, ones, batch_size=1, epochs=3, verbose=0, callbacks=[schedule, *callbacks, seen])
    return np.round(seen.seen, 8).tolist(), said


class SetsRate(keras.callbacks.Callback):
    """Sets a rate in one of the methods of callbacks."""

    def __init__(self, method, rate):
        super().__init__()
        self.rate = rate
        setattr(self, method, self.set_rate)

    def set_rate(self, number=None, logs=None):
        self.model.optimizer.learning_rate = self.rate


def test_the_rate_follows_the_settings_without_such_callbacks():
    assert rates() == ([0.01] * 4 + [0.001] * 2, [])


def test_a_learning_rate_scheduler_decides_from_the_first_step():
    given = [0.5, 0.01, 0.25]
    clock = Clock(total_steps=6, rate_set=True)  # mk.train says so where there is one
    seen, _ = rates(keras.callbacks.LearningRateScheduler(lambda epoch: given[epoch]), clock=clock)
    assert seen == [0.5, 0.5, 0.01, 0.01, 0.25, 0.25]


@pytest.mark.parametrize("method", ["on_train_begin", "on_epoch_begin", "on_train_batch_begin"])
@pytest.mark.parametrize("rate", [1e-6, 0.01])
def test_a_callback_that_sets_the_rate_takes_it_over(method, rate):
    """Also one that sets the rate that the optimizer has anyway."""
    seen, said = rates(SetsRate(method, rate))
    assert seen == [rate] * 6
    assert said == [RATE_SET]


def test_a_callback_that_reduces_the_rate_takes_it_over_from_there():
    reduce = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100)
    seen, said = rates(reduce)
    assert seen == [0.01] * 4 + [0.005] * 2  # reduced after the second epoch
    assert said == [RATE_SET]
    half = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: half.model.optimizer.learning_rate.assign(
            half.model.optimizer.learning_rate * 0.5
        )
    )
    assert rates(half) == ([0.01, 0.01, 0.005, 0.005, 0.0025, 0.0025], [RATE_SET])


def test_a_rate_that_callbacks_set_stays_after_a_resume():
    clock = Clock(total_steps=6)
    rates(SetsRate("on_epoch_begin", 0.25), clock=clock)
    state = clock.so_far(6)
    assert state["rate_set"] is True
    assert rates(rate=0.25, clock=Clock(total_steps=6, rate_set=state["rate_set"])) == ([0.25] * 6, [])


EarlyStopping, ModelCheckpoint = keras.callbacks.EarlyStopping, keras.callbacks.ModelCheckpoint


@pytest.mark.parametrize(
    ("callback", "figures"),
    [
        (EarlyStopping("val_loss"), {"val_loss"}),
        (EarlyStopping("val_mrcnn_mask_loss"), {"val_mrcnn_mask_loss"}),
        (EarlyStopping("segm/AP50"), {"segm/AP50"}),
        (keras.callbacks.ReduceLROnPlateau(), {"val_loss"}),
        (ModelCheckpoint("best.keras", save_best_only=True), {"val_loss"}),
        (ModelCheckpoint("{epoch}-{val_loss:.2f}.keras"), {"val_loss"}),
        (ModelCheckpoint("{epoch}.keras"), set()),
        (EarlyStopping("loss"), set()),
        (EarlyStopping("val_los"), set()),
        (EarlyStopping("keypoints/AP"), set()),  # this model has no keypoints
        (keras.callbacks.CSVLogger("log.csv"), set()),
    ],
)
def test_callbacks_that_act_on_validation_figures_are_known(callback, figures):
    assert monitored_figures([callback], Config()) == figures


def test_every_epoch_is_measured_where_a_callback_acts_on_it(tmp_path):
    clock, config = Clock(total_steps=8), Config()
    validation = ShapesDataset(count=2, image_size=(64, 64), seed=1)
    for every_epoch in (False, True):
        recorder = Recorder(RunFolder(tmp_path), config, validation, clock, every_epoch=every_epoch)
        recorder.evaluating.took = 1000  # seconds, so that a tenth of the time does not allow for it
        assert recorder.evaluation_is_due() is every_epoch
    timed = Recorder(RunFolder(tmp_path), config, validation, Clock(total_seconds=60), every_epoch=True)
    assert not timed.evaluation_is_due()


def stopping(patience, *scores):
    """Whether a training with these segm APs, None where it was not measured, ends by EARLY_STOPPING."""
    recorder = Recorder(RunFolder("nowhere"), Config(EARLY_STOPPING=patience), None, Clock(total_steps=1))
    return recorder.is_stalled([{"segm/AP": score} if score is not None else {} for score in scores])


def test_early_stopping_counts_evaluations_since_the_best():
    assert not stopping(2, 0.1, 0.2, None, 0.1)
    assert stopping(2, 0.1, 0.2, None, 0.1, None, 0.15)
    assert not stopping(2, 0.1, 0.2, 0.1, 0.2)  # as good again: the model trained longer is kept
    assert not stopping(0, 0.3, 0.2, 0.1)
    assert not stopping(2)
    assert not stopping(1, None, float("nan"))
    assert stopping(1, 0.3, 0.2)
