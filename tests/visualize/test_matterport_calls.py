"""The functions of Matterport's package: names, arguments, and calls as its notebooks have them."""

import inspect

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mrcnn_keras import visualize
from mrcnn_keras.visualize.tables import Table
from tests.visualize.samples import NAMES, gradient, many

# As in mrcnn/visualize.py of version 2.1.
ARGUMENTS = {
    "apply_mask": "image mask color alpha",
    "display_differences": "image gt_box gt_class_id gt_mask pred_box pred_class_id pred_score pred_mask class_names"
    " title ax show_mask show_box iou_threshold score_threshold",
    "display_images": "images titles cols cmap norm interpolation",
    "display_instances": "image boxes masks class_ids class_names scores title figsize ax show_mask show_bbox colors"
    " captions",
    "display_table": "table",
    "display_top_masks": "image mask class_ids class_names limit",
    "display_weight_stats": "model",
    "draw_box": "image box color",
    "draw_boxes": "image boxes refined_boxes masks captions visibilities title ax",
    "draw_rois": "image rois refined_rois mask class_ids class_names limit",
    "plot_overlaps": "gt_class_ids pred_class_ids pred_scores overlaps class_names threshold",
    "plot_precision_recall": "AP precisions recalls",
    "random_colors": "N bright",
}
SIZE = (60, 80)


@pytest.fixture(autouse=True)
def figures_are_closed():
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_have_the_same_names_and_order(name):
    wanted = ARGUMENTS[name].split()
    parameters = inspect.signature(getattr(visualize, name)).parameters.values()
    assert [p.name for p in parameters][: len(wanted)] == wanted
    assert all(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)


def calls(image, found):
    """{name: what its function returns for the arrays that Matterport's detect gives}"""
    r = {**found.as_dict(), "rois": found.boxes.astype(np.int32)}
    axes = lambda: Figure(figsize=(2, 2)).add_subplot()  # noqa: E731
    count = len(found)
    names, masks = NAMES, r["masks"]
    crops = [masks[:, :, i] for i in range(min(count, 4))]
    truth = many(3, SIZE, scores=False)
    return {
        "display_instances": visualize.display_instances(
            image, r["rois"], masks, r["class_ids"], names, r["scores"], ax=axes(), title="Predictions"
        ),
        "display_instances of truth": visualize.display_instances(
            image, r["rois"], masks, r["class_ids"], names, figsize=(8, 8), colors=visualize.random_colors(count)
        ),
        "display_differences": visualize.display_differences(
            image,
            truth.boxes,
            truth.class_ids,
            truth.masks,
            r["rois"],
            r["class_ids"],
            r["scores"],
            masks,
            names,
            "found",
            axes(),
            show_box=False,
            iou_threshold=0.5,
            score_threshold=0.5,
        ),
        "display_images": visualize.display_images([image, *crops], cols=3, cmap="Blues"),
        "display_top_masks": visualize.display_top_masks(image, masks, r["class_ids"], names),
        "draw_boxes": visualize.draw_boxes(
            image, boxes=r["rois"], refined_boxes=r["rois"] + 2, masks=masks, captions=["x"] * count, ax=axes()
        ),
        "draw_rois": visualize.draw_rois(
            image, r["rois"], r["rois"], np.ones((count, 28, 28)), r["class_ids"], names, limit=10
        ),
        "plot_overlaps": visualize.plot_overlaps(
            truth.class_ids, r["class_ids"], r["scores"], np.zeros((count, 3)), names
        ),
    }


@pytest.mark.parametrize(
    ("count", "side", "kind"),
    [(0, 9, "uint8"), (0, 9, "grey"), (1, 9, "uint8"), (1, 9, "grey"), (1, 1, "float"), (300, 9, "uint8")],
)
def test_each_function_returns_what_it_draws(count, side, kind):
    image = gradient(*SIZE)
    image = {"uint8": image, "grey": image[:, :, 0], "float": image / 255}[kind]
    drawn = calls(image, many(count, SIZE, side))
    for name, made in drawn.items():
        assert isinstance(made, Figure if name.startswith(("display_images", "display_top")) else Axes), name
        figure = made if isinstance(made, Figure) else made.figure
        figure.set_size_inches(2, 2)
        figure.set_dpi(30)
        figure.canvas.draw()  # nothing in it that matplotlib cannot draw


def test_padding_of_zeros_is_left_out():
    found = many(2, SIZE)
    boxes = np.concatenate([found.boxes, np.zeros((3, 4))])
    masks = np.concatenate([found.masks, np.zeros((*SIZE, 3), bool)], axis=-1)
    padded = [np.concatenate([values, np.zeros(3, values.dtype)]) for values in (found.class_ids, found.scores)]
    options = {"captions": list("abcde"), "colors": visualize.random_colors(5)}
    one = visualize.display_instances(gradient(*SIZE), boxes, masks, padded[0], NAMES, padded[1], **options)
    options = {name: values[:2] for name, values in options.items()}
    other = visualize.display_instances(gradient(*SIZE), found, NAMES, **options)
    assert np.array_equal(one.images[0].get_array(), other.images[0].get_array())


def test_precision_and_recall():
    axes = Figure().add_subplot()
    assert visualize.plot_precision_recall(0.7123, [1, 0.8, 0], [0, 0.5, 1], axes) is axes
    assert axes.get_title() == "Precision-Recall Curve. AP@50 = 0.712"
    assert axes.lines[0].get_xydata().tolist() == [[0, 1], [0.5, 0.8], [1, 0]]


def test_overlaps_say_what_matches():
    axes = Figure().add_subplot()
    overlaps = np.array([[0.8, 0.1, 0.0], [0.6, 0.4, 0.0]])
    visualize.plot_overlaps(np.array([1, 2, 0]), np.array([1, 2]), [0.9, 0.7], overlaps, NAMES, ax=axes)
    assert [text.get_text() for text in axes.texts] == ["0.80\nmatch", "0.10", "0.60\nwrong", "0.40"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["circle (0.90)", "square (0.70)"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["circle", "square"]


def test_top_masks_are_the_classes_that_cover_most():
    masks = np.zeros((10, 12, 3), bool)
    masks[:2, :, 0] = masks[5:, :, 1] = masks[3, :4, 2] = True
    figure = visualize.display_top_masks(np.zeros((10, 12, 3), np.uint8), masks, [2, 3, 2], NAMES, limit=3)
    assert [ax.get_title() for ax in figure.axes] == ["H x W = 10 x 12", "star", "square", "-"]
    square = np.asarray(figure.axes[2].images[0].get_array())
    assert [np.unique(square).tolist(), square[0, 0], square[3, 0]] == [[0, 1, 2], 1, 2]


class Weight:
    """What `display_weight_stats` reads of a variable."""

    def __init__(self, path, values, dtype="float32"):
        self.path, self.values, self.dtype = path, np.array(values), dtype

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


class Model:
    weights = (
        Weight("conv/kernel", [[0.5, -0.25], [0, 0.25]]),
        Weight("conv/bias", [0, 0]),
        Weight("dead/kernel", [[0, 0]]),
        Weight("far/<b>kernel", [2e3, 1]),
        Weight("lost/gamma", [np.nan, 1]),
        Weight("seed", [3], "uint32"),
    )


def test_weight_stats_show_dead_and_exploded_weights():
    table = visualize.display_weight_stats(Model)
    assert isinstance(table, Table)
    remarks = {row[0]: row[-1] for row in table.rows[1:]}
    assert remarks == {
        "conv/kernel": "",
        "conv/bias": "",
        "dead/kernel": "*** dead?",
        "far/<b>kernel": "*** overflow?",
        "lost/gamma": "*** not finite",
    }
    assert table.rows[1][1:5] == ["(2, 2)", "-0.2500", "+0.5000", "0.2795"]
    shown = table._repr_html_()
    assert "<b>" not in shown
    assert shown.count("<tr>") == 6
    dead = "dead/kernel (1, 2) +0.0000 +0.0000 0.0000 *** dead?"
    assert repr(table).splitlines()[3].split() == dead.split()
    assert visualize.display_table([["a"], [1]]).rows == [["a"], ["1"]]


def test_apply_mask_and_draw_box_change_the_picture_that_they_get():
    image = np.full((4, 5, 3), 100, np.uint8)
    mask = np.zeros((4, 5), int)
    mask[1, 2] = 1
    assert visualize.apply_mask(image, mask, (1.0, 0, 0.2), alpha=0.5) is image
    assert image[1, 2].tolist() == [177, 50, 75]  # 0.5 * 100 + 0.5 * 255 is cut to a whole number
    assert image[0, 0].tolist() == [100, 100, 100]
    canvas = np.zeros((20, 20, 3), np.uint8)
    assert visualize.draw_box(canvas, np.array([5, 5, 15, 15.0]), [255, 0, 7]) is canvas
    assert canvas[5, 10].tolist() == canvas[14, 14].tolist() == [255, 0, 7]
    assert not canvas[8:12, 8:12].any()


def test_dim_colours():
    bright, dim = visualize.random_colors(3), visualize.random_colors(3, bright=False)
    assert np.allclose(np.multiply(bright, 0.7), dim)
