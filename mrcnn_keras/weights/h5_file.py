"""Weights files of Keras 2 and tf.keras (.h5): of weights alone, or of a whole model.

The attribute layer_names lists groups, the attribute weight_names of each group its datasets. The format has no
checksum: damage inside the numbers shows only where it makes them impossible. Datasets may not overlap, and links to
other files are not followed.
"""

from functools import cached_property

from mrcnn_keras.weights.bad_file import BadFile
from mrcnn_keras.weights.h5_names import plain_names
from mrcnn_keras.weights.hdf5_data import numbers_of, texts_of
from mrcnn_keras.weights.hdf5_layout import members_of, messages_of, root_address

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
