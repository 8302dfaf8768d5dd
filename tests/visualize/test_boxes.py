"""Boxes, anchors, proposals and RoIs on axes."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize import draw_anchors, draw_boxes, draw_proposals, draw_rois, random_colors
from mrcnn_keras.visualize.boxes import GREY

IMAGE = np.full((60, 100, 3), 90, np.uint8)
TWO = np.array([(10, 20, 30, 50), (5, 60, 25, 90)])
NAMES = ["BG", "cat", "dog"]


def axes():
    return Figure().add_subplot()


def frames(ax):
    """[(style, box, colour)] of all boxes that are drawn; boxes as (y1, x1, y2, x2)."""
    drawn = []
    for collection in ax.collections:
        if isinstance(collection, PolyCollection):
            [(_, dashes)] = set(map(str_dashes, collection.get_linestyle()))
            for path, color in zip(collection.get_paths(), collection.get_edgecolor(), strict=True):
                (x1, y1), (x2, y2) = path.vertices[0], path.vertices[2]
                drawn.append((bool(dashes), (y1, x1, y2, x2), tuple(color[:3].round(3))))
    return drawn


def str_dashes(style):
    offset, dashes = style
    return offset, None if dashes is None else tuple(dashes)


def test_boxes_are_dashed_refined_ones_solid_and_their_corners_joined():
    ax = draw_boxes(IMAGE, TWO, TWO + 2, captions=["a", ""], title="two", ax=axes())
    colors = [tuple(np.round(color, 3)) for color in random_colors(2)]
    dashed = [(True, tuple(box), color) for box, color in zip(TWO.tolist(), colors, strict=True)]
    solid = [(False, tuple(box), color) for box, color in zip((TWO + 2).tolist(), colors, strict=True)]
    assert frames(ax) == dashed + solid
    [lines] = [collection for collection in ax.collections if isinstance(collection, LineCollection)]
    assert [path.vertices.tolist() for path in lines.get_paths()] == [[[20, 10], [22, 12]], [[60, 5], [62, 7]]]
    assert [text.get_text() for text in ax.texts] == ["a"]
    assert ax.get_title() == "two"
    assert (ax.get_xlim(), ax.get_ylim()) == ((-10, 110), (70, -10))  # what is outside the picture shows too


def test_visibility():
    ax = draw_boxes(IMAGE, np.repeat(TWO[:1], 3, axis=0), TWO[[0, 0, 0]] + 2, visibilities=[0, 1, 2], ax=axes())
    styles = [(dashed, color == GREY) for dashed, _, color in frames(ax)]
    assert styles == [(True, True), (True, False), (False, False), (False, False), (False, False)]


def test_masks_are_mixed_into_the_picture_and_not_into_the_callers():
    mask = np.zeros((60, 100, 1), bool)
    mask[10:30, 20:50] = True
    ax = draw_boxes(IMAGE, refined_boxes=TWO[:1], masks=mask, ax=axes())
    shown = np.asarray(ax.images[0].get_array())
    assert (shown != IMAGE).any(axis=2).sum() == 600
    assert (IMAGE == 90).all()


def test_padding_and_class_ids_in_a_fifth_column_are_left_out():
    padded = np.array([(10, 20, 30, 50, 3), (0, 0, 0, 0, 0)])
    assert [box for _, box, _ in frames(draw_boxes(IMAGE, padded, captions=["a", "b"], ax=axes()))] == [
        (10, 20, 30, 50)
    ]
    assert frames(draw_boxes(IMAGE, np.zeros((0, 4)), [], ax=axes())) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "got no boxes"),
        ({"boxes": TWO, "refined_boxes": TWO[:1]}, "1 refined_boxes for 2 boxes"),
        ({"boxes": TWO, "captions": ["a"]}, "1 captions for 2 boxes"),
        ({"boxes": TWO, "masks": np.zeros((60, 100, 3))}, "3 masks for 2 boxes"),
    ],
)
def test_draw_boxes_refuses_what_does_not_fit(options, message):
    with pytest.raises(UserError, match=message):
        draw_boxes(IMAGE, **options, ax=axes())


def levels():
    """Anchors of two levels: cells of 10 and of 20 pixels, with two and with one anchor each."""
    fine = np.mgrid[5:60:10, 5:100:10].reshape(2, -1).T
    coarse = np.mgrid[10:60:20, 10:100:20].reshape(2, -1).T
    fine = np.concatenate([np.repeat(fine, 2, 0) - [(4, 2), (2, 4)] * len(fine), np.repeat(fine, 2, 0) + 4], axis=1)
    return [fine, np.concatenate([coarse - 10, coarse + 10], axis=1)]


def test_anchors_in_the_middle_show_all_sizes_and_shapes():
    grid = levels()
    ax = draw_anchors(IMAGE, grid, ax=axes())
    drawn = frames(ax)
    colors = random_colors(2)
    assert len(drawn) >= 2
    assert {color for *_, color in drawn} == {tuple(np.round(color, 3)) for color in colors}
    for _, (y1, x1, y2, x2), _ in drawn:
        assert np.hypot((y1 + y2) / 2 - 30, (x1 + x2) / 2 - 50) < 20
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["level 0: 120", "level 1: 15"]


def test_anchors_with_the_best_scores():
    grid = levels()
    scores = [np.zeros(len(level)) for level in grid]
    scores[0][7], scores[1][3] = 0.9, 0.8
    ax = draw_anchors(IMAGE, grid, scores, limit=2, ax=axes())
    assert {box for _, box, _ in frames(ax)} == {tuple(grid[0][7]), tuple(grid[1][3])}
    assert ax.get_title() == "2 of 135 anchors"
    with pytest.raises(UserError, match="134 scores for 135 boxes"):
        draw_anchors(IMAGE, grid, [scores[0], scores[1][1:]], ax=axes())


def test_proposals_before_and_after_refinement():
    grid = levels()
    refined = [level + 1 for level in grid]
    scores = [np.linspace(0, 0.5, len(level)) for level in grid]
    ax = draw_proposals(IMAGE, refined, grid, scores, limit=2, ax=axes())
    assert [(dashed, box) for dashed, box, _ in frames(ax)] == [
        (True, tuple(grid[0][-1])),
        (True, tuple(grid[1][-1])),
        (False, tuple(refined[0][-1])),
        (False, tuple(refined[1][-1])),
    ]
    assert [text.get_text() for text in ax.texts] == ["0.50", "0.50"]


def test_proposals_are_in_order_and_padding_is_none():
    padded = np.concatenate([TWO, np.zeros((8, 4))])
    ax = draw_proposals(IMAGE, padded, ax=axes())
    assert [box for _, box, _ in frames(ax)] == [tuple(box) for box in TWO.tolist()]
    assert ax.get_title() == "the best 2 of 2 proposals"
    assert draw_proposals(IMAGE, np.zeros((0, 4)), ax=axes()).get_title() == "the best 0 of 0 proposals"
    with pytest.raises(UserError, match="1 anchors for 2 proposals"):
        draw_proposals(IMAGE, TWO, TWO[:1], ax=axes())


def test_rois_of_the_background_are_grey_and_not_refined():
    ax = draw_rois(IMAGE, TWO, TWO + 3, np.ones((2, 28, 28)), np.array([0, 2]), NAMES, ax=axes())
    assert [box for dashed, box, color in frames(ax) if color == GREY] == [tuple(TWO[0])]
    assert [box for dashed, box, _ in frames(ax) if not dashed] == [tuple(TWO[1] + 3)]
    assert [text.get_text() for text in ax.texts] == ["dog"]
    changed = (np.asarray(ax.images[0].get_array()) != IMAGE).any(axis=2)
    assert changed.sum() == changed[5:25, 60:90].sum() == 600  # the mask fills the RoI
    assert ax.get_title() == "2 RoIs, of which 1 (50%) are positive"


def test_of_many_rois_the_same_ones_are_chosen_each_time():
    rois = np.random.default_rng(0).uniform(0, 50, (100, 2))
    rois = np.concatenate([rois, rois + 10], axis=1)
    first, again = (draw_rois(IMAGE, rois, rois, None, np.ones(100, int), NAMES, 5, axes()) for _ in range(2))
    assert frames(first) == frames(again)
    assert len({box for _, box, _ in frames(first)}) == 5
    assert first.get_title().startswith("5 of 100 RoIs, chosen at random")
