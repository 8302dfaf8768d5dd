"""Files, including pictures, written completely or not at all; text and JSON read with helpful error messages."""

import json
import os
import shutil
import struct
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from mrcnn_keras.errors import UserError

MAX_TEXT = 1 << 24  # bytes
LARGE, STRIP = 1 << 28, 1 << 24  # bytes of a picture, of which a strip is written at once


@contextmanager
def replace_file(path):
    """Yields a temporary path in the folder of `path` and renames it to `path` if the block ends without an error.

    The temporary name keeps the suffix of `path`, by which Keras and Pillow choose the format. After an error nothing
    is left behind and an older `path` is unchanged.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replace_folder(path):
    """Yields a temporary folder beside `path` and renames it to `path` if the block ends without an error.

    An older folder `path` is replaced only when the new one is complete.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        if path.exists():
            older = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
            os.replace(path, older)
            os.replace(temporary, path)
            shutil.rmtree(older)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_image(path, image):
    """Writes [H, W, 3] uint8 RGB to `path` by rename; the suffix determines the format."""
    with replace_file(path) as temporary:
        if temporary.suffix.lower() == ".png" and image.size > LARGE:
            _write_large_png(temporary, image)
        else:
            Image.fromarray(image).save(temporary)


def _write_large_png(path, image):
    """Strip by strip, as Pillow would make a copy of four bytes per pixel first: 1.6 GB of 20,000 x 20,000 pixels."""
    height, width = image.shape[:2]
    pack = zlib.compressobj(1)
    rows = max(1, STRIP // (3 * width))
    with open(path, "wb") as file:

        def chunk(kind, data):
            file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))

        file.write(b"\x89PNG\r\n\x1a\n")
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        for top in range(0, height, rows):
            strip = image[top : top + rows]
            above = image[max(top - 1, 0) : top + len(strip) - 1]
            lines = np.full((len(strip), 1 + 3 * width), 2, np.uint8)  # 2: what follows are differences from above
            lines[:, 1:] = strip.reshape(-1, 3 * width)
            lines[len(strip) - len(above) :, 1:] -= above.reshape(-1, 3 * width)
            chunk(b"IDAT", pack.compress(lines.tobytes()))
        chunk(b"IDAT", pack.flush())
        chunk(b"IEND", b"")


def read_text(path):
    """Returns the text of a file in UTF-8 of at most MAX_TEXT bytes; raises UserError for others."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_TEXT + 1)
        if len(data) > MAX_TEXT:
            raise UserError(f"{str(path)!r} has more than {MAX_TEXT >> 20} MB of text; divide it")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read ({error.strerror}); give a readable file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{str(path)!r} is not text in UTF-8 ({error}); save it as UTF-8") from error


def read_json(path):
    """Returns the content of a JSON file in UTF-8, 16 or 32; raises UserError, with the line, if it is not valid."""
    try:
        return json.loads(Path(path).read_bytes())
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read ({error.strerror}); give a readable file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{str(path)!r} is not text in UTF-8 ({error}); save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{str(path)!r} is not JSON ({error}); export it again") from error
