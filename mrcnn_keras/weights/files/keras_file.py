"""Files of this package's models: the settings and variables of a .keras file, found without building the model."""

import json
from contextlib import closing, contextmanager
from pathlib import Path

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files.h5_process import H5Process
from mrcnn_keras.weights.files.stored_tensor import BadFile

# Variables of a layer in the order in which Keras keeps them, of layers that begin with a kernel and of the others.
KERNEL, NORM = ("kernel", "bias"), ("gamma", "beta", "moving_mean", "moving_variance")


@contextmanager
def open_keras(path):
    """-> the settings of the model in a .keras file, and {path of a variable: StoredTensor}. Raises UserError.

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
            config = json.loads(process.config)
            settings, values = config["config"].get("config"), variables(process.datasets)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            raise UserError(f"{path} cannot be read as a .keras model ({error!r:.200}); give a whole one") from error
        if not isinstance(settings, dict):
            name = config.get("class_name")
            raise UserError(f"{path} holds a {name}, not a MaskRCNN; give a file that its save wrote")
        yield settings, values


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
            found[f"{layer}/{names[int(index)]}"] = tensor
    return found


@contextmanager
def open_weights(path):
    """-> {path of a variable: StoredTensor} of a .weights.h5 of Keras. Raises BadFile."""
    with closing(H5Process(path, "h5 of Keras 3")) as process:
        yield variables(process.datasets)


def check_weights(path):
    """Reads a .weights.h5 of Keras once in a process of its own. Raises BadFile for what Keras should not open."""
    with closing(H5Process(path, "h5 of Keras 3")) as process:
        for *_, tensor in process.datasets:
            tensor.read()
