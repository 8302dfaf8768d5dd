"""The bytes of a JPEG or PNG file to an upright picture, inside a graph."""

import functools

import tensorflow as tf

# The first bytes of the files that are taken.
STARTS = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n"}
# What else is sent: (place of these bytes, bytes) -> what it is.
OTHERS = {
    (0, b"GIF8"): "a GIF",
    (0, b"BM"): "a BMP",
    (0, b"II*\0"): "a TIFF",
    (0, b"MM\0*"): "a TIFF",
    (8, b"WEBP"): "a WebP",
    (4, b"ftyp"): "a HEIC, an AVIF or a video",
    (0, b"%PDF"): "a PDF",
    (0, b"/9j/"): "the base64 text of a JPEG",
    (0, b"iVBORw"): "the base64 text of a PNG",
    (0, b"data:"): "a data URL",
    (0, b"http"): "a web address",
}
START = 12  # bytes in which these lie
EXIF_NAME = b"Exif\0\0"
# Where EXIF begins in a JPEG: its marker, two bytes of length, its name.
EXIF_START = (0xFF, 0xE1, None, None, *EXIF_NAME)
EXIF_CHUNK, EXIF_TEXT = b"eXIf", b"Raw profile type exif\0"
XMP_ORIENTATION = b"tiff:Orientation"
# Bytes at the beginning of a file, and at the end of a PNG, in which EXIF and XMP stand; a JPEG has 64 kB of each.
HEADERS = 1 << 18
ORIENTATION_TAG = 0x0112
# Orientations 1 to 8 of the EXIF standard as (rows and columns are swapped; then: upside down; left to right).
TURNS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0))


def decode_picture(data, index):
    """data: scalar string, a JPEG or PNG; index: its place in the batch, for the message.

    Returns [H, W, 3] uint8 RGB, upright by the orientation in its EXIF, with Pillow's pixels: the same inverse cosine
    transform and upsampling. Grey and palette pictures become RGB, alpha is dropped, and of 16 bits per colour the
    upper 8 stay. Anything else ends the graph with InvalidArgument: a file that is not a JPEG or PNG with its place in
    the batch and what it is, a damaged one with the decoder's reason.
    """
    known = tf.reduce_any([tf.strings.substr(data, 0, len(start)) == start for start in STARTS.values()])
    size = tf.strings.length(data)
    problem = tf.strings.format("picture {} of image_bytes, {} bytes, is neither JPEG nor PNG", (index, size))
    problem = tf.strings.join([problem, _what_else(data), "; send the bytes of a JPEG or PNG file"])
    # Its name stands first in the message.
    check = tf.debugging.Assert(known, [problem], name="image_bytes_takes_JPEG_and_PNG")
    with tf.control_dependencies([check]):
        data = tf.identity(data)
    # The name stands in the message where decoding fails. This operation reads PNG files, too.
    picture = tf.io.decode_jpeg(
        data, channels=3, dct_method="INTEGER_ACCURATE", name="picture_of_image_bytes_is_damaged"
    )
    with tf.control_dependencies([picture]):  # whose message comes first
        return _turned(picture, _orientation(tf.identity(data)))


def _what_else(data):
    """Words such as " but a GIF"; none where it is not known."""
    start = tf.strings.join([tf.strings.substr(data, 0, START), "\0" * START])
    what = tf.constant("")
    for (place, bytes_there), name in OTHERS.items():
        what = tf.where(tf.strings.substr(start, place, len(bytes_there)) == bytes_there, f" but {name}", what)
    return what


def _turned(picture, orientation):
    swapped, upside_down, mirrored = tf.unstack(tf.constant(TURNS)[orientation - 1] == 1)

    def where(condition, turn, picture):
        turned = tf.cond(condition, lambda: turn(picture), lambda: picture)
        return tf.ensure_shape(turned, [None, None, 3])

    picture = where(swapped, lambda value: tf.transpose(value, [1, 0, 2]), picture)
    picture = where(upside_down, lambda value: tf.reverse(value, [0]), picture)
    return where(mirrored, lambda value: tf.reverse(value, [1]), picture)


def _orientation(data):
    """The orientation, 1 to 8, that EXIF or else XMP in a file says, as Pillow finds it; 1 without."""
    is_png = tf.strings.substr(data, 0, len(STARTS["PNG"])) == STARTS["PNG"]
    # In a PNG it may stand behind the pixels, too.
    behind = tf.where(is_png, tf.clip_by_value(tf.strings.length(data) - HEADERS, 0, HEADERS), 0)
    data = tf.strings.join([tf.strings.substr(data, 0, HEADERS), tf.strings.substr(data, -behind, behind)])
    values = _bytes(data)
    exif = tf.cond(is_png, lambda: _exif_of_png(data, values), lambda: _exif_of_jpeg(values))
    found = _orientation_of_exif(exif)
    found = tf.cond(found > 0, lambda: found, lambda: _orientation_of_xmp(values))
    return tf.where((found >= 1) & (found <= len(TURNS)), found, 1)


def _bytes(data):
    """Scalar string -> [bytes] uint8."""
    return tf.io.decode_raw(data, tf.uint8)


def _places(values, pattern):
    """Where the bytes `pattern`, in which None stands for any, are found in values [bytes] uint8: [places] int32."""
    count = tf.maximum(tf.shape(values)[0] - len(pattern) + 1, 0)
    here = [values[i : i + count] == byte for i, byte in enumerate(pattern) if byte is not None]
    return tf.cast(tf.where(functools.reduce(tf.logical_and, here))[:, 0], tf.int32)


def _exif_of_jpeg(values):
    """The bytes of the first EXIF from its TIFF header on; none: empty."""
    place = tf.concat([_places(values, EXIF_START), tf.shape(values)], axis=0)[0]
    return values[place + len(EXIF_START) :]


def _exif_of_png(data, values):
    """The same of a PNG: the chunk eXIf, or the text in which ImageMagick wrote it before there was such a chunk."""
    chunks, texts = _places(values, EXIF_CHUNK), _places(values, EXIF_TEXT)

    def chunk():
        return values[chunks[-1] + len(EXIF_CHUNK) :]

    def text():
        return tf.cond(tf.size(texts) > 0, lambda: _exif_of_text(data, values, texts[-1]), lambda: values[:0])

    exif = tf.cond(tf.size(chunks) > 0, chunk, text)
    named = tf.reduce_all(tf.pad(exif, [[0, len(EXIF_NAME)]])[: len(EXIF_NAME)] == list(EXIF_NAME))
    return exif[tf.where(named, len(EXIF_NAME), 0) :]


def _exif_of_text(data, values, place):
    """place: of EXIF_TEXT in a chunk tEXt, or zTXt if it is compressed: a name, the length, and lines of hex digits."""
    length = tf.reduce_sum(tf.cast(values[place - 8 : place - 4], tf.int32) * [1 << 24, 1 << 16, 1 << 8, 1])
    text = tf.strings.substr(data, place + len(EXIF_TEXT), tf.maximum(length - len(EXIF_TEXT), 0))
    text = tf.cond(
        values[place - 4] == ord("z"),
        lambda: tf.io.decode_compressed(tf.strings.substr(text, 1, tf.strings.length(text) - 1), "ZLIB"),
        lambda: text,
    )
    digits = _bytes(tf.strings.lower(tf.strings.reduce_join(tf.strings.split(text, "\n")[3:])))
    digits = tf.where(digits < ord("a"), digits - ord("0"), digits - ord("a") + 10)
    pairs = tf.reshape(digits[: tf.size(digits) // 2 * 2], [-1, 2])
    return pairs[:, 0] * 16 + pairs[:, 1]


def _orientation_of_xmp(values):
    """The digit in tiff:Orientation="6" or <tiff:Orientation>6; 0 without."""
    digits = []
    for end in (b'="', b">"):
        pattern = XMP_ORIENTATION + end
        digits.append(tf.gather(values, _places(values, (*pattern, None)) + len(pattern)))
    found = tf.cast(tf.concat(digits, axis=0), tf.int32) - ord("0")
    return tf.pad(found, [[0, 1]])[0]


def _orientation_of_exif(values):
    """The value of the tag in EXIF, [bytes] uint8 from its TIFF header on; 0 without."""
    # Padded, so that a place can be read wherever damaged EXIF points to.
    values = tf.pad(values, [[0, 16]])
    big_first = values[0] == ord("M")
    end = tf.shape(values)[0]

    def number(at, count):
        """Whole numbers of `count` bytes at places [...], wherever these are."""
        read = tf.cast(tf.gather(values, tf.clip_by_value(at[..., None] + tf.range(count), 0, end - 1)), tf.int32)
        read = tf.where(big_first, tf.reverse(read, [-1]), read)
        return tf.reduce_sum(read * [256**i for i in range(count)], axis=-1)

    # The directory: the number of its entries in 2 bytes, then 12 bytes each: tag, type, count, value.
    directory = tf.clip_by_value(number(tf.constant(4), 4), 0, HEADERS)
    entries = directory + 2 + 12 * tf.range(tf.minimum(number(directory, 2), HEADERS // 12))
    found = number(tf.boolean_mask(entries, number(entries, 2) == ORIENTATION_TAG) + 8, 2)
    return tf.reduce_max(tf.pad(found, [[0, 1]]))
