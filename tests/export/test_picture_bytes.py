"""Pictures decoded in the graph are those that the package reads from the file itself."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mrcnn_keras.data.images import read_image
from mrcnn_keras.export.picture_bytes import decode_picture

FILES = [tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.int32)]
decode = tf.function(decode_picture, input_signature=FILES)


def encoded(picture, kind, mode="RGB", **options):
    file = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(file, kind, **options)
    return file.getvalue()


def with_orientation(orientation, byte_order):
    """EXIF as a camera writes it: a few other entries before the orientation."""
    exif = Image.Exif()
    exif.endian = byte_order
    exif[0x010F], exif[0x0110] = "maker", "a camera with a name longer than four bytes"
    exif[0x0112] = orientation
    return exif


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).integers(0, 256, (23, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA", "P", "1"])
def test_png_is_decoded_as_pillow_decodes_it(pixels, mode, tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(pixels, "PNG", mode))
    found = decode((tmp_path / "a.png").read_bytes(), 0).numpy()
    np.testing.assert_array_equal(found, read_image(tmp_path / "a.png"))


@pytest.mark.parametrize("options", [{}, {"subsampling": 0, "quality": 95}, {"progressive": True}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_to_the_last_grey_level(pixels, mode, options, tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded(pixels, "JPEG", mode, **options))
    found = decode((tmp_path / "a.jpg").read_bytes(), 0).numpy()
    np.testing.assert_array_equal(found, read_image(tmp_path / "a.jpg"))


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(10))  # 0 and 9 mean nothing
def test_photographs_come_out_upright(pixels, orientation, byte_order, tmp_path):
    data = encoded(pixels, "JPEG", exif=with_orientation(orientation, byte_order))
    (tmp_path / "a.jpg").write_bytes(data)
    np.testing.assert_array_equal(decode(data, 0).numpy(), read_image(tmp_path / "a.jpg"))


def test_damaged_exif_has_no_orientation(pixels):
    plain = decode(encoded(pixels, "JPEG"), 0).numpy()
    data = encoded(pixels, "JPEG", exif=with_orientation(6, ">"))
    start = data.index(b"Exif\0\0") + 6
    random = np.random.default_rng(0)
    for length in (4, 6, 10, 30):
        noise = random.integers(0, 256, length, dtype=np.uint8).tobytes()
        damaged = data[: start + 2] + noise + data[start + 2 + length :]
        np.testing.assert_array_equal(decode(damaged, 0).numpy(), plain)


def test_bytes_that_are_no_picture_are_named(pixels):
    for data, words in ((b"hello", "picture 3 of image_bytes, 5 bytes"), (b"", "picture 3 of image_bytes, 0 bytes")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{words}, is neither JPEG nor PNG"):
            decode(data, 3)
    for kind in ("JPEG", "PNG"):
        data = encoded(pixels, kind)
        for length in (12, 60, len(data) // 2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="picture_of_image_bytes_is_damaged"):
                decode(data[:length], 0)
