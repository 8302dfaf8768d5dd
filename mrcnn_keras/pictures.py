"""What people hand over as a picture -> [H, W, 3] uint8 RGB: one rule for detect, written files and drawings."""

import os

import numpy as np
from PIL import ExifTags, Image

from mrcnn_keras.errors import UserError, note

WANTED = "give [height, width, 3] RGB"
# Modes from which Pillow has no direct way to RGB, or only one with a warning, and what comes between.
BETWEEN = {"P": "RGBA", "PA": "RGBA", "RGBa": "RGBA", "La": "LA"}
CHANNELS = (1, 3, 4)  # grey, RGB, RGBA


def as_pictures(images):
    """A list of pictures, a batch [B, H, W, C] or another iterable of what as_picture takes -> list of arrays.

    Raises UserError that says which one is not a picture, and why.
    """
    if images is None or isinstance(images, (str, bytes, os.PathLike)):
        images = [images]
    if not isinstance(images, (list, tuple)) and np.ndim(images) in (2, 3):
        raise UserError(f"got one picture of shape {np.shape(images)}; give a list of pictures: [image]")
    if isinstance(images, dict) or not hasattr(images, "__iter__"):
        raise UserError(f"got a {type(images).__name__} as pictures; give a list: [image]")
    return [as_picture(image, f"picture {index}") for index, image in enumerate(images)]


def as_picture(image, name="the picture"):
    """One picture as an array.

    Grey is repeated, alpha dropped. A Pillow image of any mode is converted, and not turned, so that boxes are places
    in it as it is. Values of uint16 and of Pillow's 16-bit modes are scaled as in a file; of other numbers those from 0
    to 255 are taken, and bool as black and white.

    Args:
        image: Array or tensor [H, W], or [H, W, 1, 3 or 4], or a Pillow image.
        name: What an error message calls it.

    Returns:
        [H, W, 3] uint8 RGB.

    Raises:
        UserError: If it is not a picture, has its channels first, or values that are not 0 to 255, such as 0 to 1.
    """
    if image is None:
        raise UserError(f"{name} is None: its file was not read; look whether there is a picture under that path")
    if isinstance(image, (str, os.PathLike)):
        raise UserError(
            f"{name} is {str(image)[:200]!r}; give its pixels, [height, width, 3] RGB, such as PIL.Image.open(path)"
        )
    array = _of_pillow(image, name) if isinstance(image, Image.Image) else _as_array(image, name)
    rgb = as_rgb(array)
    if rgb is None:
        raise UserError(f"{name} has shape {array.shape}; {_cure_of_shape(array.shape)}")
    return _as_uint8(rgb, name)


def as_rgb(image):
    """[H, W], or [H, W, 1, 3 or 4], of any type -> [H, W, 3]: grey repeated, alpha dropped. None for other shapes."""
    image = np.asarray(image)
    image = image[:, :, None] if image.ndim == 2 else image
    if image.ndim != 3 or image.shape[2] not in CHANNELS or not image.size:
        return None
    return image.repeat(3, axis=2) if image.shape[2] == 1 else image[:, :, :3]


def to_8_bit(values):
    """Whole numbers from 0 to 65535 -> uint8, by the bits that the largest needs: 8, 10, 12, 14 or 16."""
    bits = next(bits for bits in (8, 10, 12, 14, 16) if values.max() < 1 << bits)
    return np.rint(values * (255 / ((1 << bits) - 1))).astype(np.uint8)


def _of_pillow(image, name):
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        if image.mode.startswith("I"):
            values = np.asarray(image)
            return values.astype(np.uint16) if 0 <= values.min() <= values.max() <= 65535 else values
        converted = image if image.mode == "F" else image.convert(BETWEEN.get(image.mode)).convert("RGB")
        array = np.asarray(converted)
    except Exception as error:  # a damaged file is read only now, and Pillow raises many kinds
        raise UserError(f"{name} cannot be read ({error}); replace it") from error
    if orientation in range(2, 9):
        note(
            f"a Pillow image has the EXIF orientation {orientation} and is taken as it is stored; "
            "where it should be upright, give PIL.ImageOps.exif_transpose(image)"
        )
    return array


def _as_array(image, name):
    try:
        array = np.asarray(image)
    except Exception as error:  # each library has its own, for tensors on a GPU or of a graph
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{name} is a {type(image).__name__} that is not an array ({reason}); give a numpy array"
        ) from error
    if array.dtype.kind not in "biuf":
        what = f"has type {array.dtype}" if array.ndim > 1 else f"is a {type(image).__name__}"
        raise UserError(f"{name} {what}; give [height, width, 3] RGB as uint8 0..255")
    return array


def _cure_of_shape(shape):
    if len(shape) in (2, 3) and 0 in shape:
        return f"it has no pixels; {WANTED}"
    if len(shape) == 3 and shape[0] in CHANNELS:
        return f"its channels come first; {WANTED}: np.moveaxis(image, 0, -1)"
    if len(shape) == 3 and shape[2] == 2:
        return f"if that is grey with alpha, give the grey: image[:, :, 0]; otherwise {WANTED}"
    return f"it is a batch; give its pictures one by one, {WANTED[5:]}" if len(shape) == 4 else WANTED


def _as_uint8(rgb, name):
    if rgb.dtype == np.uint8:
        return rgb
    if rgb.dtype == bool:
        return rgb * np.uint8(255)
    if rgb.dtype == np.uint16:
        return to_8_bit(rgb)
    low, high = float(rgb.min()), float(rgb.max())
    if not (low >= 0 and high <= 255):
        raise UserError(f"{name} has type {rgb.dtype}; give uint8 0..255: it has values from {low:g} to {high:g}")
    refuse_shares(rgb, name)
    return np.rint(rgb).astype(np.uint8)


def refuse_shares(values, name):
    """Raises UserError for floats with 1 for white, in which nothing would be found."""
    if values.dtype.kind == "f" and values.size and values.min() >= 0 and 0 < (high := values.max()) <= 1:
        raise UserError(
            f"{name} has type {values.dtype}; give uint8 0..255: it has values from {values.min():g} to {high:g}, "
            "so multiply them by 255"
        )
