"""Files of this package's models: the settings and variables of a .keras file, found without building the model."""

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files.h5_process import H5Process
from mrcnn_keras.weights.files.stored_tensor import BadFile

# Variables of a layer in the order in which Keras keeps them, of layers that begin with a kernel and of the others.
KERNEL, NORM = ("kernel", "bias"), ("gamma", "beta", "moving_mean", "moving_variance")


@contextmanager
def open_keras(path):
    """-> the config of the MaskRCNN in a .keras file, and {path of a variable: StoredTensor}. Raises UserError.

    All checksums of the archive are verified, and the whole file, also an optimizer's part, is known to be sound.
    """
    try:
        if not Path(path).is_file():
            raise BadFile("there is no such file")
        process = H5Process(path, "keras")
    except BadFile as error:
        raise UserError(f"{path} cannot be read as a .keras model ({error.what}); give a whole one") from error
    with closing(process):
        try:
            saved = json.loads(process.config)
            config, values = saved["config"], variables(process.datasets)
            is_ours = isinstance(config.get("config"), dict) and isinstance(config.get("trainable", {}), dict)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise UserError(f"{path} cannot be read as a .keras model ({error!r:.200}); give a whole one") from error
        if not is_ours:
            name = saved.get("class_name")
            raise UserError(f"{path} holds a {name}, not a MaskRCNN; give a file that its save wrote")
        yield config, values


def variables(datasets):
    """Datasets (path in the file, path of the layer, StoredTensor) -> {path of the variable: StoredTensor}.

    Keras names places by classes, "/layers/rpn_head/convs/conv2d/vars/0"; of the layers' own names, which it keeps
    beside them, come the paths of the variables, "rpn/conv/kernel". Counters, which have no axes, are left out.
    """
    found, parts = {}, {}
    for place, layer, tensor in datasets:
        group, _, index = place.rpartition("/")
        if group.startswith("/layers/") and tensor.shape:
            names = parts.setdefault(group, KERNEL if len(tensor.shape) > 1 else NORM)
            name = names[int(index)] if int(index) < len(names) else index  # a layer of a backbone of the user's own
            found[f"{layer}/{name}"] = tensor
    return found


@dataclass
class TrainingState:
    """What a .weights.h5 has beside the weights.

    counters: {path of a layer: StoredTensor}; optimizer: the optimizer's StoredTensors in its order, [] without one.
    """

    counters: dict
    optimizer: list


@contextmanager
def open_weights(path):
    """-> {path of a variable: StoredTensor} of a .weights.h5 of Keras, and its TrainingState. Raises BadFile.

    All of the file has been read once, in a process of its own.
    """
    with closing(H5Process(path, "h5 of Keras 3")) as process:
        for *_, tensor in process.datasets:
            tensor.read()
        groups = [(*place.rpartition("/")[::2], layer, tensor) for place, layer, tensor in process.datasets]
        counters = {
            layer: tensor for group, _, layer, tensor in groups if group.startswith("/layers/") and not tensor.shape
        }
        slots = {int(index): tensor for group, index, _, tensor in groups if group == "/optimizer/vars"}
        yield variables(process.datasets), TrainingState(counters, [slots[index] for index in sorted(slots)])
