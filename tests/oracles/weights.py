"""The weights of the oracles, made again from the names of the tensors by numpy alone."""

import json
import zlib
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
KINDS = ("torchvision_v1", "torchvision_v2", "detectron2_r50", "detectron2_x101", "matterport_r50")


def recipe(kind):
    """The content of recipe.json: tensors, sizes of the network input, thresholds, pictures."""
    return json.loads((FOLDER / kind / "recipe.json").read_text())


def array(row, seed):
    """One tensor of a recipe's row {name, shape, mean, std}, {name, shape, values} or {name, shape, dtype}.

    mean + std * unit, in float32; unit: standard normal from RandomState(crc32(name) + seed), limited to -3..3 so that
    variances stay positive.
    """
    if "values" in row:
        return np.array(row["values"], np.float32).reshape(row["shape"])
    if "dtype" in row:
        return np.zeros(row["shape"], row["dtype"])
    random = np.random.RandomState((zlib.crc32(row["name"].encode()) + seed) % 2**32)
    unit = np.clip(random.standard_normal(tuple(row["shape"])), -3, 3).astype(np.float32)
    return np.float32(row["mean"]) + np.float32(row["std"]) * unit


def state_dict_of(content):
    """{name: array} of a recipe's content, in its order."""
    return {row["name"]: array(row, content["seed"]) for row in content["tensors"]}


def state_dict(kind):
    """{name: array} with the names and layouts of the published file; for Matterport "conv1/kernel:0" and so on."""
    return state_dict_of(recipe(kind))


def write_h5(path, kind="matterport_r50"):
    """The Matterport weights as a Keras 2 weights file with the layout of mask_rcnn_coco.h5; returns the path.

    Root attributes layer_names, backend, keras_version; a group for each layer with the attribute weight_names; the
    three layers of the RPN are inside the group rpn_model; one layer without weights has an empty group.
    """
    import h5py

    groups = {"input_image": {}}
    for name, value in state_dict(kind).items():
        layer = name.split("/")[0]
        groups.setdefault("rpn_model" if layer.startswith("rpn_") else layer, {})[name] = value
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = np.array(list(groups), "S")
        file.attrs["backend"] = np.bytes_("tensorflow")
        file.attrs["keras_version"] = np.bytes_("2.0.8")
        for layer, weights in groups.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array(list(weights), "S")
            for name, value in weights.items():
                group.create_dataset(name, data=value)
    return path
