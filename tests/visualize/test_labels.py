"""Labels: none hides another one, none leaves the picture, and what is not under one stays as it was."""

import numpy as np
import pytest

from mrcnn_keras.visualize.labels import add_caption, draw_labels, font_size, rendered
from tests.visualize.samples import gradient, many


def drawn(boxes, texts, size=(200, 300)):
    canvas = gradient(*size)
    before = canvas.copy()
    colors = np.full((len(texts), 3), (230, 159, 0), np.uint8)
    places = draw_labels(canvas, texts, np.asarray(boxes, float).reshape(-1, 4), colors, 12)
    outside = np.ones(size, bool)
    for y1, x1, y2, x2 in places.tolist():
        outside[y1:y2, x1:x2] = False
    assert np.array_equal(canvas[outside], before[outside])
    assert (places[:, :2] >= 0).all()
    assert (places[:, 2:] <= size).all()
    return places, canvas


@pytest.mark.parametrize(("count", "side"), [(0, 10), (1, 1), (1, 60), (10, 1), (40, 50), (300, 15)])
def test_no_label_hides_another_one_or_leaves_the_picture(count, side):
    found = many(count, (200, 300), side)
    places, _ = drawn(found.boxes, [f"class {i} 0.5" for i in range(count)])
    shared = np.minimum(places[:, None, 2:], places[:, 2:]) - np.maximum(places[:, None, :2], places[:, :2])
    shared = np.maximum(shared, 0).prod(axis=2)
    np.fill_diagonal(shared, 0)
    assert not shared.any()
    assert len(places) == 0 if count in (0, 300) else len(places) > count // 4  # none fits between 300


def test_a_label_is_above_its_object_or_where_there_is_room():
    height, width = rendered("car 0.98", 12)[0].shape
    (above,), _ = drawn([(100, 50, 150, 150)], ["car 0.98"])
    assert above.tolist() == [100 - height, 50, 100, 50 + width]
    (inside,), _ = drawn([(0, 0, 200, 300)], ["car 0.98"])
    assert inside.tolist() == [0, 0, height, width]
    (left,), _ = drawn([(-9e8, 290, 9e8, 9e8)], ["car 0.98"])  # far outside
    assert left[3] <= 300


def test_texts_that_are_empty_or_wider_than_the_picture_have_no_place():
    places, canvas = drawn([(5, 5, 15, 15)] * 2, ["", "a name that is much wider than the picture " * 3])
    assert len(places) == 0
    assert np.array_equal(canvas, gradient(200, 300))


def test_text_is_readable_on_its_background():
    _, canvas = drawn([(100, 50, 150, 150)], ["MMMM"])
    label = canvas[90:98, 52:80].reshape(-1, 3).astype(int)
    assert label.min() == 0  # black letters
    assert [230, 159, 0] in label.tolist()


def test_captions_stand_on_white_above_the_picture():
    image = gradient(60, 90)
    captioned = add_caption(image, "found: 3 of very many")
    assert captioned.shape[1:] == (90, 3)
    assert np.array_equal(captioned[-60:], image)
    assert captioned[0].min() == 255
    assert captioned[:-60].min() < 50


def test_font_size_follows_the_picture():
    assert [font_size(64, 64), font_size(1080, 1920), font_size(9000, 9000)] == [10, 23, 48]
