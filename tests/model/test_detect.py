"""The inference mode and detect: any number of photographs, of any sizes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError


@pytest.fixture(scope="module")
def finder(small_model):
    """A model that detects something in each of the pictures below, right or wrong."""
    return small_model(DETECTION_MIN_CONFIDENCE=0.01)


def photograph(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def assert_same(some, others, tolerance=1e-4):
    """The same up to rounding: oneDNN adds up a batch of another size in another order."""
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert one.size == other.size
        assert one.class_ids.tolist() == other.class_ids.tolist()
        np.testing.assert_allclose(one.boxes, other.boxes, atol=tolerance)
        np.testing.assert_allclose(one.scores, other.scores, atol=tolerance)
        assert np.mean(one.masks != other.masks) <= tolerance


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3), (64, 64), (40, 50), (301, 200)])
def test_photographs_of_any_size(size, finder):
    (found,) = finder.detect([photograph(*size)])
    assert isinstance(found, Detections)
    assert found.size == size
    assert found.masks.shape == (*size, len(found))
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, 2:] <= size).all()
    assert set(found.class_ids.tolist()) <= {1, 2}
    assert (np.diff(found.scores) <= 0).all()
    assert len(found) <= 10


def test_detections_of_several_photographs_are_in_their_order(finder):
    images = [photograph(30, 60), photograph(64, 64, 1), photograph(100, 20, 2)]
    together = finder.detect(images)
    assert len(together[1]) > 0
    assert_same(together, [finder.detect([image])[0] for image in images])
    assert_same(finder.detect(iter(images)), together)


def test_no_photographs(finder):
    assert finder.detect([]) == []


def test_an_array_of_photographs_of_one_size(finder):
    images = np.stack([photograph(50, 40, seed) for seed in (0, 1)])
    assert_same(finder.detect(images), finder.detect(list(images)))


def test_grey_and_transparent_photographs(finder):
    grey = photograph(50, 40)[..., :1]
    (expected,) = finder.detect([np.repeat(grey, 3, axis=2)])
    assert_same(finder.detect([grey, grey[..., 0]]), [expected, expected])
    alpha = np.concatenate([photograph(50, 40), np.zeros((50, 40, 1), np.uint8)], axis=2)
    assert_same(finder.detect([alpha]), finder.detect([photograph(50, 40)]))


def test_a_pillow_image_and_floats_are_the_same_photograph(finder):
    image = photograph(50, 40)
    (expected,) = finder.detect([image])
    assert_same(finder.detect([Image.fromarray(image), image.astype(np.float32)]), [expected, expected])
    palette = Image.fromarray(image).quantize(64)
    assert_same(finder.detect([palette]), finder.detect([np.asarray(palette.convert("RGB"))]))


def test_min_score_drops_lower_scores(finder):
    (found,) = finder.detect([photograph(64, 64)])
    middle = float(np.median(found.scores))
    (above,) = finder.detect([photograph(64, 64)], min_score=middle)
    assert 0 < len(above) < len(found)
    assert_same([above], [found[found.scores >= middle]])
    assert len(finder.detect([photograph(64, 64)], min_score=1.1)[0]) == 0
    for score in (50, "0.5"):
        with pytest.raises(UserError, match="is not a lowest score; scores are numbers from 0 to 1"):
            finder.detect([photograph(64, 64)], min_score=score)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (photograph(8, 8), r"one picture of shape \(8, 8, 3\); give a list"),
        (photograph(8, 8)[..., 0], "one picture of shape"),
        ([photograph(8, 8), photograph(8, 8)[..., :2]], r"picture 1 has shape \(8, 8, 2\)"),
        ([np.zeros((0, 4, 3), np.uint8)], r"picture 0 has shape \(0, 4, 3\)"),
        ([np.zeros((2, 8, 8, 3), np.uint8)], r"picture 0 has shape \(2, 8, 8, 3\)"),
        ([photograph(8, 8) / 255], "picture 0 has type float64; give uint8 0..255"),
        (["photograph.jpg"], "picture 0 is 'photograph.jpg'"),
        ("photograph.jpg", "picture 0 is 'photograph.jpg'; give its pixels"),
        (Path("photograph.jpg"), "picture 0 is 'photograph.jpg'"),
        ([photograph(8, 8), None], "picture 1 is None: its file was not read"),
        (tf.zeros([8, 8, 3], tf.uint8), r"one picture of shape \(8, 8, 3\)"),
    ],
)
def test_detect_refuses_other_things_than_photographs(images, message, finder):
    with pytest.raises(UserError, match=message):
        finder.detect(images)


def test_threads_get_the_same_detections_as_one_after_the_other(small_model, finder):
    fresh = small_model(DETECTION_MIN_CONFIDENCE=0.01)  # its graph is made by whichever thread is first
    images = [photograph(30 + 3 * i, 60 - 2 * i, i) for i in range(12)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda image: fresh.detect([image])[0], images))
    assert_same(found, finder.detect(images))


def inputs(*seeds):
    images = np.stack([photograph(64, 64, seed) for seed in seeds]).astype(np.float32)
    return {"image": images, "image_size": np.array([[64, 48]] * len(seeds), np.int32)}


def test_a_batch_has_the_same_outputs_as_its_pictures_alone(finder):
    together = finder.inference.predict(inputs(0, 1), verbose=0)
    for index in (0, 1):
        alone = finder.inference.predict(inputs(index), verbose=0)
        assert alone["num_detections"][0] == together["num_detections"][index] > 0
        for name, value in alone.items():
            np.testing.assert_allclose(value[0], together[name][index], atol=1e-4, err_msg=name)


def test_outputs_of_inference_are_network_pixels_within_the_real_part(finder):
    found = finder.predict(inputs(0), verbose=0)
    shapes = {name: value.shape for name, value in found.items()}
    assert shapes == {
        "boxes": (1, 10, 4),
        "class_ids": (1, 10),
        "scores": (1, 10),
        "num_detections": (1,),
        "masks": (1, 10, 14, 14),
    }
    assert (found["boxes"] <= [64, 48, 64, 48]).all()
    assert found["boxes"].max() > 40
    assert ((found["masks"] >= 0) & (found["masks"] <= 1)).all()


def test_the_proposals_can_be_asked_for(finder):
    layer = finder.inference.get_layer("proposals")
    proposals = keras.Model(finder.inference.inputs, layer.output)(inputs(0)).numpy()
    assert proposals.shape == (1, 20, 4)
    assert (proposals <= [64, 48, 64, 48]).all()


def test_both_modes_have_the_same_layers(finder):
    assert {id(weight) for weight in finder.inference.weights} <= {id(weight) for weight in finder.weights}
    for name in ("resnet18", "fpn", "rpn", "box_head", "mask_head"):
        assert finder.inference.get_layer(name) is finder.get_layer(name)
    assert finder.inference is finder.inference


def test_no_detections_at_all(small_model):
    model = small_model(DETECTION_MIN_CONFIDENCE=1.0)
    (found,) = model.detect([photograph(20, 30)])
    assert len(found) == 0
    assert found.masks.shape == (20, 30, 0)
    answer = model.inference(inputs(0))  # without a graph as well
    assert answer["num_detections"].numpy().tolist() == [0]
    assert answer["masks"].shape == (1, 10, 14, 14)


def test_intermediate_tensors_of_the_inference_mode_by_name(finder):
    images = {"image": photograph(64, 64)[None].astype(np.float32), "image_size": np.array([[64, 64]], np.int32)}
    tensors = finder.inference_tensors("stages", "pyramid", "proposals", "detections")(images)
    assert [stage.shape[1] for stage in tensors["stages"]] == [16, 8, 4, 2]
    assert [level.shape[1] for level in tensors["pyramid"]] == [16, 8, 4, 2, 1]
    found = finder.inference(images)
    np.testing.assert_array_equal(tensors["detections"]["boxes"], found["boxes"])
    with pytest.raises(UserError, match="no tensor 'pyramids'.*pyramid"):
        finder.inference_tensors("pyramids")
