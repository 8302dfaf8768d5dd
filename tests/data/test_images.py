"""Every kind of picture becomes upright RGB with 8 bits, or a sentence that says why not."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from mrcnn_keras.data import Dataset, images
from mrcnn_keras.errors import UserError

NOISE = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)


@pytest.fixture
def saved(tmp_path):
    """saved(array or Pillow image, name, ...) -> the path of the file."""

    def save(image, name="a.png", **options):
        image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return save


def write_png(path, header, lines):
    """header: width, height, bits, colour type and three zeros. lines: the bytes before compression."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *header))
    path.write_bytes(start + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def test_rgb_is_read_unchanged(saved):
    assert (images.read_image(saved(NOISE)) == NOISE).all()
    assert images.read_size(saved(NOISE)) == (7, 5)


def test_grey_and_one_bit_become_rgb(saved):
    grey = NOISE[:, :, 0]
    assert (images.read_image(saved(grey)) == grey[:, :, None]).all()
    black_and_white = Image.fromarray(grey > 100)
    assert black_and_white.mode == "1"
    assert (images.read_image(saved(black_and_white)) == np.where(grey > 100, 255, 0)[:, :, None]).all()


@pytest.mark.parametrize("alpha", [255, 0])
def test_alpha_is_dropped(saved, alpha):
    rgba = np.concatenate([NOISE, np.full((7, 5, 1), alpha, np.uint8)], axis=2)
    assert (images.read_image(saved(rgba)) == NOISE).all()
    grey_alpha = Image.merge("LA", [Image.fromarray(NOISE[:, :, 0]), Image.new("L", (5, 7), alpha)])
    assert (images.read_image(saved(grey_alpha)) == NOISE[:, :, :1]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("options", [{}, {"transparency": b"\0\x80"}, {"transparency": 1}])
def test_palette_colours(saved, options):
    indexed = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "L")
    indexed.putpalette([10, 20, 30, 255, 0, 0, 0, 255, 0])
    read = images.read_image(saved(indexed, **options))
    assert read.tolist() == [[[10, 20, 30], [255, 0, 0]], [[0, 255, 0], [255, 0, 0]]]


def test_cmyk_becomes_rgb(saved):
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    read = images.read_image(saved(cyan, "a.jpg", quality=95))
    assert np.abs(read.astype(int) - (0, 255, 255)).max() <= 3


@pytest.mark.parametrize(
    ("largest", "divisor"),
    [(255, 1), (1023, 1023 / 255), (4095, 4095 / 255), (4096, 16383 / 255), (65535, 257)],
    ids=["8 bits", "10 bits", "12 bits", "14 bits", "16 bits"],
)
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bits_are_divided_by_what_the_largest_value_needs(saved, largest, divisor, suffix):
    values = np.array([[0, 100], [largest // 2, largest]], np.uint16)
    read = images.read_image(saved(values, f"a.{suffix}"))
    assert read.dtype == np.uint8
    assert (read == np.rint(values / divisor)[:, :, None]).all()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bits_per_colour(tmp_path, channels, name):
    values = np.random.default_rng(1).integers(0, 4096, (6, 9, channels), dtype=np.uint16)
    values[0, 0] = 4095
    cv2.imwrite(str(tmp_path / name), values)  # in the order blue, green, red
    read = images.read_image(tmp_path / name)
    assert (read == np.rint(values[:, :, 2::-1] / (4095 / 255))).all()


def test_16_bits_with_alpha_and_no_colour(tmp_path):
    """A PNG written by hand, since neither Pillow nor OpenCV writes this kind."""
    values = np.array([[[0, 65535], [257, 65535]], [[65535, 0], [514, 9]]], ">u2")
    lines = b"".join(b"\0" + row.tobytes() for row in values)

    write_png(tmp_path / "a.png", (2, 2, 16, 4, 0, 0, 0), lines)
    assert images.read_image(tmp_path / "a.png")[:, :, 1].tolist() == [[0, 1], [255, 2]]


@pytest.mark.parametrize(("value", "words"), [(-5, "from -5 to"), (70000, "to 70000")])
def test_values_beyond_16_bits_are_refused(saved, value, words):
    with pytest.raises(UserError, match=words):
        images.read_image(saved(np.array([[0, value]], np.int32), "a.tif"))


def test_floating_point_is_refused(saved):
    with pytest.raises(UserError, match="floating-point"):
        images.read_image(saved(np.zeros((2, 2), np.float32), "a.tif"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_exif_orientation_is_undone(saved, orientation, suffix):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(NOISE, f"a.{suffix}", exif=exif, **options)
    with Image.open(path) as file:
        expected = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    assert expected.shape == ((5, 7, 3) if orientation >= 5 else (7, 5, 3))
    assert (images.read_image(path) == expected).all()
    assert images.read_size(path) == expected.shape[:2]


def test_annotated_size_decides_whether_exif_counts(saved):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(NOISE, exif=exif)
    assert (images.read_image(path, (7, 5)) == NOISE).all()
    assert (images.read_image(path, (5, 7)) == np.rot90(NOISE, -1)).all()
    assert (images.read_image(path) == np.rot90(NOISE, -1)).all()
    with pytest.raises(UserError, match=r"is 5 x 7 pixels but its annotations say 7 x 6"):
        images.read_image(path, (7, 6))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_invalid_exif_orientation_is_ignored(saved, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert (images.read_image(saved(NOISE, exif=exif)) == NOISE).all()


def photograph():
    y, x = np.mgrid[:200, :300]
    return np.stack([y, x % 256, (x * y) % 256], axis=2).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.jpg", {}), ("a.jpg", {"progressive": True}), ("a.png", {})],
    ids=["jpg", "progressive", "png"],
)
@pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.999])
def test_picture_that_is_cut_off_is_never_read(saved, name, options, part):
    path = saved(photograph(), name, **options)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * part)])
    with pytest.raises(UserError, match=r"a\....' is damaged"):
        images.read_image(path)


def test_a_jpeg_whose_end_is_zeros_is_never_read(tmp_path, saved):
    """As after a broken download into a file of the full size; Pillow alone returns a picture and noise."""
    whole = saved(photograph(), "whole.jpg").read_bytes()
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole[: len(whole) // 2] + bytes(1_000_000))
    with Image.open(cut) as file:
        assert np.asarray(file).shape == (200, 300, 3)
    with pytest.raises(UserError, match=r"cut\.jpg' is damaged"):
        images.read_image(cut)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 4}])
@pytest.mark.parametrize("end", [b"", b"\xff", bytes(5000)], ids=["nothing", "half a mark", "zeros"])
def test_a_jpeg_that_only_lacks_its_end_mark_is_read_with_a_note(saved, options, end):
    path = saved(photograph(), "a.jpg", **options)
    expected = images.read_image(path)
    data = path.read_bytes()
    notes = []
    path.write_bytes(data[:-2] + end)
    assert (images.read_image(path, note=notes.append) == expected).all()
    assert notes == ["JPEG files without their end mark, read since no pixel is missing"]
    assert images.read_size(path) == (200, 300)
    for missing in (20, 200, 2000):
        path.write_bytes(data[: -2 - missing] + end)
        with pytest.raises(UserError, match=r"a\.jpg' is damaged \(it is cut off\)"):
            images.read_image(path)


def test_the_note_on_a_jpeg_comes_out_of_the_dataset(saved):
    path = saved(photograph(), "a.jpg")
    path.write_bytes(path.read_bytes()[:-2])
    dataset = Dataset()
    dataset.add_image("photos", 0, str(path))
    assert dataset.load_image(0).shape == (200, 300, 3)
    note = "JPEG files without their end mark, read since no pixel is missing: 1 (first in photos image 'a.jpg')"
    assert dataset.notes == [note]


def test_end_marker_of_a_thumbnail_does_not_count(tmp_path, saved):
    thumbnail = io.BytesIO()
    Image.fromarray(NOISE).save(thumbnail, "JPEG")
    whole = saved(photograph(), "whole.jpg").read_bytes()
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail.getvalue()) + 8) + b"xxxxxx" + thumbnail.getvalue()
    with_thumbnail = whole[:2] + segment + whole[2:]
    (tmp_path / "good.jpg").write_bytes(with_thumbnail + b"a film that the camera added")
    (tmp_path / "cut.jpg").write_bytes(with_thumbnail[: -len(whole) // 2] + bytes(99999))
    assert images.read_image(tmp_path / "good.jpg").shape == (200, 300, 3)
    with pytest.raises(UserError, match="is damaged"):
        images.read_image(tmp_path / "cut.jpg")


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_read_image_refuses_other_files(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.png' is (not a picture|damaged)"):
        images.read_image(tmp_path / "a.png")


def test_read_image_refuses_an_absent_file(tmp_path):
    with pytest.raises(UserError, match=r"b\.jpg' does not exist"):
        images.read_image(tmp_path / "b.jpg")


def test_absurd_sizes_are_refused_before_decoding(tmp_path):
    """A PNG whose header says 100,000 x 100,000 pixels: 30 GB as RGB."""
    write_png(tmp_path / "a.png", (100_000, 100_000, 8, 2, 0, 0, 0), bytes(1000))
    for read in (images.read_image, images.read_size, images.read_mask, images.read_labels):
        with pytest.raises(UserError, match="has 10000 megapixels, more than 500; cut"):
            read(tmp_path / "a.png")


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "1"])
def test_strips_of_a_large_picture_are_the_picture(tmp_path, monkeypatch, mode):
    pixels = np.random.default_rng(0).integers(0, 256, (37, 20, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(tmp_path / "a.tif")
    whole = images.read_image(tmp_path / "a.tif")
    monkeypatch.setattr(images, "STRIP_PIXELS", 100)
    assert np.array_equal(images.read_image(tmp_path / "a.tif"), whole)
    assert mode != "RGB" or np.array_equal(whole, pixels)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
def test_large_pictures_are_read_without_changing_pillows_limit(tmp_path, monkeypatch, name):
    Image.new("RGB", (30, 20), "white").save(tmp_path / name)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with ThreadPoolExecutor(4) as pool:
        assert all(
            one.shape == (20, 30, 3) and one.all() for one in pool.map(images.read_image, [tmp_path / name] * 40)
        )
    assert images.read_size(tmp_path / name) == (20, 30)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_a_picture_that_does_not_fit_into_memory_says_so(tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError

    Image.new("RGB", (1000, 1000)).save(tmp_path / "a.png")
    monkeypatch.setattr(images, "_rgb", full)
    with pytest.raises(UserError, match=r"a\.png' of 1 megapixels takes 0\.0 GB of memory while it is read, more than"):
        images.read_image(tmp_path / "a.png")


def test_masks_of_any_two_values(saved):
    bits = np.array([[0, 1, 1], [0, 0, 1]], bool)
    for high in (1, 77, 255):
        assert (images.read_mask(saved(bits * np.uint8(high))) == bits).all()
    assert (images.read_mask(saved(bits * np.uint16(65535))) == bits).all()
    assert (images.read_mask(saved(bits)) == bits).all()
    coloured = np.stack([bits * np.uint8(200), bits * 0, bits * 0, np.full_like(bits, 255, np.uint8)], axis=2)
    assert (images.read_mask(saved(coloured.astype(np.uint8))) == bits).all()
    assert not images.read_mask(saved(np.zeros((2, 3), np.uint8))).any()


def test_smooth_mask_edges_are_cut_at_half(saved):
    assert images.read_mask(saved(np.array([[0, 100, 128, 255]], np.uint8))).tolist() == [[0, 0, 1, 1]]


def test_label_values_are_taken_as_they_are(saved):
    labels = np.array([[0, 1], [300, 65535]], np.uint16)
    assert (images.read_labels(saved(labels)) == labels).all()
    palette = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "L")
    palette.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
    assert images.read_labels(saved(palette)).tolist() == [[0, 1], [2, 1]]
    coloured = np.array([[[0, 0, 0], [1, 2, 3]]], np.uint8)
    assert images.read_labels(saved(coloured)).tolist() == [[0, 0x010203]]


def tiff(path, shape, kind=1, bits=8):
    """An uncompressed TIFF of zeros [height, width, bands]; kind: 1 for whole numbers, 3 for floats."""
    height, width, bands = shape
    entries = [(256, width), (257, height), (258, bits), (259, 1), (262, 1), (277, bands), (278, height), (339, kind)]
    entries += [(273, 8), (279, height * width * bands * bits // 8)]
    data = bytes(entries[-1][1])
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(entries))
    header = b"II*\0" + struct.pack("<I", 8 + len(data))
    path.write_bytes(header + data + struct.pack("<H", len(entries)) + directory + bytes(4))
    return path


@pytest.mark.parametrize(
    ("shape", "kind", "bits", "words"),
    [
        ((6, 9, 5), 1, 8, "is a TIFF of 5 bands with whole numbers of 8 bits; save it with 1 band"),
        ((6, 9, 3), 3, 32, "is a TIFF of 3 bands with floating-point numbers of 32 bits"),
        ((6, 9, 1), 3, 64, "is a TIFF of 1 band with floating-point numbers of 64 bits"),
    ],
)
def test_kinds_of_tiff_that_are_not_read_are_named(tmp_path, shape, kind, bits, words):
    with pytest.raises(UserError, match=rf"a\.tif' {words}"):
        images.read_image(tiff(tmp_path / "a.tif", shape, kind, bits))


def test_of_several_pages_the_first_is_read_with_a_note(tmp_path):
    pages = [Image.fromarray(NOISE), Image.fromarray(255 - NOISE)]
    notes = []
    for name in ("a.tif", "a.gif"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
        first = images.read_image(tmp_path / name, note=notes.append)
        assert name == "a.gif" or (first == NOISE).all()
    assert notes == [images.SEVERAL] * 2
    pages[0].save(tmp_path / "one.tif")
    images.read_image(tmp_path / "one.tif", note=notes.append)
    assert len(notes) == 2


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\0\0\0\x18ftypheic", "a HEIC picture; run `pip install pillow-heif` to read such files"),
        (b"\0\0\0\x18ftypmif1", "a HEIC picture; run `pip install pillow-heif`"),
        (b"\0\0\0\x18ftypavif", "an AVIF picture, which this version of Pillow does not read"),
        (b"", "not a picture but empty; replace it or remove it"),
    ],
)
def test_pictures_of_phones_are_named(tmp_path, monkeypatch, start, words):
    monkeypatch.setattr(images, "FORMATS", ("JPEG", "PNG"))
    (tmp_path / "a.heic").write_bytes(start + bytes(100) if start else start)
    with pytest.raises(UserError, match=rf"a\.heic' is {words}"):
        images.read_image(tmp_path / "a.heic")


@pytest.mark.skipif("AVIF" not in images.FORMATS, reason="needs Pillow with AVIF")
def test_avif_is_read(tmp_path):
    Image.fromarray(np.full((8, 9, 3), 200, np.uint8)).save(tmp_path / "a.avif", quality=95)
    assert ".avif" in images.SUFFIXES
    assert np.abs(images.read_image(tmp_path / "a.avif").astype(int) - 200).max() < 5


def test_a_picture_may_be_bytes_inside_another_file(saved):
    data = saved(NOISE).read_bytes()
    assert (images.read_image("a.json", (7, 5), data=data) == NOISE).all()
    assert images.read_size("a.json", data) == (7, 5)
    with pytest.raises(UserError, match="'a.json' is not a picture of a known kind"):
        images.read_image("a.json", data=b"x")
    deep = np.full((2, 3, 3), 65535, np.uint16)
    assert (images.read_image("a.json", data=cv2.imencode(".png", deep)[1].tobytes()) == 255).all()


def test_bits_are_what_is_not_transparent_or_not_black(saved):
    mask = np.array([[True, False, True]])
    alpha = np.full((1, 3, 4), 255, np.uint8)
    alpha[~mask] = (255, 255, 255, 0)
    palette = Image.fromarray(mask.astype(np.uint8), "P")
    palette.putpalette([0, 0, 0, 0, 0, 0])
    kinds = mask, mask.astype(np.uint8), np.repeat(mask[..., None], 3, 2) * np.uint8(9), alpha, palette
    for number, kind in enumerate(kinds):
        assert (images.read_bits("a.json", saved(kind, f"{number}.png").read_bytes(), (1, 3)) == mask).all()
    clear = saved(palette, "clear.png", transparency=1).read_bytes()
    assert (images.read_bits("a.json", clear, (1, 3)) == ~mask).all()
    with pytest.raises(UserError, match="is 1 x 3 pixels but its picture is 1 x 2"):
        images.read_bits("a.json", saved(mask).read_bytes(), (1, 2))
