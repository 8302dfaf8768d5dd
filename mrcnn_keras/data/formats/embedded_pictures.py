"""Pictures inside annotation files, as labelme writes them: base64 in `imageData`. They are decoded when needed."""

import base64

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json

INSIDE = "pictures without a file, read from their JSON file"


def picture_inside(path):
    """The bytes of the picture inside a JSON file. Raises UserError if there is none, or it is damaged."""
    content = read_json(path)
    return from_base64(content.get("imageData") if isinstance(content, dict) else None, f"{str(path)!r}, imageData")


def from_base64(text, name):
    """-> bytes. Raises UserError, which calls it `name`, for what is not base64 text."""
    try:
        return base64.b64decode(text.rpartition(",")[2], validate=True)  # behind "data:image/png;base64,"
    except (AttributeError, TypeError, ValueError) as error:
        raise UserError(f"{name} is not a picture in base64 ({str(text)[:20]!r}...); export it again") from error
