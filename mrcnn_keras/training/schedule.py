"""Progress of a training, the learning rate that follows from it, and when there is time for other work."""

import math
import time
from contextlib import contextmanager

import keras

# The warm-up lasts at most this share of a training.
WARMUP_SHARE = 0.1


def learning_rate(peak, progress, step, *, kind="cosine", warmup_steps=0):
    """Returns the learning rate of a step.

    peak: Config.peak_learning_rate(). progress: 0 to 1, the finished share of all steps (or of the time). step: number
    of the step, from 0. kind: "cosine" falls from peak to 0 (Loshchilov and Hutter 2017), and so does "linear"; "step"
    is a tenth of the peak from 2/3 on and a hundredth from 8/9 on (the 1x schedule of the paper's code). During the
    first warmup_steps, or the first tenth of the training if that is shorter, the rate rises linearly from a thousandth
    (Goyal et al. 2017).
    """
    progress = min(max(progress, 0.0), 1.0)
    if kind == "cosine":
        rate = peak * 0.5 * (1 + math.cos(math.pi * progress))
    elif kind == "linear":
        rate = peak * (1 - progress)
    else:
        rate = peak * (1 if progress < 2 / 3 else 0.1 if progress < 8 / 9 else 0.01)
    if step < warmup_steps:
        warm = max(step / warmup_steps, progress / WARMUP_SHARE)
        rate *= min(0.001 + 0.999 * warm, 1.0)
    return rate


def finished_steps(model):
    """Steps that a model has been trained for; unlike `int(...)` also for the variables of tf.distribute.

    Keras's `optimizer.iterations` counts updates, of which there are fewer where gradients are accumulated.
    """
    optimizer = plain_optimizer(model)
    accumulates = getattr(optimizer, "gradient_accumulation_steps", None)
    return int(keras.ops.convert_to_numpy(optimizer._iterations if accumulates else optimizer.iterations))


def plain_optimizer(model):
    """The optimizer, without the one that Keras puts around it in float16."""
    return getattr(model.optimizer, "inner_optimizer", model.optimizer)


def current_rate(model):
    """Learning rate of the optimizer of a model."""
    return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))


class Clock:
    """Progress of a training whose length is given in steps or in seconds.

    seconds, scheduled: what `so_far` returned when the training was interrupted. reserve: seconds at the end kept for
    the last evaluation. The schedule of a timed training begins after its first step: during that step TensorFlow
    builds the graph, which can take a good part of a short training. rate_set: whether callbacks set the learning rate,
    which then has no schedule.
    """

    def __init__(self, total_steps=None, total_seconds=None, seconds=0.0, scheduled=0.0, rate_set=False):
        self.total_steps, self.total_seconds = total_steps, total_seconds
        self.began = time.monotonic() - seconds
        self.progress_before = min(scheduled / total_seconds, 1.0) if total_seconds else 0.0
        self.first_step_done = None
        self.reserve = 0.0
        self.rate_set = rate_set

    def seconds(self):
        """Seconds of training so far, including those before a resume."""
        return time.monotonic() - self.began

    def tick(self):
        """Must be called at the end of each step."""
        if self.first_step_done is None:
            self.first_step_done = self.seconds()

    def progress(self, step):
        """Finished share of the training, 0 to 1, after `step` steps."""
        if self.total_seconds is None:
            return min(step / self.total_steps, 1.0)
        seconds, end = self.seconds(), self.total_seconds - self.reserve
        if seconds >= end:
            return 1.0
        if self.first_step_done is None:
            return self.progress_before
        share = (seconds - self.first_step_done) / (end - self.first_step_done)
        return self.progress_before + (1 - self.progress_before) * share

    def so_far(self, step):
        """State for a resume: steps, seconds, elapsed seconds of the schedule, and rate_set if it is true."""
        seconds = self.seconds()
        scheduled = self.progress(step) * self.total_seconds if self.total_seconds else seconds
        state = {"step": step, "seconds": seconds, "scheduled": scheduled}
        return {**state, "rate_set": True} if self.rate_set else state


class Occasional:
    """Work beside the training that may take about `share` of the time: decides when it is due again."""

    def __init__(self, share):
        self.share = share
        self.ended, self.took = time.monotonic(), 0.0

    def is_due(self):
        return self.share * self.since() >= self.took

    def since(self):
        """Seconds since the work last ended."""
        return time.monotonic() - self.ended

    @contextmanager
    def timed(self):
        """Context manager around the work itself."""
        began = time.monotonic()
        yield
        self.ended = time.monotonic()
        self.took = self.ended - began
