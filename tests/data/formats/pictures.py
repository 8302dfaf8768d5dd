"""Small pictures for data sets that tests write."""

import io

from PIL import Image


def write_picture(path, size=(20, 30)):
    """A grey picture of (height, width) pixels; its folder is made, too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size[::-1], 99).save(path)


def png(pixels):
    """[h, w] bool or [h, w, c] uint8 -> the bytes of a PNG."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return data.getvalue()
