"""An oracle's weights as a file of its project, the model that our package makes of it, and the oracle's inputs."""

import json
import zlib
from functools import lru_cache
from unittest import mock

import numpy as np

from mrcnn_keras import Config, MaskRCNN
from tests.oracles import files, weights
from tests.weights.files.saved_files import SAVE, save_h5

# The kind of file that the project publishes.
FORMATS = {"torchvision": "torch", "detectron2": "pickle"}


class Own:
    """A small oracle of this folder."""

    def __init__(self, kind):
        self.kind = kind
        self.settings = weights.recipe(kind)["settings"]

    def save(self, folder):
        """Writes the weights as a file -> its path."""
        if self.kind.startswith("matterport"):
            return weights.write_h5(folder / "mask_rcnn.h5", self.kind)
        return SAVE[FORMATS[self.kind.partition("_")[0]]](folder / "weights.pth", weights.state_dict(self.kind))

    def sizes(self, name):
        """(short, long) sides of the network's picture in the file `name`."""
        return weights.recipe(self.kind)["files"][name]["sizes"]

    def load(self, name):
        """{key: array} of a file."""
        return files.load(self.kind, name)


class Shared:
    """A full-size oracle of the folder ../shared/oracle."""

    settings = {}

    def __init__(self, folder, kind):
        self.folder, self.kind = folder, kind

    def save(self, folder):
        arrays = shared_weights(self.folder)
        if self.kind.startswith("matterport"):
            self.settings = {"min_score": 0.1}
            return save_h5(folder / "mask_rcnn.h5", {name.split(":")[0]: array for name, array in arrays.items()})
        return SAVE[FORMATS[self.kind.partition("_")[0]]](folder / "weights.pth", arrays)

    def sizes(self, name):
        about = json.loads((self.folder / "meta.json").read_text())["files"][name]
        names = ("IMAGE_MIN_DIM", "IMAGE_MAX_DIM") if "IMAGE_MIN_DIM" in about else ("min_size", "max_size")
        return [about[name] for name in names]

    def load(self, name):
        with np.load(self.folder / f"{name}.npz") as file:
            return dict(file)


@lru_cache(maxsize=1)
def shared_weights(folder):
    """{name: array}, as oracle/README.md says they are made."""
    recipe = json.loads((folder / "weights.json").read_text())
    small = np.load(folder / "weights.npz")
    names = recipe["order"] if "order" in recipe else [name for _, names in recipe["layers"] for name in names]
    arrays = {}
    for name in names:
        how = recipe["large"].get(name)
        if how is None:
            arrays[name] = small[name]
            continue
        random = np.random.RandomState((zlib.crc32(name.encode()) + recipe["seed"]) % 2**32)
        unit = random.standard_normal(tuple(how["shape"])).astype(np.float32)
        arrays[name] = unit * np.float32(how["std"]) * np.float32(how["scale"])
    return arrays


NAMES = {
    "pre_nms": ("PRE_NMS_LIMIT_INFERENCE",),
    "post_nms": ("POST_NMS_ROIS_INFERENCE",),
    "max_detections": ("DETECTION_MAX_INSTANCES",),
    "min_score": ("DETECTION_MIN_CONFIDENCE",),
}


def model_of(case, path, name, **settings):
    """The model of the weights file `path` for the pictures of the oracle's file `name`."""
    low, high = case.sizes(name)
    own = {setting: value for key, value in case.settings.items() for setting in NAMES[key]}
    return MaskRCNN.from_checkpoint(path, IMAGE_MIN_DIM=low, IMAGE_MAX_DIM=high, **own, **settings)


def at_sizes_of(case, name, model):
    """A context in which the model resizes pictures as those of the oracle's file `name`, as long as it makes no graph.

    Its network is the same for all sizes.
    """
    low, high = case.sizes(name)
    options = model.config.replace(IMAGE_MIN_DIM=low, IMAGE_MAX_DIM=high).resize_options()
    return mock.patch.object(Config, "resize_options", return_value=options)


def network_input(case, arrays, config):
    """The input of the oracle's network, as ours takes it -> images [B, H, W, 3] RGB 0..255, sizes [B, 2]; or None."""
    if case.kind.startswith("matterport"):
        y1, x1, y2, x2 = arrays["window"]
        return arrays["resized"][None], np.array([[y2 - y1, x2 - x1]], np.int32)
    if "input" in arrays:
        pixels = np.moveaxis(arrays["input"], 1, -1).astype(np.float64)
        pixels = pixels[..., ::-1] if case.kind.startswith("detectron2") else pixels
        return pixels * config.STD_PIXEL + config.MEAN_PIXEL, arrays["input_hw"].astype(np.int32)
    pictures = [arrays[f"resized_bgr_{i}"][..., ::-1] for i in range(10) if f"resized_bgr_{i}" in arrays]
    if not pictures:
        return None
    sizes = np.array([picture.shape[:2] for picture in pictures], np.int32)
    padded = np.zeros((len(pictures), *(-(-sizes.max(axis=0) // 32) * 32), 3))
    for picture, (height, width), place in zip(pictures, sizes, padded, strict=True):
        place[:height, :width] = picture
    return padded, sizes
