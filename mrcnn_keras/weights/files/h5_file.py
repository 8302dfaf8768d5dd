"""Weights files of Keras 2 and tf.keras (.h5): of weights alone, or of a whole model.

The attribute layer_names lists groups, the attribute weight_names of each group its datasets. The format has no
checksum: damage inside the numbers shows only where it makes them impossible. Datasets may not overlap, and links to
other files are not followed.
"""

import re
from collections import Counter
from functools import cached_property

from mrcnn_keras.weights.files.hdf5 import members_of, messages_of, numbers_of, root_address, texts_of
from mrcnn_keras.weights.files.stored_tensor import BadFile

KERAS_3 = "load it with the Keras model that wrote it"
MOST_WEIGHTS = 50_000
NO_LAYER = "top_level_model_weights"  # a group beside the layers, for weights of no layer


def open_h5(file):
    """FileBytes -> {"layer/weight": StoredTensor} in the order of the file's lists. Raises BadFile."""
    root = _Group(file, root_address(file))
    if root.names("layer_names") is None and "model_weights" in root.members:
        root = root.find("model_weights")
    layers = root.names("layer_names")
    if layers is None:
        if "layers" in root.members:
            raise BadFile("is a .weights.h5 of Keras 3, whose weights have no names", KERAS_3)
        raise BadFile("is an HDF5 file without Keras's layer_names", "give one that Keras's save_weights wrote")
    names, numbers = {}, []
    for layer in layers:
        if layer in names:
            raise BadFile(f"lists its layer {layer!r} twice")
        group = root.find(layer)
        names[layer] = group.names("weight_names") or []
        # Layers of MobileNetV3 lie in each other: Conv has a place for Conv/BatchNorm.
        inside = [other.removeprefix(f"{layer}/") for other in layers if other.startswith(f"{layer}/")]
        _refuse_unlisted(group, [*names[layer], *inside])
        if len(numbers) + len(names[layer]) > MOST_WEIGHTS:
            raise BadFile("lists more weights than any model here has")
        numbers += [numbers_of(file, group.find(name).messages) for name in names[layer]]
    if not numbers:
        raise BadFile("holds no weights")
    _refuse_unlisted(root, [*layers, NO_LAYER])
    _refuse_overlap(sorted(extent for dataset in numbers for extent in dataset.extents))
    plain = plain_names(names)
    if len(set(plain)) != len(plain):
        raise BadFile("lists a weight twice")
    return {name: dataset.tensor for name, dataset in zip(plain, numbers, strict=True)}


class _Group:
    """A group, or a dataset, of which the messages are looked at only."""

    def __init__(self, file, address):
        self.file, self.messages, self.found = file, messages_of(file, address), {}

    @cached_property
    def members(self):
        return members_of(self.file, self.messages)

    def find(self, path):
        """The member at a path with slashes. Raises BadFile where there is none."""
        name, _, rest = path.strip("/").partition("/")
        if name not in self.members:
            raise BadFile(f"lacks {path!r}, which it lists")
        member = self.found.get(name) or self.found.setdefault(name, _Group(self.file, self.members[name]))
        return member.find(rest) if rest else member

    def names(self, attribute):
        """A list of names, or None; Keras cuts one that is too long for an attribute into name0, name1, ..."""
        found = texts_of(self.file, self.messages, attribute)
        if found is not None:
            return found
        parts = []
        while (part := texts_of(self.file, self.messages, f"{attribute}{len(parts)}")) is not None:
            parts.append(part)
        return [text for part in parts for text in part] if parts else None


def _refuse_unlisted(group, names):
    """What a list does not name would be left out in silence, and a damaged list is the likely reason."""
    if more := group.members.keys() - {name.strip("/").partition("/")[0] for name in names}:
        raise BadFile(f"has {min(more)!r}, which its lists do not name")


def _refuse_overlap(extents):
    for (_, end), (start, _) in zip(extents, extents[1:], strict=False):
        if start < end:
            raise BadFile("has datasets that overlap: it is damaged")


KERAS_1 = {
    "W": "kernel",
    "b": "bias",
    "running_mean": "moving_mean",
    "running_std": "moving_variance",
}  # std: a variance
OWN_NAME = re.compile(r"(?:(.+)_)?(kernel|bias|gamma|beta|moving_mean|moving_variance|W|b|running_mean|running_std)")
AUTOMATIC = re.compile(
    r"(conv2d|conv2d_transpose|dense|batch_normalization|time_distributed|model|functional|sequential)(_\d+)?"
)


def plain_names(layers):
    """{layer: [weight name as written]} -> list of "layer/weight" in that order, each once.

    "conv1/conv1/kernel:0" and "conv1_1/kernel_1:0" of layer conv1 become "conv1/kernel"; in a layer that is a model,
    "rpn_model/rpn_conv_shared/kernel:0" becomes "rpn_conv_shared/kernel". "_1" is taken from a layer in a model
    only where no two names meet by that. A name that comes twice all the same is kept as it is written.
    """
    named = [(layer, *_split(name)) for layer, names in layers.items() for name in names]
    written = [(layer, name) for layer, names in layers.items() for name in names]
    scopes = {layer: {scope for other, scope, _ in named if other == layer} for layer in layers}
    found = [_owner(layer, scope, scopes[layer]) for layer, scope, _ in named]
    inner = {owner for owner, (layer, *_) in zip(found, named, strict=True) if owner != layer}
    short = Counter(_without_number(owner) for owner in {*found})
    found = [_without_number(o) if o in inner and short[_without_number(o)] == 1 else o for o in found]
    plain = [f"{owner}/{own}" for owner, (*_, own) in zip(found, named, strict=True)]
    times = Counter(plain)
    return [name if times[name] == 1 else "/".join(whole) for name, whole in zip(plain, written, strict=True)]


def _split(name):
    """ "a/b/kernel_1:0" -> (("a", "b"), "kernel"); "conv1_W:0" -> (("conv1",), "kernel")."""
    *scope, own = [part for part in name.removesuffix(":0").split("/") if part]
    match = OWN_NAME.fullmatch(_without_number(own))
    if match is None:
        return tuple(scope), own
    if match[1] and not scope:
        scope = [match[1]]
    return tuple(scope), KERAS_1.get(match[2], match[2])


def _owner(layer, scope, scopes):
    """The layer that a weight belongs to: the Keras layer, or, where that is a whole model, one in it."""
    if not scope:
        return layer
    inner = next((part for part in reversed(scope) if not AUTOMATIC.fullmatch(part)), scope[-1])
    if len(scopes) > 1 or AUTOMATIC.fullmatch(layer):
        return inner
    return layer


def _without_number(name):
    return re.sub(r"_\d+$", "", name)
