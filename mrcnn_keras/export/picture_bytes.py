"""The bytes of a JPEG or PNG file to an upright picture, inside a graph."""

import tensorflow as tf

# The first bytes of the files that are taken.
STARTS = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n"}
# Where EXIF begins in a JPEG: its marker, two bytes of length, its name.
EXIF_START = (0xFF, 0xE1, None, None, *b"Exif\0\0")
EXIF_REACH = 1 << 16  # EXIF stands before the picture and is no longer than this
ORIENTATION_TAG = 0x0112
# Orientations 1 to 8 of the EXIF standard as (rows and columns are swapped; then: upside down; left to right).
TURNS = ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0))


def decode_picture(data, index):
    """data: scalar string, a JPEG or PNG; index: its place in the batch, for the message.

    Returns [H, W, 3] uint8 RGB, upright by the EXIF orientation of a JPEG, with Pillow's pixels: the same inverse
    cosine transform and upsampling. Grey and palette pictures become RGB, alpha is dropped, and of 16 bits per colour
    the upper 8 stay. Anything else ends the graph with InvalidArgument: what is no JPEG or PNG with the place in the
    batch, what is damaged with the decoder's reason.
    """
    known = tf.reduce_any([tf.strings.substr(data, 0, len(start)) == start for start in STARTS.values()])
    problem = tf.strings.format(
        "picture {} of image_bytes, {} bytes, is neither JPEG nor PNG", (index, tf.strings.length(data))
    )
    with tf.control_dependencies([tf.debugging.Assert(known, [problem])]):
        data = tf.identity(data)
    # The name stands in the message where decoding fails. This operation reads PNG files, too.
    picture = tf.io.decode_jpeg(
        data, channels=3, dct_method="INTEGER_ACCURATE", name="picture_of_image_bytes_is_damaged"
    )
    return _turned(picture, _orientation(data))


def _turned(picture, orientation):
    swapped, upside_down, mirrored = tf.unstack(tf.constant(TURNS)[orientation - 1] == 1)

    def where(condition, turn, picture):
        turned = tf.cond(condition, lambda: turn(picture), lambda: picture)
        return tf.ensure_shape(turned, [None, None, 3])

    picture = where(swapped, lambda value: tf.transpose(value, [1, 0, 2]), picture)
    picture = where(upside_down, lambda value: tf.reverse(value, [0]), picture)
    return where(mirrored, lambda value: tf.reverse(value, [1]), picture)


def _orientation(data):
    """The EXIF orientation, 1 to 8, of a file; 1 where it has none."""
    start = tf.strings.substr(data, 0, EXIF_REACH)
    # Padded, so that a place can be read wherever damaged EXIF points to.
    values = tf.pad(tf.cast(tf.io.decode_raw(start, tf.uint8), tf.int32), [[0, len(EXIF_START) + 12]])
    count = tf.shape(values)[0] - len(EXIF_START)
    here = [values[i : i + count] == byte for i, byte in enumerate(EXIF_START) if byte is not None]
    places = tf.where(tf.reduce_all(here, axis=0))[:, 0]
    return tf.cond(tf.size(places) > 0, lambda: _orientation_of_exif(values, places[0]), lambda: 1)


def _orientation_of_exif(values, place):
    """values [bytes] int32; place: int64, of EXIF_START among them."""
    header = tf.cast(place, tf.int32) + len(EXIF_START)
    big_first = values[header] == ord("M")
    end = tf.shape(values)[0]

    def number(at, count):
        """Whole numbers of `count` bytes at places [...], wherever these are."""
        read = tf.gather(values, tf.clip_by_value(at[..., None] + tf.range(count), 0, end - 1))
        read = tf.where(big_first, tf.reverse(read, [-1]), read)
        return tf.reduce_sum(read * [256**i for i in range(count)], axis=-1)

    # The directory: the number of its entries in 2 bytes, then 12 bytes each: tag, type, count, value.
    directory = header + tf.clip_by_value(number(header + 4, 4), 0, EXIF_REACH)
    entries = directory + 2 + 12 * tf.range(tf.minimum(number(directory, 2), EXIF_REACH // 12))
    found = number(tf.boolean_mask(entries, number(entries, 2) == ORIENTATION_TAG) + 8, 2)
    found = tf.reduce_max(tf.pad(found, [[0, 1]]))
    return tf.where((found >= 1) & (found <= len(TURNS)), found, 1)
