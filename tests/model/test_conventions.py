"""The conventions of published checkpoints in a whole model: what they promise of its outputs."""

import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.export import saved_model
from mrcnn_keras.export.checking import check, summarize
from mrcnn_keras.ops import images as image_ops

pytestmark = pytest.mark.slow  # each kind of model takes some seconds to be made

NOT_OF_CONVENTIONS = {"PRESET", "NUM_CLASSES", "CLASS_NAMES", "CATEGORY_IDS", "BACKBONE", "IMAGE_MAX_DIM"}


def photograph(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def network_inputs(model, image):
    """What `answer` gives to the network."""
    config = model.config
    sizes = image_ops.plan_resize(*image.shape[:2], **config.resize_options())
    image = image_ops.resize_images(image[None], *sizes, config.resize_method())
    return {"image": image, "image_size": sizes[0][None]}


@pytest.fixture(scope="module")
def with_conventions(small_model):
    """A function: name of a preset -> a small model that follows its conventions and is sure of anything."""
    made = {}

    def make(preset):
        if preset not in made:
            plain, theirs = Config().to_dict(), Config.preset(preset).to_dict()
            differ = {name: value for name, value in theirs.items() if value != plain[name]}
            own = {name: value for name, value in differ.items() if name not in NOT_OF_CONVENTIONS}
            own |= {"BACKBONE_NORM": "gn", "DETECTION_MIN_CONFIDENCE": 0.01}
            own |= {"IMAGE_MAX_DIM": 128, "IMAGE_PAD_MULTIPLE": 64, "PRE_NMS_LIMIT_INFERENCE": 50, "ROI_LEVEL_SIZE": 20}
            made[preset] = small_model(**own)
        return made[preset]

    return make


@pytest.mark.parametrize("preset", ["matterport", "torchvision_v2", "detectron2_r50_fpn"])
@pytest.mark.parametrize("size", [(50, 40), (1, 1), (3, 200), (301, 150)])
def test_detections_lie_inside_the_photograph_and_have_an_area(preset, size, with_conventions):
    (found,) = with_conventions(preset).detect([photograph(*size)])
    assert found.masks.shape == (*size, len(found))
    assert (found.boxes >= 0).all()
    assert (found.boxes[:, 2:] <= size).all()
    assert (found.boxes[:, 2:] > found.boxes[:, :2]).all()
    assert (np.diff(found.scores) <= 0).all()
    if size == (50, 40):
        assert len(found) > 0


@pytest.mark.parametrize("preset", ["matterport", "torchvision_v2", "detectron2_r50_fpn"])
def test_saved_model_follows_the_conventions(preset, with_conventions, tmp_path):
    """Resizing, paste and the other rules of each project are in the graph."""
    model = with_conventions(preset)
    path = saved_model(model, tmp_path / "served" / "1")
    figures = summarize(check(model, path, [photograph(50, 40), photograph(75, 110), np.zeros((9, 40, 3), np.uint8)]))
    assert figures["matched"] >= 10
    assert figures["equal"], figures


def test_boxes_of_matterport_are_whole_pixels(with_conventions):
    (found,) = with_conventions("matterport").detect([photograph(50, 40)])
    np.testing.assert_array_equal(found.boxes, np.round(found.boxes))


def test_a_box_that_rounding_empties_is_dropped(with_conventions):
    # 64 network pixels are one of the photograph: boxes of less than half of it begin and end at the same edge.
    model = with_conventions("matterport")
    answer = {name: value.numpy()[0] for name, value in model.answer(photograph(1, 2)[None]).items()}
    network = model.inference_tensors("detections")(network_inputs(model, photograph(1, 2)))["detections"]
    count, before = answer["num_detections"], network["num_detections"].numpy()[0]
    assert 0 < count < before
    sides = answer["boxes"][:, 2:] - answer["boxes"][:, :2]
    assert (sides[:count] > 0).all()
    for name in ("boxes", "class_ids", "scores", "masks"):
        assert not answer[name][count:].any(), name
    assert (answer["class_ids"][:count] > 0).all()


def test_padding_of_matterport_is_black_on_all_sides(with_conventions):
    model = with_conventions("matterport")
    image = np.full((40, 40, 3), 255, np.uint8)
    image = np.concatenate([image, image], axis=1)  # twice as wide as high: 32 rows free above and below
    tensors = model.inference_tensors("normalized", "window")(network_inputs(model, image))
    normalized = tensors["normalized"].numpy()[0]
    mean = np.array(model.config.MEAN_PIXEL, np.float32)
    assert normalized.shape == (128, 128, 3)
    np.testing.assert_allclose(normalized[[0, 31, 96, 127]], np.broadcast_to(-mean, (4, 128, 3)), rtol=1e-6)
    np.testing.assert_allclose(normalized[64, 64], 255 - mean, rtol=1e-6)
    windows = {name: value.numpy()[0].tolist() for name, value in tensors["window"].items()}
    assert windows == {"pixels": [32, 0, 96, 128], "picture": [32, 0, 95, 127], "network": [0, 0, 127, 127]}


@pytest.mark.parametrize("preset", ["matterport", "torchvision_v2"])
def test_pictures_of_a_batch_have_the_same_detections_as_alone(preset, with_conventions):
    model = with_conventions(preset)
    images = np.stack([photograph(50, 40, seed) for seed in (0, 1)])
    together = model.answer(images)
    for index in (0, 1):
        alone = model.answer(images[index : index + 1])
        for name, value in alone.items():
            np.testing.assert_allclose(value[0], together[name][index], atol=1e-3, err_msg=name)
