"""Read the oracle files; they hold parts of large stages, and the name of an array says which part."""

import re

import numpy as np

from tests.oracles.drawing import picture
from tests.oracles.reference import conventions
from tests.oracles.reference.matterport_pictures import molded
from tests.oracles.reference.pictures import batch, prepare
from tests.oracles.weights import FOLDER, recipe

CONVENTIONS = {
    "torchvision_v1": conventions.TORCHVISION_V1,
    "torchvision_v2": conventions.TORCHVISION_V2,
    "detectron2_r50": conventions.DETECTRON2_R50,
    "detectron2_x101": conventions.DETECTRON2_X101,
}
PART = re.compile(r"(?P<stage>.+?)(_first(_(?P<rows>\d+))?)?(_every_(?P<step>\d+)(th|nd)_(?P<axis>channel|pixel))?")


def part(key, stages):
    """What `key` names: the stage of that name, or the part of it that the rest of the key says.

    stages: {stage: whole array}. `p2_every_4th_channel`: channels 0, 4, 8, ...; `..._every_2nd_pixel`: rows and columns
    0, 2, 4, ...; `..._first_10`: ten rows; `..._first` leaves the number to the caller. An array [N, C, H, W] has its
    channels second, except Matterport's stages [h, w, C] and RoIs [R, h, w, C], which have them last.
    """
    found = PART.fullmatch(key)
    array = stages[found["stage"]]
    channels_last = array.ndim == 3 or found["stage"].startswith("roi_align")
    if found["rows"]:
        array = array[: int(found["rows"])]
    if found["axis"] == "channel":
        array = array[..., :: int(found["step"])] if channels_last else array[:, :: int(found["step"])]
    if found["axis"] == "pixel":
        step = int(found["step"])
        array = array[::step, ::step] if channels_last else array[:, :, ::step, ::step]
    return array


def load(kind, name):
    """{key: array} of tests/oracles/<kind>/<name>.npz, with what is drawn or computed again.

    Added: image_i [H, W, 3] uint8 (Matterport: image), `input` [N, 3, H, W] float32 of torchvision and Detectron2,
    padded; `resized` [side, side, 3] uint8 of Matterport.
    """
    content = recipe(kind)
    names, sizes = content["files"][name]["pictures"], content["files"][name]["sizes"]
    with np.load(FOLDER / kind / f"{name}.npz") as file:
        arrays = dict(file)
    pictures = [picture(one) for one in names]
    if kind not in CONVENTIONS:
        return {**arrays, "image": pictures[0], "resized": molded(pictures[0], *sizes)[0]}
    arrays["input"] = batch([prepare(one, CONVENTIONS[kind], *sizes) for one in pictures])[0].astype(np.float32)
    return {**arrays, **{f"image_{i}": one for i, one in enumerate(pictures)}}
