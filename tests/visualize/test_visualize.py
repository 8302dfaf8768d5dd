import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from mrcnn_keras.detections import Detections, match_instances
from mrcnn_keras.detections.detections import MaskCrop
from mrcnn_keras.detections.okabe_ito import BASE
from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize import (
    display_differences,
    display_images,
    display_instances,
    draw_comparison,
    draw_detections,
    random_colors,
)

NAMES = ["BG", "circle", "square"]
GREY = np.full((100, 120, 3), 100, np.uint8)
ORANGE, SKY = BASE[0], BASE[1]


@pytest.fixture(autouse=True)
def figures_are_closed():
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


def instances(boxes, class_ids, scores=None, masks=True, size=(100, 120)):
    crops = [MaskCrop(y1, x1, np.ones((y2 - y1, x2 - x1), bool)) for y1, x1, y2, x2 in boxes]
    return Detections(size, boxes, class_ids, scores, crops if masks else None)


def two():
    return instances([(40, 10, 60, 30), (70, 60, 90, 110)], [1, 2], [0.9, 0.4])


def changed(image, background=GREY):
    return (image != background).any(axis=2)


def test_masks_cover_the_picture_by_alpha_and_nothing_else_changes():
    before = GREY.copy()
    image = draw_detections(GREY, two(), NAMES, alpha=0.5, boxes=False, labels=False)
    assert np.array_equal(GREY, before)
    assert image[50, 20].tolist() == np.rint(0.5 * 100 + 0.5 * ORANGE).tolist()
    assert image[80, 80].tolist() == np.rint(0.5 * 100 + 0.5 * SKY).tolist()
    assert image[40, 20].tolist() == ORANGE.tolist()  # the outline, within the mask
    beside = np.ones((100, 120), bool)
    beside[38:62, 8:32] = beside[68:92, 58:112] = False
    assert not changed(image)[beside].any()


def test_the_outline_of_a_hole_is_drawn_and_the_hole_is_not_filled():
    bits = np.ones((40, 40), bool)
    bits[10:30, 10:30] = False
    ring = Detections((100, 120), [(20, 20, 60, 60)], [1], None, [MaskCrop(20, 20, bits)])
    image = draw_detections(GREY, ring, NAMES, boxes=False, labels=False)
    assert image[40, 40].tolist() == [100, 100, 100]
    assert image[29, 40].tolist() == ORANGE.tolist()


def test_boxes_run_along_the_inner_edge():
    image = draw_detections(GREY, two()[0], NAMES, labels=False, alpha=0)
    assert image[40, 10].tolist() == image[59, 29].tolist() == ORANGE.tolist()
    assert not changed(image)[:39].any()
    assert not changed(image)[61:].any()


def test_low_scores_are_left_out_with_their_colours():
    image = draw_detections(GREY, two(), NAMES, min_score=0.5, colors=[(1.0, 0, 0), (0, 1.0, 0)])
    assert not changed(image)[70:, 40:].any()
    assert (image == (255, 0, 0)).all(axis=2).any()
    assert not (image == (0, 255, 0)).all(axis=2).any()


def test_small_objects_are_drawn_over_large_ones():
    boxes = [(45, 45, 55, 55), (10, 10, 90, 110)]
    image = draw_detections(GREY, instances(boxes, [1, 1]), NAMES, alpha=1, boxes=False, labels=False)
    assert image[50, 50].tolist() == ORANGE.tolist()
    assert image[20, 20].tolist() == SKY.tolist()


def test_draw_detections_colours_by_class():
    same = instances([(10, 10, 30, 30), (60, 60, 90, 90)], [2, 2])
    image = draw_detections(GREY, same, NAMES, alpha=1, labels=False, colors="class")
    assert image[20, 20].tolist() == image[80, 80].tolist() == SKY.tolist()


def test_crowds_have_an_outline_only():
    image = draw_detections(GREY, instances([(20, 20, 80, 80)], [-1]), NAMES, labels=False)
    assert image[50, 50].tolist() == [100, 100, 100]
    assert image[20, 50].tolist() == ORANGE.tolist()


def test_labels_are_drawn_and_captions_replace_them():
    plain = draw_detections(GREY, two(), NAMES, labels=False)
    labelled = draw_detections(GREY, two(), NAMES)
    captioned = draw_detections(GREY, two(), NAMES, captions=["Äpfel", ""])
    assert changed(labelled, plain).any()
    assert changed(captioned, labelled).any()
    assert not changed(captioned, plain)[62:].any()  # an empty caption is no label


def test_every_part_can_be_switched_off():
    points = np.full((2, 1, 3), 0.9, np.float32)
    points[:, 0, :2] = [(50, 20), (80, 80)]
    found = Detections((100, 120), two().boxes, [1, 2], [0.9, 0.4], two().mask_crops, points)
    parts = ("masks", "outlines", "boxes", "labels", "keypoints")
    nothing = dict.fromkeys(parts, False)
    assert np.array_equal(draw_detections(GREY, found, NAMES, **nothing), GREY)
    drawn = {part: changed(draw_detections(GREY, found, NAMES, **nothing | {part: True})) for part in parts}
    assert drawn["masks"].sum() == found.areas.sum()
    assert drawn["outlines"].sum() == drawn["boxes"].sum() == 2 * (20 + 18) + 2 * (20 + 48)  # of rectangles
    assert drawn["keypoints"][50, 20]
    assert drawn["labels"].any()
    labels = nothing | {"labels": True}
    without = draw_detections(GREY, found, NAMES, scores=False, **labels)
    assert changed(draw_detections(GREY, found, NAMES, **labels), without).any()
    plain = Detections((100, 120), found.boxes, [1, 2])
    assert np.array_equal(without[65:], draw_detections(GREY, plain, NAMES, **labels)[65:])


def test_labels_without_class_names_have_numbers():
    named = draw_detections(GREY, two(), ["BG", "class 1", "class 2"])
    assert np.array_equal(draw_detections(GREY, two()), named)


def test_a_single_pixel_is_drawn_and_labelled_beside_it():
    pixel = Detections((100, 120), [(50, 60, 51, 61)], [1], [0.5], [MaskCrop(50, 60, np.ones((1, 1), bool))])
    image = draw_detections(GREY, pixel, NAMES)
    assert image[50, 60].tolist() == ORANGE.tolist()
    assert not changed(draw_detections(GREY, pixel, NAMES, labels=False)).sum() > 1
    thin = Detections((100, 120), [(50.2, 60.2, 50.4, 60.4)], [1])
    assert changed(draw_detections(GREY, thin, NAMES, labels=False)).sum() == 1


def test_labels_do_not_overlap():
    boxes = [(40, 40, 60, 60)] * 3
    drawn = [
        draw_detections(GREY, instances(boxes[:n], [1] * n), NAMES, alpha=0, boxes=False, colors="class")
        for n in (1, 2, 3)
    ]
    areas = [(image == ORANGE).all(axis=2).sum() for image in drawn]
    assert areas[0] < areas[1] < areas[2]


def test_labels_are_left_out_between_crowded_objects():
    boxes = [(y, x, y + 8, x + 8) for y in range(0, 300, 10) for x in range(0, 100, 10)]
    many = instances(boxes, [1] * 300, np.linspace(0.9, 0.5, 300), size=(300, 120))
    picture = np.full((300, 120, 3), 100, np.uint8)
    labelled = draw_detections(picture, many, NAMES)
    assert np.array_equal(labelled, draw_detections(picture, many, NAMES, labels=False))


@pytest.mark.parametrize(("zoom", "size"), [(1, (64, 96)), (3, (192, 288)), (None, (320, 480))])
def test_zoom_enlarges_small_pictures(zoom, size):
    found = instances([(10, 10, 40, 40)], [1], [0.5], size=(64, 96))
    image = draw_detections(np.zeros((64, 96, 3), np.uint8), found, NAMES, zoom=zoom)
    assert image.shape == (*size, 3)


def test_large_pictures_are_not_enlarged():
    image = draw_detections(np.zeros((700, 900, 3), np.uint8), Detections.empty((700, 900)), NAMES, zoom=None)
    assert image.shape == (700, 900, 3)


@pytest.mark.parametrize("masks", [True, False])
def test_draw_detections_of_nothing_returns_the_picture(masks):
    nothing = Detections.empty((100, 120), masks=masks)
    assert np.array_equal(draw_detections(GREY, nothing, NAMES), GREY)
    assert draw_comparison(GREY, nothing, nothing, NAMES).shape[2] == 3


def test_an_object_with_a_box_only_is_drawn_and_matched_by_its_box():
    crop = MaskCrop(0, 0, np.ones((10, 10), bool))
    boxes = [[20, 20, 40, 40], [0, 0, 10, 10]]
    truth = Detections((50, 50), boxes, [1, 1], mask_crops=[None, crop])
    found = Detections((50, 50), boxes, [1, 1], [0.9, 0.8], [MaskCrop(20, 20, np.ones((10, 20), bool)), crop])
    drawn = draw_detections(np.zeros((50, 50, 3), np.uint8), truth, ["BG", "x"], labels=False)
    assert [drawn[5, 5].any(), drawn[20, 30].any(), drawn[30, 30].any()] == [True, True, False]
    matches, overlaps = match_instances(truth, found)
    assert (matches.tolist(), overlaps.tolist()) == ([0, 1], [1, 1])
    display_differences(np.zeros((50, 50, 3), np.uint8), truth, found, ["BG", "x"])


def test_boxes_without_masks_keypoints_and_empty_masks_are_drawn():
    points = np.array([[[50, 60, 0.9], [20, 20, 0.01]]], np.float32)
    found = Detections((100, 120), [(10, 10, 90, 110)], [1], [0.5], keypoints=points)
    image = draw_detections(GREY, found, NAMES, labels=False)
    assert image[50, 60].tolist() == ORANGE.tolist()
    assert image[20, 20].tolist() == [100, 100, 100]
    no_pixel = Detections((100, 120), [(10, 10, 20, 20)], [1], [0.5], [MaskCrop(10, 10, np.zeros((5, 5), bool))])
    assert changed(draw_detections(GREY, no_pixel, NAMES)).any()


def test_boxes_far_outside_are_cut():
    image = draw_detections(GREY, Detections((100, 120), [(-1e9, 10, 1e9, 20)], [1]), NAMES, labels=False)
    assert changed(image)[:, 10].all()
    assert not changed(image)[:, 30:].any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image": np.zeros((5, 5, 3), np.uint8)}, "100 x 120 photograph"),
        ({"image": GREY - 128.5}, "float64"),
        ({"image": None}, "the picture is None"),
        ({"class_names": ["BG", "circle"]}, "class id 2 has no name"),
        ({"captions": ["one"]}, "1 captions for 2 instances"),
        ({"colors": [(1.0, 0, 0)]}, "1 colours for 2 instances"),
    ],
)
def test_draw_detections_refuses_arguments_that_do_not_fit(options, message):
    with pytest.raises(UserError, match=message):
        draw_detections(**({"image": GREY, "detections": two(), "class_names": NAMES} | options))


def test_comparison_has_both_halves_under_captions():
    truth = two()
    image = draw_comparison(GREY, truth, truth, NAMES, min_score=0.5, zoom=1, labels=False)
    left, right = image[:, :120], image[:, -120:]
    assert image.shape[0] > 100
    assert changed(left[-100:])[80, 80]
    assert not changed(right[-100:])[80, 80]
    assert (left[:-100] == 0).any()  # black letters


def test_an_object_has_the_same_colour_in_both_halves():
    truth = instances([(10, 10, 30, 30), (10, 30, 30, 50), (60, 60, 80, 80)], [1, 1, 2])
    found = instances([(60, 60, 80, 82), (10, 30, 30, 49), (85, 5, 95, 25)], [2, 1, 1], [0.9, 0.8, 0.7])
    drawn = draw_comparison(GREY, truth, found, NAMES, alpha=1, labels=False, boxes=False, zoom=1)[-100:]
    left, right = drawn[:, :120], drawn[:, -120:]
    of_truth = [left[20, 20].tolist(), left[20, 40].tolist(), left[70, 70].tolist()]
    of_found = [right[70, 70].tolist(), right[20, 40].tolist(), right[90, 10].tolist()]
    assert of_found[:2] == [of_truth[2], of_truth[1]]
    assert len({*map(tuple, of_truth), tuple(of_found[2])}) == 4
    nothing = Detections.empty((100, 120), masks=False)
    for pair in ((nothing, found), (truth, nothing), (found, truth)):
        assert changed(draw_comparison(GREY, *pair, NAMES, zoom=1)[-100:, :120]).any() == bool(len(pair[0]))
    by_class = draw_comparison(GREY, truth, found, NAMES, alpha=1, labels=False, zoom=1, colors="class")[-100:]
    assert by_class[20, 20].tolist() == by_class[20, 40].tolist() == ORANGE.tolist()


def test_21_colours_are_distinct_and_the_same_each_time():
    colors = random_colors(21)
    assert len(set(colors)) == 21
    assert random_colors(30)[:21] == colors
    assert all(0 <= part <= 1 for color in colors for part in color)
    assert random_colors(0) == []


def test_display_instances_takes_all_three_orders():
    found = two()
    boxes, masks, class_ids, scores = found
    calls = [
        display_instances(GREY, found, NAMES),
        display_instances(GREY, *found, NAMES),
        display_instances(GREY, boxes, masks, class_ids, NAMES, scores),
        display_instances(GREY, boxes, masks, class_ids, class_names=NAMES, scores=scores),
        display_instances(GREY, found, class_names=NAMES),
    ]
    pictures = [ax.images[0].get_array() for ax in calls]
    assert all(np.array_equal(picture, pictures[0]) for picture in pictures)
    assert changed(pictures[0][::4, ::4]).any()


def test_display_instances_without_scores_masks_or_objects():
    boxes, masks, class_ids, _ = two()
    nothing = Detections.empty((100, 120))
    for ax in (
        display_instances(GREY, boxes, masks, class_ids, NAMES),
        display_instances(GREY, boxes, None, class_ids, NAMES),
        display_instances(GREY, *instances([(1, 1, 9, 9)], [1], masks=False), NAMES),
        display_instances(GREY, *nothing, NAMES),
        display_instances(GREY, nothing, NAMES),
        display_instances(GREY, nothing.boxes, nothing.masks, nothing.class_ids, NAMES, nothing.scores),
    ):
        assert len(ax.images) == 1


def test_display_instances_draws_into_given_axes_and_is_saved(tmp_path):
    axes = Figure().add_subplot()
    ax = display_instances(GREY, two(), NAMES, ax=axes, title="two", show_mask=False, captions=["a", "b"])
    assert ax is axes
    assert not pyplot.get_fignums()
    assert ax.get_title() == "two"
    assert ax.get_xlim() == (0, 120)  # the axes count the photograph's pixels
    ax.figure.savefig(tmp_path / "two.png")
    assert Image.open(tmp_path / "two.png").width > 100


def test_display_instances_needs_names():
    boxes, masks, class_ids, scores = two()
    for arguments in [(two(),), (boxes, masks, class_ids, scores), (two(), "BG")]:
        with pytest.raises(UserError, match="class_names is"):
            display_instances(GREY, *arguments)


def test_names_without_the_background_are_noticed(capsys):
    """With them every object was drawn under the name of the class after its own."""
    draw_detections(GREY, two()[:1], ["circle", "square", "star"])
    assert "class_names begins with 'circle', which counts as the background" in capsys.readouterr().err
    with pytest.raises(UserError, match="no name among the 2 class_names, of which the first is 'circle'"):
        draw_detections(GREY, two(), ["circle", "square"])
    draw_detections(GREY, two(), ["_background_", "circle", "square"])
    assert not capsys.readouterr().err


def test_pictures_of_any_kind_are_drawn_into():
    expected = draw_detections(GREY, two(), NAMES)
    alpha = np.dstack([GREY, GREY[:, :, 0]])
    kinds = (
        Image.fromarray(GREY),
        GREY[:, :, 0],
        alpha,
        GREY.astype(np.float32),
        GREY / 255,
        GREY[..., :1] / np.float32(255),
    )
    for image in kinds:
        assert np.array_equal(draw_detections(image, two(), NAMES), expected)
        boxes, masks, class_ids, _ = two()
        assert display_instances(image, boxes, masks, class_ids, NAMES).images


def test_figures_that_nobody_sees_do_not_stay_open(tmp_path):
    axes = [display_instances(GREY, two(), NAMES, figsize=(2, 2)) for _ in range(5)]
    display_images([GREY, Image.fromarray(GREY)])
    assert len(pyplot.get_fignums()) == 1
    axes[0].figure.savefig(tmp_path / "first.png")
    assert Image.open(tmp_path / "first.png").width > 100
    other = pyplot.figure()
    display_instances(GREY, two(), NAMES, figsize=(2, 2))
    assert pyplot.fignum_exists(other.number)


def test_display_images_has_axes_for_each_image():
    figure = display_images([GREY, GREY[:, :, 0], GREY], ["a", "b", "c"], cols=2, cmap="gray")
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 1, 0]
    assert [ax.get_title() for ax in figure.axes] == ["a", "b", "c", ""]
    assert len(display_images([]).axes) == 1
    assert display_images([GREY[:, :50], GREY[:50]], cols=2).get_size_inches().tolist() == [14, 14]


def test_display_differences_takes_both_orders():
    annotated, found = instances([(40, 10, 60, 30), (5, 5, 20, 20), (70, 5, 90, 30)], [1, 2, -1]), two()
    one = display_differences(GREY, annotated, found, NAMES)
    other = display_differences(
        GREY,
        annotated.boxes,
        annotated.class_ids,
        annotated.masks,
        found.boxes,
        found.class_ids,
        found.scores,
        found.masks,
        NAMES,
        ax=Figure().add_subplot(),
    )
    assert np.array_equal(one.images[0].get_array(), other.images[0].get_array())
    nothing = Detections.empty((100, 120))
    for pair in [(annotated, nothing), (nothing, found), (nothing, nothing)]:
        assert display_differences(GREY, *pair, NAMES).images
    with pytest.raises(UserError, match="no scores"):
        display_differences(GREY, found, annotated, NAMES)


def test_draw_comparison_of_photographs(shared):
    folder = sorted((shared / "data/nuclei/val").iterdir())[0]
    image = np.asarray(Image.open(next((folder / "images").iterdir())).convert("RGB"))
    masks = np.stack([np.asarray(Image.open(p).convert("L")) > 0 for p in (folder / "masks").iterdir()], axis=-1)
    truth = Detections.from_masks(masks, np.ones(masks.shape[2], int))
    drawn = draw_comparison(image, truth, truth[::2], ["BG", "nucleus"])
    assert drawn.dtype == np.uint8
    assert drawn.shape[1] > 2 * image.shape[1]
