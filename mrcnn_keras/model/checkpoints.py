"""A file of weights of any project, made ready for a model: whose it is, its values, and the settings that go with."""

import re
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.weights.fetch import cache_folder, fetch_file, name_hash_mismatch, open_converted, published_file
from mrcnn_keras.weights.files import read_tensors
from mrcnn_keras.weights.fitting import fit
from mrcnn_keras.weights.maps import find_source

PUBLISHED = ("coco", "imagenet")
STEM = re.compile(r"(.*stem_)?conv/kernel")  # the first convolution of a backbone
# Settings that weights depend on: with others the model's answers are not the file's.
CONVENTIONS = (
    "MEAN_PIXEL",
    "IMAGE_PAD_COLOUR",
    "BACKBONE_FEATURES",
    "BACKBONE_STRIDE_IN",
    "BACKBONE_NORM_EPSILON",
    "BACKBONE_POOL_PAD",
    "RPN_ANCHOR_RATIOS",
    "RPN_BBOX_STD_DEV",
    "BBOX_STD_DEV",
    "BOX_CORNERS",
    "ROI_OPERATOR",
    "ROI_REDUCE",
    "ROI_ALIGN_ALIGNED",
    "ROI_ALIGN_GRID",
    "MASK_LOSS",
)
SLICE_BYTES = 4 << 20
SAME_GREY = 1.0  # grey levels by which two means may differ and still be the same


@dataclass
class Checkpoint:
    """The content of a file of weights.

    source: the file, or what it was made of; preset: the preset that belongs to it, None for a backbone alone;
    settings: what the file tells; values: {path of our variable: function () -> array, with a `shape`};
    left_over: {name: reason} of tensors without a place; notes: sentences for the user.
    """

    source: str
    preset: str | None
    settings: dict
    values: dict
    left_over: dict
    notes: list

    def config(self, **overrides):
        """The Config of the model that the file is of, with `overrides` on top."""
        if self.preset is None:
            raise UserError(
                f"{self.source} holds a backbone alone, no whole model; start a training from it with --weights, or "
                "give it to load_weights"
            )
        config = Config.preset(self.preset, **self.settings).replace(**overrides)
        anchors = self.values["rpn/logits/bias"].shape[0]
        if anchors != config.anchors_per_cell():
            raise UserError(
                f"{self.source} has {anchors} anchors a cell and does not tell their ratios; give RPN_ANCHOR_RATIOS "
                f"with {anchors} numbers, height / width in the order of its project"
            )
        return config

    def trained_with(self):
        """The settings that the weights were trained with, by name."""
        base = Config.preset(self.preset).to_dict() if self.preset else {}
        return {**base, **self.settings}


@contextmanager
def open_checkpoint(path):
    """Opens a file of a published kind -> Checkpoint; its values can be read inside the `with`."""
    with read_tensors(path) as file:
        with _naming(path):
            source = find_source(file.shapes)
            if source is None:
                some = ", ".join(list(file)[:3]) or "nothing"
                raise UserError(
                    f"holds {some} ...: no model that is known; files of torchvision, Detectron2, Matterport and "
                    "keras.applications can be read"
                )
            found = source.describe(file.shapes)
            values, left_over = source.translate(file)
        notes = [note for note in [name_hash_mismatch(path)] if note]
        yield Checkpoint(str(path), found["preset"], found["settings"], values, left_over, notes)


def of_variables(source, config, variables):
    """The Checkpoint of a model of this package, given its settings and {path: variable}."""
    values = {path: _Held(variable) for path, variable in variables.items()}
    return Checkpoint(str(source), config.PRESET or None, config.to_dict(), values, {}, [])


@dataclass(frozen=True)
class _Held:
    """The value of a Keras variable."""

    variable: object

    @property
    def shape(self):
        return tuple(self.variable.shape)

    def __call__(self):
        return np.asarray(self.variable)


@contextmanager
def open_published(config, what):
    """The published weights of a model with these settings, "coco" or "imagenet" -> Checkpoint; fetched if need be."""
    file = published_file(config.PRESET or None, config.BACKBONE, config.BACKBONE_STRIDE_IN, what)
    path = fetch_file(file, progress=_megabytes(file.name))
    print(f"{file.name} of {file.project}; licence: {file.license}")
    with open_converted(path, cache_folder() / "converted", open_checkpoint) as found:
        yield Checkpoint(str(path), **found, notes=[])


def load_into(variables, config, checkpoint):
    """Gives a model's variables the checkpoint's values -> LoadReport.

    variables: {path: Keras variable} without counters. All values are read and checked before the first is assigned,
    so that a damaged file leaves the model as it was, and then read again one by one, so that they never are in
    memory all together.
    """
    shapes = {path: tuple(variable.shape) for path, variable in variables.items()}
    report = fit(checkpoint.source, shapes, checkpoint.values, checkpoint.left_over, _cure(checkpoint))
    trained = checkpoint.trained_with()
    # The first convolution answers the same to pictures that are divided by another deviation.
    scale = {}
    if "STD_PIXEL" in trained:
        factor = np.divide(config.STD_PIXEL, trained["STD_PIXEL"])[:, None].astype(np.float32)
        scale = {path: factor for path in report.loaded if STEM.fullmatch(path)}
    with _naming(checkpoint.source):
        for path in report.loaded:
            checkpoint.values[path]()
        for path in report.loaded:
            value = checkpoint.values[path]()
            _assign(variables[path], value * scale[path] if path in scale else value)
    report.notes += checkpoint.notes + _differences(config, trained, checkpoint.preset)
    return report


def _cure(checkpoint):
    """How to make the model that a file is of, for the error that it is of another one."""
    trained = {"BACKBONE_NORM": "frozen_bn", **checkpoint.trained_with()}
    told = {name: trained[name] for name in ("BACKBONE", "BACKBONE_NORM", "BACKBONE_FEATURES") if name in trained}
    if checkpoint.preset is None:
        return "set " + " and ".join(f"{name}={value!r}" for name, value in told.items())
    base = Config.preset(checkpoint.preset)
    more = "".join(f", {name}={value!r}" for name, value in told.items() if value != getattr(base, name))
    return f"make the model with Config.preset({checkpoint.preset!r}{more})"


def _assign(variable, value):
    """variable.assign(value), a large one in slices, since TensorFlow makes copies of what it assigns.

    (And `variable[start:end].assign` reads the whole variable first.)
    """
    if value.nbytes <= SLICE_BYTES or not isinstance(variable.value, tf.Variable):
        variable.assign(value)
        return
    rows = max(1, SLICE_BYTES * len(value) // value.nbytes)
    for start in range(0, len(value), rows):
        part = value[start : start + rows]
        tf.raw_ops.ResourceStridedSliceAssign(
            ref=variable.value.handle, begin=[start], end=[start + len(part)], strides=[1], value=part
        )


def _differences(config, trained, preset):
    used = [name for name in CONVENTIONS if config.PROPOSALS == "rpn" or not name.startswith("RPN_")]
    differing = [name for name in used if name in trained and not _same(name, config, trained[name])]
    if not differing:
        return []
    told = ", ".join(f"{name}={trained[name]}" for name in differing)
    cure = f"Config.preset({preset!r}) has them all" if preset else "set them to use the weights as they are"
    return [f"the weights were trained with {told}, which this model has not: it answers a little differently; {cure}"]


def _same(name, config, value):
    ours = getattr(config, name)
    if name == "MEAN_PIXEL":
        return np.abs(np.subtract(ours, value)).max() < SAME_GREY
    return np.array_equal(ours, value)


def _megabytes(name):
    """A function of (bytes there, bytes in all or None) that shows the progress of a transfer when that is due."""
    line = ProgressLine()

    def show(done, total):
        if done == total:
            line.clear()
        elif line.is_due():
            of = f" of {total / 1e6:.0f}" if total else ""
            line.show(f"fetching {name}: {done / 1e6:.0f}{of} MB")

    return show


@contextmanager
def _naming(path):
    """Puts the file's name in front of an error that does not tell it."""
    try:
        yield
    except UserError as error:
        if str(path) in str(error):
            raise
        raise UserError(f"{path}: {error}") from error
