"""Several processes that train one model together, each with pictures of its own: who they are, what they agree on.

TensorFlow's MultiWorkerMirroredStrategy adds up the gradients. Each process runs the same command on the same data. The
first, the chief, writes the run folder and measures AP; decisions that depend on the time are the chief's as well,
since all have to take part in the same steps.
"""

import json
import os
import zlib
from contextlib import contextmanager

import numpy as np
import tensorflow as tf

from mrcnn_keras.data.shards import Shard
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import is_multi_worker
from mrcnn_keras.training.run_folder import RunFolder
from mrcnn_keras.training.schedule import Clock

MESSAGE = 4096  # bytes that the chief can send at once
# What TensorFlow says when a process that takes part is gone.
LOST = ("Collective ops is aborted", "Connection reset by peer", "failed to connect", "UNAVAILABLE")
_of_this_process = None  # the strategy of TF_CONFIG: TensorFlow can join its cluster only once


def cluster_strategy():
    """Joins the processes that the environment variable TF_CONFIG names; before TensorFlow is used for other things.

    It waits until all of them are there.

    Returns:
        `tf.distribute.MultiWorkerMirroredStrategy`, or `None` where TF_CONFIG names no other process.

    Raises:
        UserError: If TF_CONFIG cannot be understood.
    """
    global _of_this_process
    config = os.environ.get("TF_CONFIG")
    if not config or _of_this_process:
        return _of_this_process
    try:
        task, cluster = json.loads(config).get("task", {}), json.loads(config).get("cluster", {})
        addresses, kind, index = [*cluster.get("chief", []), *cluster.get("worker", [])], task["type"], task["index"]
        if not cluster[kind][int(index)]:
            raise ValueError
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"TF_CONFIG = {config} is not understood; give the addresses of all workers and which of them this is: "
            '{"cluster": {"worker": ["host-0:2222", "host-1:2222"]}, "task": {"type": "worker", "index": 0}}, or unset '
            "TF_CONFIG to train alone"
        ) from error
    if {*cluster} - {"chief", "worker"} or kind not in ("chief", "worker"):
        raise UserError(
            f"TF_CONFIG has {', '.join(sorted({*cluster, kind} - {'chief', 'worker'}))}; only workers, and a chief, "
            "train together here"
        )
    if len(addresses) < 2:
        return None
    print(f"{kind} {index}: waiting for all {len(addresses)} workers of TF_CONFIG ...", flush=True)
    try:
        _of_this_process = tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as error:
        raise UserError(
            f"{kind} {index} cannot join the workers of TF_CONFIG ({str(error).splitlines()[0]:.200}); start all "
            f"{len(addresses)} again"
        ) from error
    return _of_this_process


def device_strategy(batch_size, gpus=None):
    """The strategy for the devices of this machine.

    Args:
        batch_size: Integer, pictures per step.
        gpus: List of names of GPUs; `None`: all that TensorFlow finds.

    Returns:
        `tf.distribute.MirroredStrategy` over as many GPUs as can have equal parts of a batch; the default strategy if
        that is one.
    """
    gpus = [gpu.name for gpu in tf.config.list_logical_devices("GPU")] if gpus is None else gpus
    used = max((count for count in range(1, len(gpus) + 1) if batch_size % count == 0), default=1)
    if len(gpus) > 1:
        larger = "" if used == len(gpus) else f"; a BATCH_SIZE that {len(gpus)} divides uses all"
        print(f"training on {used} of {len(gpus)} GPUs, {batch_size // used} pictures of each step on each{larger}")
    return tf.distribute.MirroredStrategy(gpus[:used]) if used > 1 else tf.distribute.get_strategy()


class Workers:
    """The processes that train a model together, as its strategy says: often this one alone.

    Args:
        strategy: `tf.distribute.Strategy`.
    """

    def __init__(self, strategy):
        self.strategy = strategy
        several = is_multi_worker(strategy)
        resolver = strategy.cluster_resolver if several else None
        self.local_replicas = len(strategy.extended.worker_devices) if several else strategy.num_replicas_in_sync
        self.count = strategy.num_replicas_in_sync // self.local_replicas
        chiefs = len(resolver.cluster_spec().as_dict().get("chief", [])) if several else 0
        self.index = resolver.task_id + (chiefs if resolver.task_type == "worker" else 0) if several else 0
        self.is_chief = self.index == 0

    def check_batch_size(self, batch_size):
        """Refuses pictures per step that cannot be shared equally.

        Args:
            batch_size: Integer, pictures per step of all together.

        Raises:
            UserError: If they cannot.
        """
        replicas = self.strategy.num_replicas_in_sync
        if batch_size % replicas:
            raise UserError(
                f"BATCH_SIZE = {batch_size} cannot be shared by {replicas} devices; set it to a multiple of {replicas}"
            )

    @contextmanager
    def present(self):
        """Context manager around what all workers do together.

        Raises:
            UserError: Instead of TensorFlow's error, if one of them is gone.
        """
        try:
            yield
        except tf.errors.OpError as error:
            if self.count == 1 or not any(text in str(error) for text in LOST):
                raise
            raise UserError(
                f"worker {self.index} cannot go on, since another worker has stopped; start all {self.count} again "
                "with --resume (resume=True): they go on from last.keras"
            ) from error

    def run_folder(self, out):
        """The folder of the run, which is written by the chief alone.

        Args:
            out: Its path, or `None`: the first of run, run-2, ... that does not exist.

        Returns:
            `RunFolder`.

        Raises:
            UserError: If several workers have no path.
        """
        if out is None and self.count > 1:
            raise UserError(f"{self.count} workers need one folder for all; give out, on storage that all of them see")
        if not self.is_chief:
            return FolderOfTheChief(out)
        return RunFolder(out) if out is not None else RunFolder.unused()

    def clock(self, **arguments):
        """A clock whose time is that of the chief.

        Args:
            **arguments: As in `Clock`.

        Returns:
            `Clock`.
        """
        return Clock(**arguments) if self.count == 1 else ChiefsClock(self, **arguments)

    def distributed(self, make):
        """Batches for `fit` and `evaluate`.

        Args:
            make: Function that makes a pipeline for a `Shard`; for `None`, of all pictures.

        Returns:
            What `make` returns, or with several workers a `tf.distribute.DistributedDataset`.
        """
        if self.count == 1:
            return make(None)
        shard = Shard(self.index, self.count, self.local_replicas)
        return self.strategy.distribute_datasets_from_function(lambda context: make(shard))

    def from_chief(self, decide):
        """Asks the chief; all workers must do so together.

        Args:
            decide: Function without arguments, which only the chief calls. It returns something that JSON has.

        Returns:
            What it returned to the chief.
        """
        if self.count == 1:
            return decide()
        message = np.zeros(MESSAGE, np.float32)
        if self.is_chief:
            said = json.dumps(decide()).encode()
            if len(said) > MESSAGE:
                raise ValueError(f"a message of {len(said)} bytes; at most {MESSAGE}")
            message[: len(said)] = np.frombuffer(said, np.uint8)
        heard = self._sum(message)
        return json.loads(heard.astype(np.uint8).tobytes().rstrip(b"\0"))

    def check_same(self, values):
        """Refuses to train where a worker has something else than the chief; all workers must call this together.

        Args:
            values: Dict of what JSON has, by the names shown to a user.

        Raises:
            UserError: In all workers, if one has something else.
        """
        if self.count == 1:
            return
        mine = {name: zlib.crc32(json.dumps(value).encode()) for name, value in values.items()}
        differing = [name for name, number in self.from_chief(lambda: mine).items() if mine[name] != number]
        table = np.zeros((self.count, len(mine)), np.float32)
        table[self.index] = [name in differing for name in mine]
        for index, row in enumerate(self._sum(table)):
            names = [name for name, differs in zip(mine, row, strict=True) if differs]
            if names:
                raise UserError(
                    f"worker {index} has other {' and other '.join(names)} than the chief; give all {self.count} "
                    "workers the same command and the same data"
                )

    def _sum(self, values):
        """The sum of an array over the workers."""
        if not hasattr(self, "_add_up"):
            context = tf.distribute.get_replica_context

            def add_up(values):
                return self.strategy.run(lambda: context().all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(values)))

            self._add_up = tf.function(add_up)
        with self.present():
            total = self.strategy.experimental_local_results(self._add_up(values))[0]
        return np.round(total.numpy() / self.local_replicas)


class FolderOfTheChief(RunFolder):
    """The run folder as the other workers have it: they read what they resume from, and write nothing."""

    written = None

    def check(self, resume):
        """The chief checks."""

    def open(self, config, resume):
        """The chief makes the folder."""

    def say(self, text):
        """The chief says it."""

    def save_model(self, model, path):
        """The chief saves."""

    def draw_curves(self):
        """The chief draws."""

    def save_last(self, model, clock):
        """The chief saves."""

    def rows(self):
        return super().rows() if self.written is None else self.written

    def write_rows(self, rows):
        self.written = list(rows)


class ChiefsClock(Clock):
    """A Clock that all workers read alike: a timed training asks the chief for the time at the end of each step."""

    def __init__(self, workers, **arguments):
        super().__init__(**arguments)
        self.workers = workers
        self.chiefs_seconds = arguments.get("seconds", 0.0)

    def seconds(self):
        return super().seconds() if self.total_seconds is None else self.chiefs_seconds

    def tick(self):
        if self.total_seconds is not None:
            self.chiefs_seconds = self.workers.from_chief(super().seconds)
        super().tick()
