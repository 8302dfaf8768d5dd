"""From picture files to arrays: any kind that Pillow reads, always upright RGB with 8 bits, never half a picture."""

import importlib
import io
import threading
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from mrcnn_keras.errors import UserError
from mrcnn_keras.pictures import to_8_bit

MAX_PIXELS = 500_000_000  # about 22,000 x 22,000, 3.5 GB while they are read; Pillow stops at 179
BYTES_WHILE_READ = 7  # per pixel: Pillow's four and the array's three
STRIP_PIXELS = 1 << 24  # that are converted at once, so that a large picture is in memory twice and not four times
# AVIF comes with newer versions of Pillow, HEIC with a package of its own.
with suppress(ImportError):
    importlib.import_module("PIL.AvifImagePlugin")
with suppress(ImportError):
    importlib.import_module("pillow_heif").register_heif_opener()
PHONES = tuple(kind for kind in ("AVIF", "HEIF") if kind in Image.OPEN)
# Only plain pictures: Pillow would start other programs for some of the formats it knows.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000", *PHONES)
LOSSY_FORMATS = ("JPEG", "MPO", "WEBP", "JPEG2000", *PHONES)
LOSSLESS_SUFFIXES = frozenset((".png", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm"))
SUFFIXES = LOSSLESS_SUFFIXES | {".jpg", ".jpeg", ".webp", ".jp2", ".avif", ".heic", ".heif"}
DARKEST_MASK = 32  # brightness that a mask saved with loss needs, since loss blurs values such as 0 and 1
SAME_GREY = 64  # by which loss may make the channels of grey differ
JPEG_END = b"\xff\xd9"
SEVERAL = "pictures with several pages or frames, of which the first is read"
MANY_BANDS = "pictures with more bands than red, green, blue and alpha, which are not read"
UPRIGHT = "pictures with an EXIF orientation, turned upright, since their annotations have the size of that form"
STORED = "pictures with an EXIF orientation, left as stored, since their annotations have the size of that form"
EITHER = (
    "pictures with an EXIF orientation, whose annotations are taken as drawn on the upright picture; they may be of "
    "the stored one, which has the same size"
)
NO_JPEG_END = "JPEG files without their end mark, read since no pixel is missing"
LAST_BYTES = 32  # of a JPEG's data, whose loss must show in its pixels


def read_image(path, size=None, note=None, data=None):
    """Reads the picture in a file.

    Grey and palette pictures become RGB; alpha is dropped. Values of more than 8 bits are scaled by the bits that the
    largest needs, 8, 10, 12, 14 or 16: a 16-bit file with a maximum below 4096 comes from a 12-bit camera.

    Args:
        path: Path of the file.
        size: Tuple (height, width) of the picture when it was annotated, or `None`. A picture with an EXIF orientation
            stays as it is stored if only that has this size.
        note: Function that is called with a finding, such as a JPEG that lacks its end mark, or, with `size`, an EXIF
            orientation; or `None`.
        data: Bytes of the picture where it has no file of its own, and `path` is that of the file which holds it.

    Returns:
        `[H, W, 3]` uint8, RGB, upright.

    Raises:
        UserError: If the file is absent, damaged, cut off, too large, or does not have `size`.
    """
    with _opened(path, note, data) as file:
        pixels = _rgb(file, path, data)
        orientation = _orientation(file, path, size)
        *forms, in_file = _sizes(file)
        if note is not None and size is not None and in_file > 1:
            note(exif_finding(*forms, size))
    return np.ascontiguousarray(_turned(pixels, orientation))


def read_size(path, data=None):
    """(height, width) of the upright picture in a file, or in `data`; in most formats only the header is read."""
    with _opened(path, data=data) as file:
        return _sizes(file)[1]


def exif_forms(path):
    """(height, width) as stored and upright of a picture with an EXIF orientation; None without, or if damaged."""
    try:
        with Image.open(path, formats=FORMATS) as file:
            if "exif" not in file.info:  # getexif would decode a whole PNG to look for it
                return None
            stored, upright, orientation = _sizes(file)
    except Exception:  # reported when the picture is read
        return None
    return (stored, upright) if orientation > 1 else None


def exif_finding(stored, upright, size):
    """Which form of a picture with an EXIF orientation annotations of `size` belong to; all (height, width)."""
    return EITHER if stored == upright else UPRIGHT if tuple(size) == upright else STORED


def read_mask(path):
    """A picture of one object -> [H, W] bool: the pixels at least half as bright as the brightest.

    So masks of 0 and 1 or 0 and 255, with smooth edges or in colour are all understood; a black one is empty. Raises
    UserError if loss has blurred the values.
    """
    with _opened(path) as file:
        lossy = file.format in LOSSY_FORMATS
        pixels = np.asarray(file.convert("L")) if file.mode in ("1", "L") else _rgb(file, path).max(axis=2)
    if lossy and 0 < pixels.max() < DARKEST_MASK:
        raise UserError(
            f"mask {str(path)!r} was saved with loss and has no value above {pixels.max()}, so that object and "
            "background are blurred; save it as PNG"
        )
    return (pixels >= pixels.max() / 2) & (pixels > 0)


def read_bits(path, data, most):
    """A mask in the bytes of a picture -> [h, w] bool: what is not transparent or, without transparency, not black.

    path: of the file that holds it. most: (height, width) that it may have. Raises UserError if it is larger.
    """
    with _opened(path, data=data) as file:
        if file.height > most[0] or file.width > most[1]:
            raise UserError(
                f"a mask in {str(path)!r} is {file.height} x {file.width} pixels but its picture is {most[0]} x "
                f"{most[1]} (height x width); export it again"
            )
        if file.has_transparency_data:
            return np.asarray(file.convert("RGBA"))[:, :, 3] > 0
        pixels = np.asarray(file)
    return pixels > 0 if pixels.ndim == 2 else pixels.any(axis=2)


def read_labels(path):
    """A label picture -> [H, W] int32, 0 for the background and a different number for each object.

    Grey and 16-bit values and palette indices are taken as they are; a colour becomes 65536 R + 256 G + B. A picture
    saved with loss has at most one object, the white in black. Raises UserError if it shows more than that.
    """
    return read_label_values(path)[0]


def read_label_values(path):
    """-> [H, W] int32 as in read_labels, and whether these are colours."""
    with _opened(path) as file:
        if file.format in LOSSY_FORMATS:
            _check_black_and_white(_rgb(file, path), path)
            return read_mask(path).astype(np.int32), False
        if file.mode in ("1", "L", "P") or file.mode.startswith("I"):
            return np.array(file).astype(np.int32), False
        red, green, blue = np.moveaxis(_rgb(file, path).astype(np.int32), 2, 0)
    return (red << 16) + (green << 8) + blue, True


def _check_black_and_white(pixels, path):
    """Raises UserError if [H, W, 3] pixels have areas of colour or of grey, beside smooth edges."""
    bright, dark = pixels.max(axis=2), pixels.min(axis=2)
    quarter = float(bright.max()) / 4
    between = (bright > quarter) & (bright < 3 * quarter)
    areas = cv2.erode(between.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0)
    if areas.any() or (bright - dark > SAME_GREY).any():
        raise UserError(
            f"label picture {str(path)!r} was saved with loss and is not just black and white, so that its objects "
            "cannot be told apart; save label pictures as PNG"
        )


@contextmanager
def _opened(path, note=None, data=None):
    """The Pillow file at `path`, or in `data`, its size checked; whatever goes wrong inside becomes a UserError."""
    try:
        with ExitStack() as files:
            file = files.enter_context(_open(path if data is None else io.BytesIO(data)))
            megapixels = file.width * file.height / 1e6
            if megapixels > MAX_PIXELS / 1e6:
                raise UserError(
                    f"picture {str(path)!r} has {megapixels:.0f} megapixels, more than {MAX_PIXELS // 10**6}; "
                    "cut it into smaller ones"
                )
            if file.format == "TIFF":  # for which Pillow asks again when it loads the pixels
                files.enter_context(_UNLIMITED)
            if file.format in ("JPEG", "MPO") and not _has_jpeg_end(whole := _bytes(path, data)):
                file = files.enter_context(_open(io.BytesIO(_with_jpeg_end(whole))))
                if note is not None:
                    note(NO_JPEG_END)
            if note is not None:
                for finding in _left_out(file):
                    note(finding)
            yield file
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"picture {str(path)!r} does not exist; put it there or remove it") from error
    except MemoryError as error:
        needed = f"{megapixels * BYTES_WHILE_READ / 1e3:.1f} GB of memory while it is read"
        raise UserError(
            f"picture {str(path)!r} of {megapixels:.0f} megapixels takes {needed}, more than there is; cut it into "
            "smaller ones"
        ) from error
    except UnidentifiedImageError as error:
        what = _unread_kind(_bytes(path, data)) or "is not a picture of a known kind; save it as PNG or JPEG"
        raise UserError(f"{str(path)!r} {what}") from error
    except Exception as error:  # Pillow raises many kinds for damaged files
        what = _unread_kind(_bytes(path, data)) or f"is damaged ({error}); replace it or remove it"
        raise UserError(f"picture {str(path)!r} {what}") from error


class _Unlimited:
    """A `with` in which Pillow has no limit of pixels, since `_opened` has its own; in any number of threads."""

    def __init__(self):
        self._lock, self._inside, self._limit = threading.Lock(), 0, None

    def __enter__(self):
        with self._lock:
            if not self._inside:
                self._limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
            self._inside += 1

    def __exit__(self, *error):
        with self._lock:
            self._inside -= 1
            if not self._inside:
                Image.MAX_IMAGE_PIXELS = self._limit


_UNLIMITED = _Unlimited()


def _open(source):
    """Only the header is read."""
    with _UNLIMITED:
        return Image.open(source, formats=FORMATS)


def _left_out(file):
    """The parts of a file that are not read, as findings."""
    if file.format != "MPO" and getattr(file, "n_frames", 1) > 1:  # MPO: a JPEG with a preview or a second view
        yield SEVERAL
    if file.format == "TIFF" and file.tag_v2.get(TiffImagePlugin.SAMPLESPERPIXEL, 1) > 4:
        yield MANY_BANDS


def _bytes(path, data):
    return Path(path).read_bytes() if data is None else data


def _unread_kind(data):
    """What an unreadable file is, with the cure; None where that is unknown or a kind that is read."""
    start = data[:16]
    if not start:
        return "is not a picture but empty; replace it or remove it"
    if start[4:12] in (b"ftypavif", b"ftypavis"):
        return "is an AVIF picture, which this version of Pillow does not read; update Pillow, or save it as JPEG"
    if start[4:11] in (b"ftyphei", b"ftyphev", b"ftypmif", b"ftypmsf"):
        return "is a HEIC picture; run `pip install pillow-heif` to read such files, or save it as JPEG"
    with suppress(Exception):  # of files that are not TIFF
        return _unread_tiff(data, start)
    return None


def _unread_tiff(data, start):
    """The same of a TIFF with the first 16 bytes `start`."""
    big = 43 in start[2:4]  # with 64-bit offsets
    directory = TiffImagePlugin.ImageFileDirectory_v2(start if big else start[:8])
    with io.BytesIO(data) as file:
        file.seek(directory.next)
        directory.load(file)
    bands, bits = directory.get(TiffImagePlugin.SAMPLESPERPIXEL, 1), max(directory[TiffImagePlugin.BITSPERSAMPLE])
    floats = 3 in directory.get(TiffImagePlugin.SAMPLEFORMAT, ())
    if bands in (1, 3, 4) and bits <= 16 and not floats:
        return None
    return (
        f"is a TIFF of {bands} band{'s' * (bands > 1)} with {'floating-point' if floats else 'whole'} numbers of "
        f"{bits} bits; save it with 1 band (grey) or 3 (red, green, blue), and 8 or 16 bits"
    )


def _has_jpeg_end(data):
    """Whether there is an end-of-image marker after the headers, which may contain a whole thumbnail.

    Pillow reads a file whose end was lost and filled with zeros as a picture that is grey from there on.
    """
    place = 2
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xda":
        filler = data[place + 1 : place + 2] == b"\xff"
        place += 1 if filler else 2 + max(2, int.from_bytes(data[place + 2 : place + 4], "big"))
    return data.find(b"\xff\xd9", place) >= 0


def _with_jpeg_end(data):
    """The JPEG with an end mark, if all its pixels are there; raises OSError if it is cut off.

    Where data are missing, a decoder fills in: differently if something other than the end follows. And the last bytes
    must matter, or they belong to something else, behind the place where the picture was cut.
    """
    data = data.rstrip(b"\0")
    data += b"\0" if data.endswith(b"\xff") else b""
    others = np.random.default_rng(0).integers(1, 255, 4096, np.uint8)
    whole = _jpeg_pixels(data + JPEG_END)
    filled = {_jpeg_pixels(data + other.tobytes() + JPEG_END) for other in (others, 255 - others)}
    missing = _jpeg_pixels(data[:-LAST_BYTES] + others.tobytes() + JPEG_END)
    if whole is None or filled != {whole} or whole == missing:
        raise OSError("it is cut off")
    return data + JPEG_END


def _jpeg_pixels(data):
    """The decoded bytes, or None if that fails."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as file:
            return file.tobytes()
    except (OSError, SyntaxError):
        return None


def _sizes(file):
    """-> stored and upright (height, width), and the EXIF orientation, 1..8, between them."""
    stored = (file.height, file.width)
    # Pillow turns a TIFF by itself and reports its size as turned.
    orientation = 1 if file.format == "TIFF" else file.getexif().get(ExifTags.Base.Orientation, 1)
    if orientation not in range(1, 9):
        orientation = 1
    return stored, stored[::-1] if orientation >= 5 else stored, orientation


def _orientation(file, path, size):
    """The EXIF orientation to undo so that the picture gets `size`, or becomes upright if that is None."""
    stored, upright, orientation = _sizes(file)
    if size is None or tuple(size) == upright:
        return orientation
    if tuple(size) == stored:
        return 1
    raise UserError(
        f"picture {str(path)!r} is {upright[0]} x {upright[1]} pixels but its annotations say "
        f"{size[0]} x {size[1]} (height x width); "
        + ("swap the two in the file" if tuple(size)[::-1] == upright else "use the picture that was annotated")
    )


def _turned(pixels, orientation):
    """[H, W, ...] as stored -> upright; orientations as in the EXIF standard."""
    if orientation >= 5:  # rows and columns are swapped
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _rgb(file, path, data=None):
    """[H, W, 3] uint8 as stored."""
    deep = any(";16" in str(tile[3]) for tile in file.tile)  # known only before the pixels are loaded
    file.load()
    if file.mode == "F":
        raise UserError(f"picture {str(path)!r} has floating-point values; save it with 8 or 16 bits")
    if file.mode.startswith("I"):
        return _to_8_bit(np.asarray(file), path)[:, :, None].repeat(3, axis=2)
    if deep:  # Pillow keeps only the upper 8 bits of these
        pixels = cv2.imdecode(np.frombuffer(_bytes(path, data), np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is None or pixels.shape[:2] != (file.height, file.width):
            raise UserError(f"picture {str(path)!r} has 16 bits per colour that cannot be read; save it with 8")
        return _to_8_bit(pixels[:, :, 2::-1], path)
    pixels = np.empty((file.height, file.width, 3), np.uint8)
    rows = max(1, STRIP_PIXELS // file.width)
    for top in range(0, file.height, rows):
        strip = file if rows >= file.height else file.crop((0, top, file.width, min(top + rows, file.height)))
        pixels[top : top + rows] = np.asarray(strip.convert("RGBA" if file.mode == "P" else "RGB"))[:, :, :3]
    return pixels


def _to_8_bit(values, path):
    """Whole numbers of any depth -> uint8, 0..255."""
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise UserError(f"picture {str(path)!r} has values from {low} to {high}; save it with 8 or 16 bits")
    return to_8_bit(values)
