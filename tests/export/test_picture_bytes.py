"""Pictures decoded in the graph are those that the package reads from the file itself."""

import base64
import io
import struct
import zlib

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


def png_chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def exif_text(kind, exif, prefix):
    """What ImageMagick wrote before PNG had a chunk for EXIF."""
    digits = (prefix + exif).hex()
    lines = "\n".join(digits[i : i + 72] for i in range(0, len(digits), 72))
    text = f"\nexif\n{len(digits) // 2:>8}\n{lines}\n".encode()
    content = {b"tEXt": text, b"zTXt": b"\0" + zlib.compress(text)}[kind]
    return png_chunk(kind, b"Raw profile type exif\0" + content)


def xmp_text(words):
    return png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta " + words + b"/>")


@pytest.mark.parametrize("place", ["before", "behind"], ids=lambda place: f"{place} the pixels")
@pytest.mark.parametrize("orientation", [0, 1, 3, 6, 8, 9])
@pytest.mark.parametrize("kind", ["eXIf", "eXIf with a name", "tEXt", "zTXt", "XMP attribute", "XMP element"])
def test_a_png_comes_out_upright(pixels, kind, orientation, place, tmp_path):
    """EXIF was read in JPEG only, so that a server found other things in a PNG than `mrcnn detect`."""
    exif = with_orientation(orientation, ">").tobytes().removeprefix(b"Exif\0\0")
    chunk = {
        "eXIf": png_chunk(b"eXIf", exif),
        "eXIf with a name": png_chunk(b"eXIf", b"Exif\0\0" + exif),
        "tEXt": exif_text(b"tEXt", exif, b"Exif\0\0"),
        "zTXt": exif_text(b"zTXt", exif, b""),
        "XMP attribute": xmp_text(b'tiff:Orientation="%d"' % orientation),
        "XMP element": xmp_text(b"><tiff:Orientation>%d</tiff:Orientation>" % orientation),
    }[kind]
    plain = encoded(pixels, "PNG")
    at = plain.index(b"IDAT" if place == "before" else b"IEND") - 4
    (tmp_path / "a.png").write_bytes(plain[:at] + chunk + plain[at:])
    found = decode((tmp_path / "a.png").read_bytes(), 0).numpy()
    np.testing.assert_array_equal(found, read_image(tmp_path / "a.png"))
    assert found.shape == ((40, 23, 3) if orientation in (6, 8) else (23, 40, 3))


def test_exif_behind_the_pixels_of_a_large_png_counts(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (600, 700, 3), dtype=np.uint8)
    plain = encoded(noise, "PNG", compress_level=0)
    assert len(plain) > 1_200_000
    exif = with_orientation(6, "<").tobytes().removeprefix(b"Exif\0\0")
    (tmp_path / "a.png").write_bytes(plain[:-12] + png_chunk(b"eXIf", exif) + plain[-12:])
    found = decode((tmp_path / "a.png").read_bytes(), 0).numpy()
    np.testing.assert_array_equal(found, read_image(tmp_path / "a.png"))
    assert found.shape == (700, 600, 3)


@pytest.mark.parametrize("words", [b'tiff:Orientation="6"', b"<tiff:Orientation>8</tiff:Orientation>"])
def test_a_jpeg_whose_orientation_is_in_its_xmp_comes_out_upright(pixels, words, tmp_path):
    data = encoded(pixels, "JPEG", xmp=b"<x:xmpmeta " + words + b"/>")
    (tmp_path / "a.jpg").write_bytes(data)
    np.testing.assert_array_equal(decode(data, 0).numpy(), read_image(tmp_path / "a.jpg"))
    assert decode(data, 0).shape == (40, 23, 3)


def test_damaged_exif_has_no_orientation(pixels):
    plain = decode(encoded(pixels, "JPEG"), 0).numpy()
    data = encoded(pixels, "JPEG", exif=with_orientation(6, ">"))
    start = data.index(b"Exif\0\0") + 6
    random = np.random.default_rng(0)
    for length in (4, 6, 10, 30):
        noise = random.integers(0, 256, length, dtype=np.uint8).tobytes()
        damaged = data[: start + 2] + noise + data[start + 2 + length :]
        np.testing.assert_array_equal(decode(damaged, 0).numpy(), plain)


@pytest.mark.parametrize(
    ("kind", "what"),
    [("GIF", "a GIF"), ("BMP", "a BMP"), ("WEBP", "a WebP"), ("TIFF", "a TIFF"), ("AVIF", "a HEIC, an AVIF or")],
)
def test_other_formats_are_named_with_the_cure(pixels, kind, what):
    words = rf"picture 2 of image_bytes, \d+ bytes, is neither JPEG nor PNG but {what}.*; send the bytes of"
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        decode(encoded(pixels, kind), 2)


def test_bytes_that_are_no_picture_are_named(pixels):
    text = base64.b64encode(encoded(pixels, "JPEG"))
    with pytest.raises(tf.errors.InvalidArgumentError, match="nor PNG but the base64 text of a JPEG; send"):
        decode(text, 0)
    for data, words in ((b"hello", "picture 3 of image_bytes, 5 bytes"), (b"", "picture 3 of image_bytes, 0 bytes")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"{words}, is neither JPEG nor PNG"):
            decode(data, 3)
    for kind in ("JPEG", "PNG"):
        data = encoded(pixels, kind)
        for length in (12, 60, len(data) // 2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="picture_of_image_bytes_is_damaged"):
                decode(data[:length], 0)
