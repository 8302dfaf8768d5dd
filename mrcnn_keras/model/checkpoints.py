"""A checkpoint: a file of weights of any project, opened once, with its settings and values as a model takes them."""

import re
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from mrcnn_keras.architectures import GIVEN
from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError, listing
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.weights.class_places import find_places, rearranged, unknown_classes
from mrcnn_keras.weights.fetch import COCO, cache_folder, fetch_file, name_hash_mismatch, open_converted, published_file
from mrcnn_keras.weights.files import TrainingState, describe_error, open_keras, open_weights, read_tensors
from mrcnn_keras.weights.fitting import fit
from mrcnn_keras.weights.maps import find_source

PUBLISHED = ("coco", "imagenet")
PUBLISHED_PRESETS = tuple(COCO)
PRESET_FILES = ("config.json", "model.weights.h5")  # in a folder that save_to_preset wrote
RUN_FILES = ("best.keras", "last.keras")  # in the folder of a training, the preferred one first
STEM = re.compile(r"(.*stem_)?conv/kernel")  # the first convolution of a backbone
# Settings that weights depend on: with others the model's outputs are not the original's.
CONVENTIONS = (
    "MEAN_PIXEL",
    "IMAGE_PAD_COLOUR",
    "IMAGE_STRETCH",
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
SAME_GREY = 1.0  # grey levels: two means that differ by less are the same


@dataclass
class Checkpoint:
    """An open file of weights: what is known of its model, and its values, which are read when they are called.

    source: the file; preset: the name of the preset that belongs to it, or None; settings: those that the file
    determines, all of a .keras file; values: {path of our variable: function () -> array, with a `shape`}; left_over:
    {name: reason} of tensors without a place; notes: sentences for the user; verified: whether all values have been
    read already, so that they can be relied on; trainable: the `trainable_changes` of a .keras file; state: the
    TrainingState of a .weights.h5, or None; backbone: a new one like the user's own that a .keras file has, or None.
    """

    source: str
    preset: str | None
    settings: dict
    values: dict
    left_over: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    verified: bool = False
    trainable: dict = field(default_factory=dict)
    state: TrainingState | None = None
    backbone: keras.Model | None = None

    @property
    def is_whole(self):
        """Whether it is of a whole model, not of a backbone alone."""
        return "NUM_CLASSES" in self.settings

    @property
    def has_anchors(self):
        """Whether it has a region proposal network, which knows the anchors that it was trained with."""
        return "rpn/logits/bias" in self.values

    def config(self, **overrides):
        """The Config of the model that the file is of, with `overrides` on top."""
        if not self.is_whole:
            has_heads = "box_head/class_logits/kernel" in self.values
            held = "weights without the settings of their model" if has_heads else "a backbone alone, no whole model"
            raise UserError(
                f"{self.source} holds {held}; it can only be the weights that a training starts from (--weights)"
            )
        config = self._base().replace(**self.settings).replace(**overrides)
        anchors = self.values["rpn/logits/bias"].shape[0] if self.has_anchors else config.anchors_per_cell()
        if anchors != config.anchors_per_cell():
            raise UserError(
                f"{self.source} has {anchors} anchors per cell and does not say their ratios; give RPN_ANCHOR_RATIOS "
                f"with {anchors} numbers, height / width in the order of its project"
            )
        return config

    def trained_with(self):
        """The settings that the weights were trained with, as far as they are known, by name."""
        return {**(self._base().to_dict() if self.preset else {}), **self.settings}

    def _base(self):
        return Config.preset(self.preset) if self.preset else Config()


@dataclass
class _Value:
    """A variable of a model as a value of a Checkpoint."""

    variable: keras.Variable

    @property
    def shape(self):
        return tuple(self.variable.shape)

    def __call__(self):
        return self.variable.numpy()


def model_file(path):
    """The file of the model in the folder of a training.

    Args:
        path: The folder, or any other path.

    Returns:
        Path of its best.keras, or else last.keras; of something else than such a folder, `path` itself.
    """
    files = [file for file in (Path(path) / name for name in RUN_FILES) if file.exists()]
    return files[0] if files else Path(path)


def existing_file(path):
    """`model_file` of a path, or the folder of a preset. Raises UserError if there is none."""
    found = model_file(path)
    if not found.exists():
        raise UserError(f"{path} does not exist; give a file that is there, or the folder of a training")
    if found.is_dir() and not (found / PRESET_FILES[1]).exists():
        raise UserError(f"{path} is a folder without best.keras; give the folder of a training, or a file in it")
    return found


def load_keras(path):
    """The model in a .keras file, of whatever class, as Keras loads it. Raises UserError if it cannot be read."""
    path = existing_file(path)
    if path.suffix != ".keras":
        raise UserError(
            f"{path} is not a .keras file; MaskRCNN.from_checkpoint opens files of other projects, and load_weights "
            "takes weights alone into a model"
        )
    with open_keras(path):  # first in a process of its own, since HDF5's library may hang or crash
        pass
    try:
        return keras.saving.load_model(path, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{path} cannot be read as a .keras model ({reason}); give a whole one") from error


@contextmanager
def open_checkpoint(path):
    """Opens a file of weights: of torchvision, Detectron2, Matterport, keras.applications, or of this package.

    Args:
        path: The file, or a folder that a training or `save_to_preset` wrote.

    Returns:
        Context manager with a `Checkpoint`, whose values can be read inside the `with`.

    Raises:
        UserError: If the file cannot be read or is of no model that is known.
    """
    path = existing_file(path)
    if path.suffix == ".keras":
        with open_keras(path) as (saved, values):
            with _naming(path):
                config = Config.from_dict(saved["config"])
            found = {"trainable": saved.get("trainable", {})}
            if config.BACKBONE == GIVEN:  # Keras alone knows the weights of layers of all kinds
                model = load_keras(path)
                values = {v.path: _Value(v) for v in model.weights if v.dtype.startswith("float")}
                found |= {"verified": True, "backbone": keras.models.clone_model(model.network.backbone)}
            yield Checkpoint(str(path), config.PRESET or None, config.to_dict(), values, **found)
        return
    if path.is_dir():
        config = Config.load(path / PRESET_FILES[0])
        with describe_error(path / PRESET_FILES[1]), open_weights(path / PRESET_FILES[1]) as (values, _):
            yield Checkpoint(str(path), config.PRESET or None, config.to_dict(), values, verified=True)
        return
    if path.name.endswith(".weights.h5"):
        with describe_error(path), open_weights(path) as (values, state):
            if values:  # otherwise it is of Keras 2
                yield Checkpoint(str(path), None, {}, values, verified=True, state=state)
                return
    with _open_foreign(path) as checkpoint:
        checkpoint.notes += [note for note in [name_hash_mismatch(path)] if note]
        yield checkpoint


@contextmanager
def _open_foreign(path):
    """The Checkpoint of another project's file, whose name is not compared with its content."""
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
        yield Checkpoint(str(path), found["preset"], found["settings"], values, left_over)


@contextmanager
def open_published(config, name):
    """The Checkpoint of published weights, "coco" or "imagenet", for a model with these settings; fetched if absent."""
    file = published_file(config.PRESET or None, config.BACKBONE, config.BACKBONE_STRIDE_IN, name)
    path = fetch_file(file, progress=_megabytes(file.name))
    print(f"{file.name} of {file.project}; licence: {file.license}")
    with open_converted(path, cache_folder() / "converted", _open_foreign) as found:
        yield Checkpoint(str(path), **found, verified=True)


def load_into(variables, config, checkpoint):
    """Gives a model's variables the checkpoint's values -> LoadReport.

    variables: {path: Keras variable} without counters. All values are known to be sound before the first is assigned,
    so that a damaged file leaves the model as it was: where that is not verified yet they are read twice, since they
    should never be in memory all together.
    """
    shapes = {path: tuple(variable.shape) for path, variable in variables.items()}
    report = fit(checkpoint.source, shapes, checkpoint.values, checkpoint.left_over, _cure(checkpoint))
    trained = checkpoint.trained_with()
    ours, theirs = list(config.CLASS_NAMES), list(trained.get("CLASS_NAMES") or ())
    places = find_places(ours, theirs)
    # With this factor the first convolution gives the same for pictures that are divided by another deviation.
    scale = {}
    if "STD_PIXEL" in trained:
        factor = np.divide(config.STD_PIXEL, trained["STD_PIXEL"])[:, None].astype(np.float32)
        scale = {path: factor for path in report.loaded if STEM.fullmatch(path)}
    with _naming(checkpoint.source):
        for path in [] if checkpoint.verified else report.loaded:
            checkpoint.values[path]()
        for path in report.loaded:
            value = checkpoint.values[path]()
            if places and not (config.MASK_CLASS_AGNOSTIC and path.startswith("mask_head/")):
                value = rearranged(path, value, places)
            _assign(variables[path], value * scale[path] if path in scale else value)
    report.notes += checkpoint.notes + _notes_on_classes(ours, theirs, places)
    report.notes += _differences(config, trained, checkpoint.preset)
    return report


def load_state(model, checkpoint, report):
    """Gives a model the counters and the optimizer's state of its own .weights.h5, as Keras does.

    report: the LoadReport of `load_into`; weights of another model come without them.
    """
    state = checkpoint.state
    if state is None or not report.complete or report.left_over:
        return
    for variable in model.weights:
        layer = variable.path.rpartition("/")[0]
        if layer in state.counters and not variable.dtype.startswith("float"):
            variable.assign(state.counters[layer]())
    slots = model.optimizer.variables if model.compiled else []
    if [tuple(slot.shape) for slot in slots] == [stored.shape for stored in state.optimizer]:
        for slot, stored in zip(slots, state.optimizer, strict=True):
            slot.assign(stored())
    elif slots and state.optimizer:
        report.notes.append("the optimizer's state was not taken: it is of other variables than this optimizer's")


def _cure(checkpoint):
    """How to make the model that a file is of, for the error that the file does not fit."""
    if not checkpoint.trained_with():
        return "make the model with the settings of the one that wrote the file"
    trained = {"BACKBONE_NORM": "frozen_bn", **checkpoint.trained_with()}
    backbone = {name: trained[name] for name in ("BACKBONE", "BACKBONE_NORM", "BACKBONE_FEATURES") if name in trained}
    if checkpoint.preset is None:
        return "set " + " and ".join(f"{name}={value!r}" for name, value in backbone.items())
    base = Config.preset(checkpoint.preset)
    more = "".join(f", {name}={value!r}" for name, value in backbone.items() if value != getattr(base, name))
    return f"make the model with Config.preset({checkpoint.preset!r}{more})"


def _assign(variable, value):
    """variable.assign(value), a large one in slices, since TensorFlow copies what it assigns.

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


def _notes_on_classes(ours, theirs, places):
    """What became of the classes where the file has them in another order, or some others."""
    others = unknown_classes(ours, theirs, places)
    notes = [f"the file has its classes in the order {listing(theirs[1:])}; they are matched by name"] if places else []
    notes += [f"classes that it does not know begin with the weights of others: {listing(others)}"] if others else []
    return notes


def _differences(config, trained, preset):
    """Notes about settings of the model that are not those of the training."""
    used = [name for name in CONVENTIONS if config.PROPOSALS == "rpn" or not name.startswith("RPN_")]
    differing = [name for name in used if name in trained and not _same(name, config, trained[name])]
    if not differing:
        return []
    values = ", ".join(f"{name}={trained[name]}" for name in differing)
    cure = f"Config.preset({preset!r}) has them all" if preset else "set them to use the weights as they are"
    return [f"the weights were trained with {values}, unlike this model, whose results differ slightly; {cure}"]


def _same(name, config, value):
    ours = getattr(config, name)
    if name == "MEAN_PIXEL":
        return np.abs(np.subtract(ours, value)).max() < SAME_GREY
    return np.array_equal(ours, value)


def _megabytes(name):
    """A function of (bytes received, bytes in all or None) that shows the progress of a download now and then."""
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
    """Puts the file's name in front of an error that does not name it."""
    try:
        yield
    except UserError as error:
        if str(path) in str(error):
            raise
        raise UserError(f"{path}: {error}") from error
