"""What happens during a training: the rate, the clock, the checks, the files."""

import math
import sys
import time

import keras

from mrcnn_keras.data.pipeline import batch_image_ids, make_pipeline
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import evaluate
from mrcnn_keras.schedule import learning_rate

# Seconds between two last.keras: what a power cut can cost, against the time that writing takes.
SAVE_EVERY = 120
# Evaluations take at most about this share of the time.
EVALUATION_SHARE = 0.1
METRICS = ("AP", "AP50", "AP75")


class Clock:
    """Progress of a training of so many steps or of so many seconds.

    reserve: seconds at the end that are kept for the last evaluation.
    """

    def __init__(self, total_steps=None, total_seconds=None, seconds_before=0.0):
        self.total_steps, self.total_seconds = total_steps, total_seconds
        self.started = time.monotonic() - seconds_before
        self.reserve = 0.0

    def seconds(self):
        """Seconds of training so far, those before a resume among them."""
        return time.monotonic() - self.started

    def progress(self, step):
        """0..1: the share of the training that is over when `step` steps are done."""
        if self.total_seconds is None:
            return step / self.total_steps
        return min(self.seconds() / max(self.total_seconds - self.reserve, 1.0), 1.0)


class Schedule(keras.callbacks.Callback):
    """Sets the learning rate before each step, and ends the training when its time is over."""

    def __init__(self, config, clock):
        super().__init__()
        self.config, self.clock = config, clock
        self.step = 0

    def on_train_begin(self, logs=None):
        self.step = int(self.model.optimizer.iterations)
        self.warmup = self.config.WARMUP_STEPS
        if self.clock.total_steps:
            self.warmup = min(self.warmup, self.clock.total_steps // 10)

    def on_train_batch_begin(self, batch, logs=None):
        rate = learning_rate(
            self.config.LEARNING_RATE,
            self.clock.progress(self.step),
            self.step,
            kind=self.config.LEARNING_RATE_SCHEDULE,
            warmup_steps=self.warmup,
        )
        self.model.optimizer.learning_rate.assign(rate)

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.clock.progress(self.step) >= 1:
            self.model.stop_training = True


class StopAtNonFinite(keras.callbacks.Callback):
    """Ends the training with a sentence when a loss is not a number or infinite."""

    def __init__(self, dataset, config, seed):
        super().__init__()
        self.dataset, self.config, self.seed = dataset, config, seed
        self.step = 0

    def on_train_begin(self, logs=None):
        self.step = int(self.model.optimizer.iterations)

    def on_train_batch_end(self, batch, logs=None):
        broken = [name for name, value in logs.items() if name != "loss" and not math.isfinite(value)]
        if broken or not math.isfinite(logs["loss"]):
            ids = batch_image_ids(self.dataset.num_images, self.config.BATCH_SIZE, self.seed, self.step)
            names = ", ".join(repr(self.dataset.image_name(i)) for i in ids)
            raise UserError(
                f"{' and '.join(broken) or 'loss'} is not finite at step {self.step + 1}, images {names}; look "
                "at their annotations, or lower LEARNING_RATE; last.keras is from before"
            )
        self.step += 1


class Progress(keras.callbacks.Callback):
    """One line that moves on a terminal; elsewhere a line every half minute."""

    def __init__(self, say, clock, steps_per_epoch):
        super().__init__()
        self.say, self.clock, self.steps_per_epoch = say, clock, steps_per_epoch
        self.terminal = sys.stdout.isatty()
        self.last = 0.0

    def on_train_begin(self, logs=None):
        self.step = self.first = int(self.model.optimizer.iterations)
        self.began = time.monotonic()

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        now = time.monotonic()
        if now - self.last < (0.5 if self.terminal else 30):
            return
        self.last = now
        line = self.line(logs, now)
        if self.terminal:
            print(f"\r{line}\x1b[K", end="", flush=True)
        else:
            self.say(line)

    def line(self, logs, now):
        """Epoch, step, losses, pace and time left."""
        pace = (now - self.began) / max(self.step - self.first, 1)
        if self.clock.total_seconds is None:
            left = pace * (self.clock.total_steps - self.step)
        else:
            left = self.clock.total_seconds - self.clock.seconds()
        epoch, step = divmod(self.step - 1, self.steps_per_epoch)
        parts = " ".join(f"{short_name(k)} {v:.3f}" for k, v in logs.items() if k != "loss")
        return (
            f"epoch {epoch + 1} step {step + 1}/{self.steps_per_epoch} loss {logs['loss']:.3f} ({parts}) "
            f"{pace:.2f} s/step, {int(max(left, 0) // 60)}:{int(max(left, 0) % 60):02d} left"
        )

    def on_epoch_end(self, epoch, logs=None):
        if self.terminal:
            print("\r\x1b[K", end="")


class Recorder(keras.callbacks.Callback):
    """After each epoch: validation, metrics.csv, curves.png, last.keras and, where it is better, best.keras."""

    def __init__(self, run, config, validation, clock, steps_per_epoch):
        super().__init__()
        self.run, self.config, self.validation, self.clock = run, config, validation, clock
        self.steps_per_epoch = steps_per_epoch
        self.saved = self.evaluated = time.monotonic()
        self.evaluation_seconds = 0.0
        self.metric = "segm/AP" if config.MASKS else "bbox/AP"

    def on_train_begin(self, logs=None):
        self.step = int(self.model.optimizer.iterations)
        self.rows = [row for row in self.run.rows() if row["step"] <= self.step]
        self.best = max((row.get(self.metric) or -1.0 for row in self.rows), default=-1.0)

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if time.monotonic() - self.saved > SAVE_EVERY * 3:
            self.save_last()

    def on_epoch_end(self, epoch, logs=None):
        done = self.clock.progress(self.step) >= 1 or self.model.stop_training
        row = {
            "epoch": epoch + 1,
            "step": self.step,
            "seconds": round(self.clock.seconds(), 1),
            "learning_rate": float(self.model.optimizer.learning_rate),
            **{name: float(value) for name, value in logs.items()},
        }
        if self.validation is not None and (done or self.evaluation_is_due()):
            row |= self.validate()
        self.rows.append(row)
        self.run.write_rows(self.rows)
        self.run.say(_sentence(row))
        if self.metric in row and row[self.metric] > self.best:
            self.best = row[self.metric]
            self.run.save_model(self.model, self.run.best)
        if done or time.monotonic() - self.saved > SAVE_EVERY:
            self.save_last()

    def save_last(self):
        """Writes last.keras now."""
        self.run.save_last(self.model, self.clock.seconds())
        self.saved = time.monotonic()

    def evaluation_is_due(self):
        """Whether enough time has gone by since the last one."""
        since = time.monotonic() - self.evaluated
        if self.clock.total_seconds is not None and since < self.clock.total_seconds / 3:
            return False
        return since * EVALUATION_SHARE >= self.evaluation_seconds

    def validate(self):
        """Validation losses and COCO AP, by name."""
        began = time.monotonic()
        limit = min(self.config.EVALUATION_IMAGES, self.validation.num_images)
        dataset = self.validation.subset(self.validation.image_ids[:limit])
        losses = self.model.evaluate(make_pipeline(dataset, self.config, training=False), verbose=0, return_dict=True)
        scores = evaluate(self.model, dataset, max_detections=self.config.DETECTION_MAX_INSTANCES)
        kept = {name: scores[name] for name in scores if name.split("/", 1)[1] in METRICS}
        self.evaluated = time.monotonic()
        self.evaluation_seconds = self.evaluated - began
        self.clock.reserve = 1.2 * self.evaluation_seconds
        return {**{f"val_{name}": float(value) for name, value in losses.items()}, **kept}


def short_name(name):
    """'mrcnn_mask_loss' -> 'mask', 'rpn_bbox_loss' -> 'rpn_bbox'."""
    return name.removeprefix("mrcnn_").removesuffix("_loss")


def _sentence(row):
    parts = [f"epoch {row['epoch']}: step {row['step']}, loss {row['loss']:.4f}"]
    if "val_loss" in row:
        parts.append(f"val_loss {row['val_loss']:.4f}")
    parts += [f"{name} {row[name]:.3f}" for name in ("bbox/AP", "bbox/AP50", "segm/AP", "segm/AP50") if name in row]
    return ", ".join(parts)
