"""What is between a photograph and its detections, of a tiny model; feature maps and activations."""

import numpy as np
import pytest
from matplotlib import pyplot

from mrcnn_keras import Config, MaskRCNN
from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize import display_activations, display_feature_maps, network_stages
from tests.tiny import TINY
from tests.visualize.samples import gradient


@pytest.fixture(autouse=True)
def figures_are_closed():
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def model():
    return MaskRCNN(Config.preset("resnet18_fpn", **TINY | {"NUM_CLASSES": 3}))


@pytest.fixture(scope="module")
def seen(model):
    return network_stages(model, gradient(48, 64))


def test_stages_fit_together(model, seen):
    assert seen["image"].shape == seen["normalized"].shape == (64, 64, 3)
    assert np.array_equal(seen["image"][:48], gradient(48, 64))  # 64 pixels are the network's, too
    assert not seen["image"][48:].any()
    sizes = [len(level) for level in seen["anchors"]]
    for name in ("rpn_logits", "rpn_scores", "rpn_deltas", "refined_anchors"):
        assert [len(level) for level in seen[name]] == sizes
    count = len(seen["proposals"])
    assert all(len(seen[name]) == count for name in ("class_logits", "class_probs", "class_ids", "refined_proposals"))
    assert seen["class_probs"].sum(axis=1) == pytest.approx(np.ones(count), abs=1e-5)
    assert len(seen["mask_logits"]) == len(seen["detections"]["boxes"])


def test_proposals_are_refined_anchors_inside_the_picture(seen):
    refined = np.concatenate(seen["refined_anchors"])
    clipped = np.clip(refined, 0, [48, 64, 48, 64])
    for box in seen["proposals"][seen["proposals"].any(axis=1)]:
        assert np.abs(clipped - box).max(axis=1).min() < 1e-3


def test_detections_are_among_the_refined_proposals(model):
    """With one class and no padding, the box head's output is the refined box of that class, cut to the picture."""
    tiny = MaskRCNN(Config.preset("resnet18_fpn", **TINY | {"NUM_CLASSES": 2, "DETECTION_MIN_CONFIDENCE": 0.0}))
    seen = network_stages(tiny, gradient(64, 64))
    objects = seen["class_ids"] == 1
    clipped = np.clip(seen["refined_proposals"][objects], 0, 64)
    best = np.argsort(-seen["class_probs"][objects, 1])[:1]
    found = seen["detections"]["boxes"][: seen["detections"]["num_detections"]]
    for box in clipped[best]:
        assert np.abs(found - box).max(axis=1).min() < 1e-2


def test_given_proposals():
    given = dict(PROPOSALS="given", MASKS=False)
    model = MaskRCNN(Config.preset("resnet18_fpn", **TINY | given | {"NUM_CLASSES": 3}))
    seen = network_stages(model, gradient(24, 32), [(0, 0, 12, 16), (3, 4, 20, 30)])
    assert seen["proposals"][:2].tolist() == [[0, 0, 24, 32], [6, 8, 40, 60]]  # the picture is enlarged to 48 x 64
    assert "anchors" not in seen
    assert "mask_logits" not in seen


def test_boxes_that_end_at_their_last_pixel_are_given_by_their_edges():
    """And keypoint heads have stages, too."""
    settings = TINY | dict(BOX_CORNERS="pixel", NUM_CLASSES=2, NUM_KEYPOINTS=2, KEYPOINT_HEAD_CONVS=1)
    model = MaskRCNN(Config.preset("resnet18_fpn", **settings))
    seen = network_stages(model, gradient(64, 64))
    inputs = {"image": seen["image"][None].astype(np.float32), "image_size": np.array([[64, 64]], np.int32)}
    inside = model.inference_tensors("proposals", "anchors")(inputs)
    proposals = np.asarray(inside["proposals"])[0]
    real = proposals.any(axis=1)
    assert np.allclose(seen["proposals"][real] - proposals[real], [0, 0, 1, 1])
    assert not seen["proposals"][~real].any()
    assert np.allclose(seen["anchors"][0] - np.asarray(inside["anchors"][0]), [0, 0, 1, 1])
    assert len(seen["keypoint_logits"]) == len(seen["mask_logits"])


def test_feature_maps_show_the_channels_that_vary_most():
    values = np.zeros((4, 6, 3))
    values[0, 0, 2], values[0, 0, 0] = 9, 3
    figure = display_feature_maps([values, values[None, :2]], ["fine", "coarse"], channels=2)
    titles = [ax.get_title() for ax in figure.axes]
    assert titles == ["fine, 4 x 6: mean", "channel 2", "channel 0", "coarse, 2 x 6: mean", "channel 2", "channel 0"]
    assert np.asarray(figure.axes[0].images[0].get_array())[0, 0] == 4
    assert len(display_feature_maps(values).axes) == 4
    with pytest.raises(UserError, match="shape"):
        display_feature_maps([np.zeros((2, 4, 6, 3))])


def test_activations_say_what_is_dead_or_not_finite(seen):
    figure = display_activations({"dead": np.zeros((2, 3)), "lost": np.array([1, np.nan, 3]), "none": np.zeros(0)})
    titles = [ax.get_title().split("\n")[1] for ax in figure.axes if ax.get_title()]
    assert titles == ["mean 0, std 0, 100% zero", "mean 2, std 1, 0% zero, 1 not finite", "nothing"]
    figure = display_activations({name: seen[name] for name in ("pyramid", "class_logits", "detections")})
    names = [ax.get_title().split("\n")[0] for ax in figure.axes if ax.get_title()]
    assert names == [*(f"pyramid {i}" for i in range(5)), "class_logits"]
