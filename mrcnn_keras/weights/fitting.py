"""Which values of a file a model takes: what fits, what is re-initialised, and which files are of another model."""

import re
from dataclasses import dataclass, field

from mrcnn_keras.errors import UserError, listing

SHOWN = 4  # names of a group that the text shows


@dataclass
class LoadReport:
    """What `MaskRCNN.load_weights` did; `print(report)` says it in words.

    Attributes:
        source: The file.
        loaded: List of paths of the model's variables that have the file's values.
        replaced: Dict of path -> reason, of variables that the file has in another shape: they stay as they were.
        missing: Dict of path -> reason, of variables that the file lacks: they stay as they were.
        left_over: Dict of name in the file -> reason, of tensors that have no place in the model.
        notes: List of sentences about the rest, such as settings that differ from those of the file's training.
    """

    source: str
    loaded: list = field(default_factory=list)
    replaced: dict = field(default_factory=dict)
    missing: dict = field(default_factory=dict)
    left_over: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)

    @property
    def complete(self):
        """Whether every variable of the model has a value from the file."""
        return not self.replaced and not self.missing

    def as_dict(self):
        """The report as plain values for JSON."""
        return {
            "source": self.source,
            "loaded": len(self.loaded),
            "replaced": self.replaced,
            "missing": self.missing,
            "left_over": self.left_over,
            "notes": self.notes,
        }

    def __str__(self):
        total = len(self.loaded) + len(self.replaced) + len(self.missing)
        lines = [f"{self.source}: {len(self.loaded)} of the model's {total} variables loaded"]
        lines += _grouped("re-initialised", self.replaced)
        lines += _grouped("not in the file, re-initialised", self.missing)
        lines += _grouped("in the file, not used", self.left_over)
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def _grouped(what, reasons):
    """One line per reason, with the layers that it applies to."""
    lines = []
    for reason in dict.fromkeys(reasons.values()):
        layers = list(dict.fromkeys(name.rpartition("/")[0] or name for name in reasons if reasons[name] == reason))
        lines.append(f"  {what}: {listing(layers, SHOWN)} ({reason})")
    return lines


# The layers that may differ in size, and what their size depends on.
FREE_LAYERS = {
    "box_head/class_logits": "another number of classes",
    "box_head/deltas": "another number of classes",
    "mask_head/logits": "another number of classes",
    "mask_head/maps": "another number of classes, or of cells per mask",
    "keypoint_head/maps": "another number of keypoints",
    "rpn/logits": "another number of anchors per cell",
    "rpn/deltas": "another number of anchors per cell",
}
# The backbones' layers: a deeper ResNet has all layers of a shallower one, in the same sizes, and more.
BACKBONE = re.compile(r"stem_|res\d|(expanded_)?conv(_|$)|block\d|top_|convnext_|last_layernorm")


def fit(source, model, values, left_over, cure):
    """-> LoadReport of what the model takes of `values`; nothing is read or changed.

    source: the file, for the report; model: {path: shape} of the model's variables; values: {path: object with a
    shape}; left_over: {name: reason} of the file; cure: what to do with a file of another model, for the error.
    Raises UserError if nothing fits, or layers have other parts or sizes than the model's.
    """
    report = LoadReport(str(source), left_over=dict(left_over))
    ours, theirs = _by_layer(model), _by_layer(values)
    _same_backbone(source, ours, theirs, cure)
    for layer, parts in ours.items():
        if layer not in theirs:
            report.missing |= dict.fromkeys(parts, "the file has no such layer")
            continue
        _same_parts(source, layer, parts, theirs[layer], cure)
        for path in parts:
            if values[path].shape == tuple(model[path]):
                report.loaded.append(path)
            else:
                report.replaced[path] = _reason(source, path, values[path].shape, tuple(model[path]), cure)
    for layer, parts in theirs.items():
        if layer not in ours:
            report.left_over |= dict.fromkeys(parts, "the model has no such layer")
    if not report.loaded:
        raise UserError(f"{source} fits nothing in this model; {cure}")
    return report


def _by_layer(paths):
    layers = {}
    for path in paths:
        layers.setdefault(path.rpartition("/")[0], []).append(path)
    return layers


def _same_backbone(source, ours, theirs, cure):
    mine, its = ([layer for layer in layers if BACKBONE.match(layer)] for layers in (ours, theirs))
    if mine and its and set(mine) != set(its):
        more = [layer for layer in its if layer not in mine]
        if more:
            raise UserError(f"{source} has {more[0]}, which this model's backbone does not have; {cure}")
        lacking = next(layer for layer in mine if layer not in its)
        raise UserError(f"{source} lacks {lacking}, where this model's backbone has it; {cure}")


def _same_parts(source, layer, ours, theirs, cure):
    if set(ours) != set(theirs):
        mine, its = (", ".join(sorted(path.rpartition("/")[2] for path in parts)) for parts in (ours, theirs))
        raise UserError(f"{source} has {its} in layer {layer}, where this model has {mine}; {cure}")


def _reason(source, path, found, needed, cure):
    layer = path.rpartition("/")[0]
    if layer in FREE_LAYERS:
        return FREE_LAYERS[layer]
    raise UserError(f"{source} has {path} of shape {found}, where this model has {needed}; {cure}")
