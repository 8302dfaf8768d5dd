import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.errors import UserError
from mrcnn_keras.resize import MODES, PLACES, Resize, as_rgb, plan_resize, resize_image

sides = st.integers(1, 4000)


def sizes(height, width, **plan):
    resize = plan_resize(height, width, **({"mode": "fit", "min_dim": 800, "max_dim": 1333} | plan))
    assert resize.original == (height, width)
    return resize.resized, resize.network


def test_fit_gives_the_sizes_of_detectron2():
    assert sizes(480, 640, multiple=32) == ((800, 1067), (800, 1088))
    assert sizes(1080, 1920, multiple=32) == ((750, 1333), (768, 1344))
    assert sizes(426, 640, multiple=32) == ((800, 1202), (800, 1216))


def test_floor_gives_the_sizes_of_torchvision():
    assert sizes(480, 640, rounding="floor", multiple=32)[0] == (800, 1066)
    assert sizes(1080, 1920, rounding="floor", multiple=32)[0] == (749, 1333)
    assert sizes(426, 640, rounding="floor", multiple=32)[0] == (800, 1201)


def test_even_gives_the_sizes_of_matterport():
    plan = {"mode": "square", "min_dim": 800, "max_dim": 1024, "min_scale": 1, "rounding": "even"}
    assert sizes(480, 640, **plan)[0] == (768, 1024)
    assert sizes(427, 640, **plan)[0] == (683, 1024)
    assert sizes(1000, 1001, **plan)[0] == (1000, 1001)  # pictures never shrink for the short side


@pytest.mark.parametrize(("rounding", "expected"), [("nearest", (3, 4, 3)), ("floor", (2, 3, 2)), ("even", (2, 4, 2))])
def test_halves_are_rounded_up_down_or_to_the_even_number(rounding, expected):
    halves = {side: sizes(side, side, mode="crop", scale=0.5, rounding=rounding)[0][0] for side in (5, 7)}
    assert (halves[5], halves[7]) == expected[:2]
    assert sizes(1, 1, mode="crop", scale=0.4, rounding=rounding)[0] == (1, 1)
    assert sizes(9, 10, mode="crop", scale=0.26, rounding=rounding)[0][0] == 2  # 2.34


def test_a_picture_in_the_middle_of_its_square():
    plan = {"mode": "square", "min_dim": 800, "max_dim": 1024, "min_scale": 1, "rounding": "even", "place": "centre"}
    resize = plan_resize(480, 640, **plan)
    assert (resize.resized, resize.network, resize.offset) == ((768, 1024), (1024, 1024), (128, 0))
    assert resize.window == (slice(128, 896), slice(0, 1024))
    # 1024 - 683 is odd: the odd row is below.
    assert plan_resize(427, 640, **plan).offset == (170, 0)
    assert plan_resize(480, 640, **{**plan, "place": "end"}).offset == (0, 0)


def test_square_is_padded_to_a_square():
    assert sizes(500, 1000, mode="square", min_dim=800, max_dim=1024) == ((512, 1024), (1024, 1024))
    assert sizes(100, 100, mode="square", min_dim=800, max_dim=1024) == ((800, 800), (1024, 1024))


def test_min_scale_enlarges_further_but_not_past_max_dim():
    plan = {"mode": "square", "min_dim": 100, "max_dim": 300}
    assert sizes(100, 120, **plan)[0] == (100, 120)
    assert sizes(100, 120, **plan, min_scale=2)[0] == (200, 240)
    assert sizes(100, 120, **plan, min_scale=4)[0] == (250, 300)


def test_crop_scales_by_its_factor_until_the_limit():
    assert sizes(256, 320, mode="crop", scale=2) == ((512, 640), (512, 640))
    assert sizes(1040, 1388, mode="crop", scale=2, limit=2048) == ((1535, 2048), (1536, 2048))
    assert sizes(300, 300, mode="crop") == ((300, 300), (320, 320))


def test_a_side_rounds_half_up_and_is_at_least_one_pixel():
    assert sizes(1, 3, mode="crop", scale=0.5) == ((1, 2), (64, 64))
    assert sizes(1, 4000, mode="square", min_dim=800, max_dim=1024) == ((1, 1024), (1024, 1024))


@given(sides, sides, st.sampled_from(MODES), st.sampled_from([32, 64]))
def test_the_network_holds_the_resized_photograph(height, width, mode, multiple):
    resized, network = sizes(height, width, mode=mode, max_dim=1344, limit=2048, multiple=multiple)
    assert all(1 <= inner <= outer for inner, outer in zip(resized, network, strict=True))
    assert max(resized) <= (2048 if mode == "crop" else 1344)
    assert all(outer % multiple == 0 for outer in network)


@given(
    sides,
    sides,
    st.sampled_from(MODES),
    st.sampled_from(sorted(PLACES)),
    st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_boxes_go_there_and_back(height, width, mode, place, fractions):
    resize = plan_resize(height, width, mode=mode, min_dim=800, max_dim=1344, scale=1.5, place=place)
    boxes = np.array([fractions], np.float32) * [height, width, height, width]
    there = resize.boxes_to_network(boxes)
    assert there.dtype == np.float32
    back = (there - np.array(resize.offset * 2)) / (resize.scale * 2)
    # In the middle, float32 keeps less digits of what is small: 1 in 1344 * 2 ** 23 network pixels.
    np.testing.assert_allclose(back, boxes, rtol=1e-6, atol=1e-6 if place == "end" else 1e-4 / min(1, *resize.scale))


def test_boxes_are_scaled_by_axis_and_not_clipped():
    resize = Resize((100, 200), (50, 400), (64, 448))
    assert resize.scale == (0.5, 2)
    assert resize.boxes_to_network([[10, 10, 120, 20]]).tolist() == [[5, 20, 60, 40]]
    assert resize.boxes_to_network([10, 10, 120, 20]).tolist() == [5, 20, 60, 40]
    assert resize.boxes_to_network(np.zeros((0, 4))).shape == (0, 4)
    shifted = Resize((100, 200), (50, 400), (64, 448), (7, 24))
    assert shifted.boxes_to_network([[10, 10, 120, 20]]).tolist() == [[12, 44, 67, 64]]


def test_the_whole_photograph_becomes_the_whole_resized_part():
    resize = plan_resize(333, 777, mode="fit", min_dim=800, max_dim=1333)
    whole = resize.boxes_to_network([0, 0, 333, 777])
    assert whole.tolist() == [0, 0, *resize.resized]


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (37, 23), (64, 64), (600, 800)])
def test_pictures_of_any_size_fill_the_resized_part_and_leave_zeros(height, width, antialias):
    image = np.full((height, width, 3), 200, np.uint8)
    padded, resize = resize_image(image, mode="square", min_dim=100, max_dim=128, antialias=antialias)
    assert padded.shape == (128, 128, 3)
    assert padded.dtype == np.uint8
    h, w = resize.resized
    assert (padded[:h, :w] == 200).all()
    assert not padded[h:].any()
    assert not padded[:, w:].any()


def test_the_pixels_of_a_picture_in_the_middle():
    plan = {"mode": "square", "min_dim": 100, "max_dim": 128}
    image = np.random.default_rng(0).integers(1, 256, (37, 23, 3)).astype(np.uint8)
    middle, resize = resize_image(image, place="centre", **plan)
    corner, _ = resize_image(image, **plan)
    assert (resize.resized, resize.offset) == ((128, 80), (0, 24))
    np.testing.assert_array_equal(middle[:, 24:104], corner[:, :80])
    assert not middle[:, :24].any()
    assert not middle[:, 104:].any()


def test_a_large_picture():
    padded, resize = resize_image(np.zeros((3000, 4000, 3), np.uint8), mode="fit", min_dim=800, max_dim=1333)
    assert resize.resized == (800, 1067)
    assert padded.shape == (832, 1088, 3)


def test_the_picture_of_the_network_is_a_new_array():
    image = np.zeros((64, 64, 3), np.uint8)
    padded, _ = resize_image(image, mode="crop", min_dim=64, max_dim=64)
    padded[...] = 9
    assert not image.any()


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize(("size", "min_dim"), [((97, 150), 40), ((97, 150), 233), ((20, 31), 90)])
def test_pixels_equal_those_of_tensorflow_within_a_grey_level(size, min_dim, antialias):
    tf = pytest.importorskip("tensorflow")
    image = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    padded, resize = resize_image(image, mode="fit", min_dim=min_dim, max_dim=500, antialias=antialias)
    h, w = resize.resized
    expected = tf.image.resize(image, (h, w), "bilinear", antialias=antialias).numpy()
    assert np.abs(padded[:h, :w] - expected).max() <= 1


def test_floats_of_0_to_255_are_taken():
    image = np.full((2, 2, 3), 99.6)
    padded, _ = resize_image(image, mode="crop", min_dim=64, max_dim=64)
    assert padded[0, 0].tolist() == [100, 100, 100]
    black, _ = resize_image(np.zeros((2, 2, 3)), mode="crop", min_dim=64, max_dim=64)
    assert not black.any()


def test_grey_and_alpha_become_rgb():
    grey = np.full((2, 3), 7, np.uint8)
    for image in (grey, grey[:, :, None]):
        assert as_rgb(image).tolist() == [[[7, 7, 7]] * 3] * 2
    assert as_rgb(np.arange(24).reshape(2, 3, 4)).tolist() == np.arange(24).reshape(2, 3, 4)[..., :3].tolist()
    for wrong in (np.zeros((2, 3, 2)), np.zeros((0, 3, 3)), np.zeros(3), None):
        assert as_rgb(wrong) is None


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4), np.uint8), r"shape \(4, 4\)"),
        (np.zeros((4, 4, 4), np.uint8), r"shape \(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), r"shape \(0, 4, 3\)"),
        (np.full((2, 2, 3), 0.5), "values from 0.5 to 0.5"),
        (np.full((2, 2, 3), 256), "values from 256"),
        (np.full((2, 2, 3), np.nan), "values from nan"),
        (np.zeros((2, 2, 3), bool), "of type bool"),
    ],
)
def test_resize_image_refuses_other_arrays(image, message):
    with pytest.raises(UserError, match=message):
        resize_image(image, mode="fit", min_dim=64, max_dim=64)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"mode": "pad64"}, "'pad64' is unknown; use one of square, fit, crop"),
        ({"min_dim": 0}, "min_dim = 0"),
        ({"scale": -1}, "scale = -1"),
        ({"limit": 0}, "limit = 0"),
        ({"multiple": 0}, "multiple = 0"),
        ({"rounding": "up"}, "'up' is unknown"),
        ({"place": "middle"}, "place 'middle' is unknown; use one of end, centre"),
    ],
)
def test_plan_resize_refuses_wrong_settings(plan, message):
    with pytest.raises(UserError, match=message):
        sizes(10, 10, **plan)
