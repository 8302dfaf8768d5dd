"""Which layers train: what a user changed by `layer.trainable = ...`, by name, so that a file of the model keeps it."""

from mrcnn_keras.architectures import GIVEN, STAGES
from mrcnn_keras.errors import UserError
from mrcnn_keras.model.feature_maps import make_backbone, make_roi_stage


def layers_by_path(layer, path=""):
    """{path: layer} of a layer, "", and of all inside it, each after the one that it is in: "fpn/lateral2"."""
    found = {path: layer}
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        found |= layers_by_path(inner, f"{path}/{inner.name}".lstrip("/"))
    return found


def check_names(model):
    """Refuses a backbone whose layers have names of the network's own, since weights are found by their names."""
    paths = [variable.path for variable in model.weights]
    if len({*paths}) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise UserError(f"two weights of the model are called {twice}; give the backbone's layer another name")


def trainable_by_path(model):
    """{path: whether the layer trains}"""
    return {path: layer.trainable for path, layer in layers_by_path(model).items()}


def trainable_changes(model, at_first):
    """-> {path: whether it trains} of the layers that no longer are as in `at_first`, {path: ...} of the new model.

    What is in a layer follows it, and is listed only where it differs from it.
    """
    expected, changes = dict(at_first), {}
    for path, trains in trainable_by_path(model).items():
        if trains != expected.get(path, trains):
            changes[path] = trains
            expected |= dict.fromkeys((inner for inner in expected if _is_in(inner, path)), trains)
    return changes


def apply_changes(model, changes):
    """Makes the changes of `trainable_changes` in a new model; layers that it does not have are passed over."""
    layers = layers_by_path(model)
    for path, trains in changes.items():
        if path in layers:
            layers[path].trainable = trains


def train_stages(model, layers):
    """Makes the stages of the backbone train that Matterport's package trains under the same name.

    Args:
        model: `MaskRCNN`.
        layers: `"heads"`: all but the backbone; `"5+"`, `"4+"`, `"3+"`: its stages from this one on, too; `"all"`.

    Returns:
        Boolean, whether other variables train now.

    Raises:
        UserError: If there is no such name, or the user's own backbone has no such stages.
    """
    if layers not in STAGES:
        raise UserError(f"layers = {layers!r}: choose one of {', '.join(STAGES)}")
    before = [variable.path for variable in model.trainable_variables]
    if model.config.BACKBONE == GIVEN:
        if layers not in ("heads", "all"):
            raise UserError(f"layers = {layers!r}: the stages of your own backbone are unknown; give heads or all")
        model.network.backbone.trainable = layers == "all"
    else:
        _take_stages(model, layers)
    return before != [variable.path for variable in model.trainable_variables]


def _take_stages(model, layers):
    """The backbone's layers train as in one that is made with these stages frozen."""
    config = model.config.replace(BACKBONE_FREEZE_STAGES=STAGES[layers])
    parts = [(model.network.backbone, make_backbone(config))]
    if config.BACKBONE_FEATURES == "c4":
        parts.append((model.get_layer("roi_stage"), make_roi_stage(config)))
    for part, like in parts:
        wanted = trainable_by_path(like)
        for path, layer in layers_by_path(part).items():
            layer.trainable = wanted.get(path, layer.trainable)  # names of layers without weights are numbered


def optimizer_paths(model):
    """Paths of the variables that the model's optimizer has state for, in its order; [] before it is built."""
    return [variable.path for variable in model.optimizer._trainable_variables] if model.optimizer.built else []


def train_the_same(model, saved, path):
    """Makes the layers train that train in a saved model, with an optimizer for its optimizer's variables.

    Args:
        model: `MaskRCNN`, compiled.
        saved: `MaskRCNN` of the same settings, with its optimizer.
        path: The file that `saved` is of, for messages.

    Raises:
        UserError: If the user froze other layers in `model`; where none, those of the file are taken over.
    """
    mine, its = (one.get_config().get("trainable", {}) for one in (model, saved))
    if its and not mine:
        apply_changes(model, its)
        print(f"frozen layers are those of {path}: {_names(its)}")
    ours, theirs = ([variable.path for variable in one.trainable_variables] for one in (model, saved))
    if ours != theirs:
        raise UserError(
            f"{path} was trained with these layers frozen: {_names(its)}; this model has: {_names(mine)}; set "
            "layer.trainable as it was, or leave it alone to take over what the file says"
        )
    wanted = optimizer_paths(saved)
    if not model.optimizer.built:
        by_path = {variable.path: variable for variable in model.weights}
        model.optimizer.build([by_path[name] for name in wanted])
    elif optimizer_paths(model) != wanted:
        model.compile_from_config({**model.get_compile_config(), "optimizer_variables": wanted})


def _names(changes):
    """The layers that changes have frozen, in words."""
    frozen = [path or "all" for path, trains in changes.items() if not trains]
    return ", ".join(frozen) or "none"


def _is_in(path, outer):
    return not outer or path == outer or path.startswith(f"{outer}/")
