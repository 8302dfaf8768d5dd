"""Thin tensors written as each kind of file, without PyTorch."""

import pickle

import numpy as np

from tests.weights.files.writers import torch_records, write_h5, write_safetensors, write_torch, write_torch_legacy
from tests.weights.maps.thin_files import (
    RESNET18,
    RESNET50,
    ThinFile,
    detectron2_file,
    matterport_file,
    torch_resnet,
    torchvision_file,
)


def save_torch(path, arrays):
    return write_torch(path, *torch_records(arrays))


def save_torch_legacy(path, arrays):
    records, storages = torch_records(arrays, legacy=True)
    counts = {key: array.size for key, array in zip(storages, arrays.values(), strict=True)}
    return write_torch_legacy(path, records, storages, counts)


def save_pickle(path, arrays):
    path.write_bytes(pickle.dumps({"model": dict(arrays), "__author__": "a test"}))
    return path


def save_h5(path, arrays):
    """Names "layer/weight", as ThinFile has those of Keras."""
    layers = {}
    for name, array in arrays.items():
        layers.setdefault(name.partition("/")[0], {})[f"{name}:0"] = np.asarray(array)
    return write_h5(path, layers)


SAVE = {
    "torch": save_torch,
    "torch_legacy": save_torch_legacy,
    "pickle": save_pickle,
    "h5": save_h5,
    "safetensors": write_safetensors,
}
# A file of each kind: name -> (kind, function that makes its tensors, preset that belongs to it)
EXAMPLES = {
    "v1.pth": ("torch", lambda: torchvision_file(classes=91), "torchvision_v1"),
    "faster.pth": ("torch_legacy", lambda: torchvision_file(masks=False, **RESNET18), "torchvision_faster_v1"),
    "model_final.pkl": ("pickle", lambda: detectron2_file(classes=80), "detectron2_r50_fpn"),
    "mask_rcnn.h5": ("h5", lambda: matterport_file(classes=81, **RESNET50), "matterport_r50"),
    "v2.safetensors": ("safetensors", lambda: torchvision_file(v2=True, classes=7), "torchvision_v2"),
}


def save(folder, name):
    """Writes the example of that name -> (path, its tensors, its preset)."""
    kind, make, preset = EXAMPLES[name]
    file = make()
    return SAVE[kind](folder / name, file), file, preset


def imagenet_file(**architecture):
    """torchvision's ResNet for ImageNet, with its classes."""
    file = ThinFile()
    *_, channels = torch_resnet(file, **architecture)
    file.torch_dense("fc", 1000, channels)
    return file
