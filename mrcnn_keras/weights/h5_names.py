"""The names of weights in Keras 2 files, freed from wrappers, nesting, suffixes and the names of Keras 1."""

import re
from collections import Counter

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
