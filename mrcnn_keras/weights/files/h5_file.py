"""Weights files of Keras 2 and tf.keras (.h5), with weights alone or a whole model, and the names of their weights.

The attribute layer_names lists groups, the attribute weight_names of each group its datasets. The format has no
checksum: damage inside the numbers shows only where it makes them impossible. Datasets may not overlap, and links to
other files are not followed.
"""

import re
from collections import Counter

from mrcnn_keras.weights.files.h5_process import H5Process
from mrcnn_keras.weights.files.stored_tensor import BadFile


def open_h5(file):
    """FileBytes -> {"layer/weight": StoredTensor} in the order of the file's lists. Raises BadFile."""
    datasets = file.keep(H5Process(file.path, "h5")).datasets
    layers = {}
    for layer, name, _ in datasets:
        layers.setdefault(layer, []).append(name)
    plain = plain_names(layers)
    if len(set(plain)) != len(plain):
        raise BadFile("lists a weight twice")
    return {name: tensor for name, (*_, tensor) in zip(plain, datasets, strict=True)}


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
    "rpn_model/rpn_conv_shared/kernel:0" becomes "rpn_conv_shared/kernel". "_1" is removed from a layer in a model
    only where that makes no two names equal. A name that still occurs twice is kept as written.
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
    """The layer that a weight belongs to: the Keras layer or, where that is a whole model, one inside it."""
    if not scope:
        return layer
    inner = next((part for part in reversed(scope) if not AUTOMATIC.fullmatch(part)), scope[-1])
    if len(scopes) > 1 or AUTOMATIC.fullmatch(layer):
        return inner
    return layer


def _without_number(name):
    return re.sub(r"_\d+$", "", name)
