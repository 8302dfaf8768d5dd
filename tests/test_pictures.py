"""What people hand over as a picture becomes the same pixels at every door, or a sentence that says why not."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mrcnn_keras.data import read_image
from mrcnn_keras.errors import UserError, note
from mrcnn_keras.pictures import as_picture, as_pictures

RGB = np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8)
RGB[0, 0] = 0, 128, 255
GREY = RGB[:, :, 0]


@pytest.mark.parametrize(
    "mode", ["RGB", "RGBA", "RGBX", "RGBa", "L", "LA", "La", "1", "P", "PA", "CMYK", "YCbCr", "HSV", "LAB"]
)
def test_a_pillow_image_of_any_mode_is_what_it_shows(mode):
    """P, CMYK, HSV and LAB were taken as if their numbers were grey or red, green and blue."""
    between = {"RGBa": "RGBA", "La": "LA", "PA": "P"}.get(mode)
    image = Image.fromarray(RGB)
    image = image.convert(between).convert(mode) if between else image.convert(mode)
    assert image.mode == mode
    back = image.convert(between) if between in ("RGBA", "LA") else image
    expected = back.convert("RGBA" if mode in ("P", "PA") else "RGB")
    assert (as_picture(image) == np.asarray(expected)[:, :, :3]).all()


@pytest.mark.parametrize("mode", ["P", "RGBA", "1", "CMYK"])
def test_a_pillow_image_has_the_pixels_of_its_file(mode, tmp_path):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(RGB).convert(mode).save(path)
    with Image.open(path) as image:
        assert (as_picture(image) == read_image(path)).all()


def test_values_of_16_bits_are_scaled_as_in_a_file(tmp_path):
    values = np.random.default_rng(1).integers(0, 4096, (6, 9), dtype=np.uint16)
    values[0, 0] = 4095
    Image.fromarray(values).save(tmp_path / "a.png")
    expected = read_image(tmp_path / "a.png")
    assert expected[0, 0].tolist() == [255] * 3
    for image in (values, Image.open(tmp_path / "a.png"), Image.fromarray(values.astype(np.int32))):
        assert (as_picture(image) == expected).all()
    assert (as_picture(RGB.astype(np.uint16)) == RGB).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int64, np.uint16])
def test_numbers_from_0_to_255_of_any_type(dtype):
    assert (as_picture(RGB.astype(dtype)) == RGB).all()
    alpha = np.concatenate([RGB, np.full((6, 9, 1), 255)], axis=2).astype(dtype)
    assert (as_picture(alpha) == RGB).all()
    for grey in (GREY.astype(dtype), GREY[:, :, None].astype(dtype)):
        assert (as_picture(grey) == GREY[:, :, None]).all()
    assert as_picture(np.zeros((2, 2, 3), dtype)).max() == 0


def test_fractions_are_rounded_and_bool_is_black_and_white():
    assert as_picture(np.full((2, 2, 3), 99.6)).tolist() == [[[100] * 3] * 2] * 2
    assert as_picture(np.array([[True, False]])).tolist() == [[[255] * 3, [0] * 3]]


class Tensor:
    """As from another library: readable for numpy, or lying on a GPU."""

    def __init__(self, values, error=None):
        self.values, self.error, self.ndim, self.shape = values, error, values.ndim, values.shape

    def __array__(self, dtype=None, copy=None):
        if self.error:
            raise self.error
        return self.values


def test_tensors_batches_and_iterators():
    for images in ([tf.constant(RGB)], (Tensor(RGB),), RGB[None], tf.constant(RGB[None]), iter([RGB])):
        (found,) = as_pictures(images)
        assert (found == RGB).all()
    assert as_pictures([]) == as_pictures(np.zeros((0, 4, 4, 3), np.uint8)) == []


def test_a_pillow_image_that_exif_would_turn_stays_as_it_is_with_a_note(tmp_path, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    for name in ("a.png", "a.tif"):
        Image.fromarray(RGB).save(tmp_path / name, exif=exif)
    note.cache_clear()
    with Image.open(tmp_path / "a.png") as image:
        assert (as_picture(image) == RGB).all()
        as_picture(image)
    assert capsys.readouterr().err.count("EXIF orientation 6 and is taken as it is stored") == 1


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (None, "picture 1 is None: its file was not read"),
        ("a.jpg", r"picture 1 is 'a.jpg'; give its pixels, \[height, width, 3\] RGB"),
        (RGB / 255, "picture 1 has type float64; give uint8 0..255: .* from 0 to 1, so multiply them by 255"),
        (RGB / np.float32(127.5) - 1, "picture 1 has type float32; give uint8 0..255: it has values from -1 to 1"),
        (np.full((2, 2, 3), np.nan), "values from nan to nan"),
        (np.full((2, 2, 3), 256), "values from 256 to 256"),
        (RGB.astype(complex), "picture 1 has type complex128"),
        (RGB.transpose(2, 0, 1), r"picture 1 has shape \(3, 6, 9\); its channels come first; .*moveaxis"),
        (GREY[None], r"picture 1 has shape \(1, 6, 9\); its channels come first"),
        (RGB[:, :, :2], r"picture 1 has shape \(6, 9, 2\); if that is grey with alpha"),
        (RGB[:0], r"picture 1 has shape \(0, 9, 3\); it has no pixels"),
        (np.zeros((0, 5), np.uint8), r"picture 1 has shape \(0, 5\); it has no pixels"),
        (RGB[None], r"picture 1 has shape \(1, 6, 9, 3\); it is a batch"),
        (np.zeros((6, 9, 5), np.uint8), r"picture 1 has shape \(6, 9, 5\); give \[height, width, 3\]"),
        (7, r"picture 1 has shape \(\)"),
        ({"image": RGB}, "picture 1 is a dict; give"),
        (b"\xff\xd8\xff", "picture 1 is a bytes; give"),
        (Tensor(RGB, TypeError("can't convert cuda:0\ndevice")), "picture 1 is a Tensor .*can't convert cuda:0 device"),
    ],
)
def test_what_is_no_picture_is_named_with_its_place_and_a_cure(image, words):
    with pytest.raises(UserError, match=words) as caught:
        as_pictures([RGB, image])
    assert len(str(caught.value)) < 400


def test_a_file_that_is_damaged_after_its_header_is_named(tmp_path):
    Image.fromarray(RGB.repeat(50, axis=0)).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(data[: len(data) // 2])
    with Image.open(tmp_path / "a.png") as image, pytest.raises(UserError, match="picture 0 cannot be read"):
        as_pictures([image])


@pytest.mark.parametrize(
    "images", [RGB, GREY, Image.fromarray(RGB), tf.constant(RGB)], ids=["rgb", "grey", "pil", "tf"]
)
def test_one_picture_without_a_list_is_refused(images):
    with pytest.raises(UserError, match=r"one picture of shape \(6, 9.*\); give a list of pictures: \[image\]"):
        as_pictures(images)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (None, "picture 0 is None"),
        ("a.jpg", "picture 0 is 'a.jpg'"),
        ({"image": RGB}, "a dict as pictures"),
        (7, "a int as"),
    ],
)
def test_what_is_no_list_of_pictures_is_named(images, words):
    with pytest.raises(UserError, match=words):
        as_pictures(images)
