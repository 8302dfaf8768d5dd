"""Keras callbacks of a training: learning rate, check of the losses, progress line, files."""

import dataclasses
import functools
import math
import time

import keras
import numpy as np
import tensorflow as tf

from mrcnn_keras.data import make_pipeline, training_order
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import coco_scores, collect, detect_in, evaluate
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.training.averaging import averaged
from mrcnn_keras.training.schedule import Occasional, current_rate, finished_steps, learning_rate
from mrcnn_keras.training.workers import Workers

# Approximate shares of the time that evaluations, last.keras and the curves may take.
EVALUATION_SHARE, SAVING_SHARE, DRAWING_SHARE = 0.1, 0.02, 0.01
# Seconds between two writes of last.keras within an epoch: the most that a power cut can cost.
SAVE_EVERY = 120
# A timed training is evaluated about this often at most, and on at least this many pictures.
TIMED_EVALUATIONS, TIMED_PICTURES = 3, 8
# Seconds that the first evaluation needs to build its graphs.
GRAPHS = 15
METRICS = ("AP", "AP50", "AP75")
RATE_SET = "a callback sets the learning rate: the schedule of the settings (LEARNING_RATE_SCHEDULE) no longer applies"
SHOWN = ("bbox/AP", "bbox/AP50", "segm/AP", "segm/AP50", "keypoints/AP", "keypoints/AP50")


class StepCallback(keras.callbacks.Callback):
    """Counts the finished steps in `step`; the optimizer keeps the number when a training is resumed."""

    step = 0

    def on_train_begin(self, logs=None):
        self.step = finished_steps(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1


class Schedule(StepCallback):
    """Sets the learning rate before each step, and stops at the end.

    It leaves the rate alone if the optimizer has its own schedule, and from the moment when a callback sets it.

    line: the `ProgressLine`. Must come before the callbacks of the user.
    """

    mine = None  # the rate that the optimizer has unless something else sets it

    def __init__(self, config, clock, line):
        super().__init__()
        self.config, self.clock, self.line = config, clock, line

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        variable = self.model.optimizer.learning_rate
        if self.mine is None and isinstance(variable, keras.Variable) and not self.clock.rate_set:
            # A rounding step beside it, so that a callback which sets the same number is noticed.
            variable.assign(np.nextafter(np.float32(current_rate(self.model)), np.float32(np.inf)))
            self.mine = current_rate(self.model)

    def on_train_batch_begin(self, batch, logs=None):
        variable = self.model.optimizer.learning_rate
        if self.clock.rate_set or not isinstance(variable, keras.Variable):
            return
        if current_rate(self.model) != self.mine:
            self.clock.rate_set = True
            self.line.clear()
            self.line.say(RATE_SET)
            return
        rate = learning_rate(
            self.config.peak_learning_rate(),
            self.clock.progress(self.step),
            self.step,
            kind=self.config.LEARNING_RATE_SCHEDULE,
            warmup_steps=self.config.WARMUP_STEPS,
        )
        variable.assign(rate)
        self.mine = current_rate(self.model)

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        self.clock.tick()
        if self.clock.progress(self.step) >= 1:
            self.model.stop_training = True


class StopAtNonFinite(StepCallback):
    """Stops the training with a UserError when a loss is NaN or infinite."""

    def __init__(self, dataset, config, seed):
        super().__init__()
        self.dataset, self.config, self.seed = dataset, config, seed

    def on_train_batch_end(self, batch, logs=None):
        broken = [name for name, value in logs.items() if not math.isfinite(value)]
        if broken:
            order = training_order(self.dataset, self.config, self.seed)
            ids = order.of_step(self.step, self.config.BATCH_SIZE)
            names = ", ".join(dict.fromkeys(self.dataset.image_name(i) for i in ids))
            parts = [name for name in broken if name != "loss"] or broken
            losses = f"{', '.join(parts)} {'is' if len(parts) == 1 else 'are'}"
            raise UserError(
                f"{losses} not finite at step {self.step + 1} ({names}); check the annotations or lower "
                "LEARNING_RATE; last.keras is from an earlier step"
            )
        super().on_train_batch_end(batch, logs)


class Progress(StepCallback):
    """Shows epoch, step, remaining time, pace and losses."""

    def __init__(self, line, clock, steps_per_epoch):
        super().__init__()
        self.line, self.clock, self.steps_per_epoch = line, clock, steps_per_epoch

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.first = self.step + 1

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if self.step == self.first:
            self.began = time.monotonic()  # not before: the first step builds the graph
        if self.step == self.first or self.line.is_due():
            self.line.show(self.text(logs))

    def text(self, logs):
        """Such as 'epoch 3 step 12/50, 4:10 left, 0.52 s/step, loss 1.201 (mask 0.310 ...)'."""
        epoch, step = divmod(self.step - 1, self.steps_per_epoch)
        parts = [f"epoch {epoch + 1} step {step + 1}/{self.steps_per_epoch}"]
        if self.step > self.first:
            pace = (time.monotonic() - self.began) / (self.step - self.first)
            if self.clock.total_seconds is None:
                left = pace * (self.clock.total_steps - self.step)
            else:
                left = max(self.clock.total_seconds - self.clock.seconds(), 0)
            parts += [f"{int(left // 60)}:{int(left % 60):02d} left", f"{pace:.2f} s/step"]
        losses = " ".join(f"{short_name(name)} {value:.3f}" for name, value in logs.items() if name != "loss")
        return ", ".join([*parts, f"loss {logs['loss']:.3f} ({losses})"])

    def on_epoch_end(self, epoch, logs=None):
        self.line.clear()


class Recorder(StepCallback):
    """After each epoch: validation, metrics.csv, curves.png, last.keras and, if it is better, best.keras.

    The validation figures are added to `logs` for the callbacks after this one. every_epoch: whether they are measured
    after each epoch, and not only when there is time; a timed training is measured about TIMED_EVALUATIONS times.
    workers: `Workers`, all of which compute the validation losses; the chief measures AP and decides when. None: this
    process alone.
    predictions, best_predictions: what was found by the model that was measured last, and by that of best.keras; None
    if none was measured since the training was begun or resumed.
    """

    def __init__(self, run, config, validation, clock, *, every_epoch=False, workers=None):
        super().__init__()
        self.workers = workers or Workers(tf.distribute.get_strategy())
        self.run, self.config, self.validation, self.clock = run, config, validation, clock
        self.every_epoch = every_epoch
        self.evaluating = Occasional(EVALUATION_SHARE)
        self.saving = Occasional(SAVING_SHARE)
        self.drawing = Occasional(DRAWING_SHARE)
        self.metric = decisive_metric(config)
        self.predictions = self.best_predictions = None
        if validation is not None and clock.total_seconds is not None:
            self.evaluating.took = GRAPHS
            clock.reserve = min(EVALUATION_SHARE * clock.total_seconds + GRAPHS, clock.total_seconds / 2)

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.rows = [row for row in self.run.rows() if row["step"] <= self.step]
        scores = map(self._score, self.rows)
        self.best = max((score for score in scores if math.isfinite(score)), default=-math.inf)
        if self.run.last.exists():
            self.saved_step = self.step
        else:  # so that a training can be resumed whenever it is interrupted
            self.save_last()

    def on_train_batch_end(self, batch, logs=None):
        super().on_train_batch_end(batch, logs)
        if self.saving.since() > SAVE_EVERY and self.saving.is_due():
            self.save_last()

    def on_epoch_end(self, epoch, logs=None):
        done = self.clock.progress(self.step) >= 1 or self.model.stop_training
        row = {
            "epoch": epoch + 1,
            "step": self.step,
            "seconds": round(self.clock.seconds(), 1),
            "learning_rate": current_rate(self.model),
            **{name: float(value) for name, value in logs.items()},
        }
        if self.validation is not None and (done or self.workers.from_chief(self.evaluation_is_due)):
            with averaged(self.model):
                found = self.validate()
            row |= found
            logs |= found
        self.rows.append(row)
        if not done and self.is_stalled(self.rows):
            self.run.say(f"the AP has not risen for {self.config.EARLY_STOPPING} evaluations (EARLY_STOPPING)")
            done = self.model.stop_training = True
        self.run.write_rows(self.rows)
        if done or self.drawing.is_due():
            with self.drawing.timed():
                self.run.draw_curves()
        self.run.say(_sentence(row))
        if self._score(row) >= self.best:  # on a tie, the model trained longer
            self.best, self.best_predictions = self._score(row), self.predictions
            with averaged(self.model):
                self.run.save_model(self.model, self.run.best)
        if done or self.saving.is_due():
            self.save_last()

    def on_train_end(self, logs=None):
        if self.saved_step < self.step:  # a user's callback stopped the training
            self.save_last()

    def _score(self, row):
        """The figure by which best.keras is chosen; NaN where none was measured."""
        found = [row.get(metric) for metric in (self.metric, "bbox/AP")]  # where the validation data have boxes only
        return next((score for score in found if score is not None), math.nan)

    def is_stalled(self, rows):
        """Whether the last EARLY_STOPPING evaluations of the rows of metrics.csv were no better than one before."""
        scores = [score for score in map(self._score, rows) if math.isfinite(score)]
        since_best = scores[::-1].index(max(scores)) if scores else 0
        return 0 < self.config.EARLY_STOPPING <= since_best

    def save_last(self):
        """Writes last.keras."""
        with self.saving.timed():
            self.run.save_last(self.model, self.clock)
        self.saved_step = self.step

    def evaluation_is_due(self):
        """Whether enough time has passed since the last one and, in a timed training, remains before the final one."""
        if self.clock.total_seconds is None:
            return self.every_epoch or self.evaluating.is_due()
        apart = self.clock.total_seconds / TIMED_EVALUATIONS
        left = self.clock.total_seconds - self.clock.seconds()
        return self.evaluating.is_due() and self.evaluating.since() >= apart and left >= apart

    def validate(self):
        """Returns the validation losses and COCO AP by name."""
        dataset = self.measured_pictures
        with self.evaluating.timed():
            batches = self.workers.distributed(
                lambda shard: make_pipeline(dataset, self.config, training=False, shard=shard)
            )
            steps = -(-dataset.num_images // self.config.BATCH_SIZE)
            losses = self.model.evaluate(batches, steps=steps, verbose=0, return_dict=True)
            scores = self.workers.from_chief(lambda: self.measure(dataset))
        self.clock.reserve = self.workers.from_chief(lambda: 1.2 * self.evaluating.took)
        return {**{f"val_{name}": float(value) for name, value in losses.items()}, **scores}

    def measure(self, dataset):
        """Returns COCO AP by name, and keeps what was found."""
        predictions = collect(self.model, dataset, progress=ProgressLine(self.run.say).counting("measured"))
        scores = coco_scores(predictions)
        self.predictions = dataclasses.replace(predictions)  # without what the measure has left there
        return {name: float(scores[name]) for name in scores if name.split("/", 1)[1] in METRICS}

    @functools.cached_property
    def measured_pictures(self):
        """The first EVALUATION_IMAGES pictures, or as many as a timed training has time for."""
        count = min(self.config.EVALUATION_IMAGES, self.validation.num_images)
        if self.clock.total_seconds is not None:
            seconds = self.workers.from_chief(self._seconds_per_picture)
            fitting = int(EVALUATION_SHARE * self.clock.total_seconds / seconds)
            count = min(count, max(fitting, TIMED_PICTURES))
        return self.validation.subset(self.validation.image_ids[:count])

    def _seconds_per_picture(self):
        image = self.validation.load_image(0)
        for _ in range(2):  # the first call builds the graph
            began = time.monotonic()
            detect_in(self.model, self.validation, [0], [image])
        return 3 * (time.monotonic() - began)  # the losses take about as long again, and so does everything else


class CocoMetrics(keras.callbacks.Callback):
    """COCO AP after each epoch of `fit`, in the logs, where other callbacks find it; `mk.train` measures by itself.

    Args:
        dataset: `Dataset` to measure on.
        limit: Integer, use only the first `limit` pictures, or `None`.
    """

    def __init__(self, dataset, limit=None):
        super().__init__()
        self.dataset, self.limit = dataset, limit

    def on_epoch_end(self, epoch, logs=None):
        scores = evaluate(self.model, self.dataset, limit=self.limit)
        logs |= {name: score for name, score in scores.items() if name.split("/", 1)[1] in METRICS}


def monitored_figures(callbacks, config):
    """Returns the validation figures that Keras callbacks act on, such as val_loss of EarlyStopping, as a set."""
    kinds = ["bbox", *["segm"] * config.MASKS, *["keypoints"] * (config.NUM_KEYPOINTS > 0)]
    figures = {f"val_{name}" for name in ("loss", *config.loss_names())}
    figures |= {f"{kind}/{name}" for kind in kinds for name in METRICS}
    found = set()
    for callback in callbacks:
        file = str(getattr(callback, "filepath", ""))  # ModelCheckpoint can put figures into the name
        found |= {figure for figure in figures if f"{{{figure}" in file}
        if getattr(callback, "save_best_only", True):  # what other ModelCheckpoints monitor has no effect
            found |= figures & {getattr(callback, "monitor", None)}
    return found


def decisive_metric(config):
    """Name of the figure by which best.keras is chosen: that of the model's most detailed output."""
    if config.NUM_KEYPOINTS:
        return "keypoints/AP"
    return "segm/AP" if config.MASKS else "bbox/AP"


def short_name(name):
    """'mrcnn_mask_loss' -> 'mask', 'rpn_bbox_loss' -> 'rpn_bbox'."""
    return name.removeprefix("mrcnn_").removesuffix("_loss")


def _sentence(row):
    parts = [f"epoch {row['epoch']}: step {row['step']}, loss {row['loss']:.4f}"]
    if "val_loss" in row:
        parts.append(f"val_loss {row['val_loss']:.4f}")
    parts += [f"{name} {row[name]:.3f}" for name in SHOWN if name in row]
    return ", ".join(parts)
