"""What all tests share: the folder of real pictures, and a tiny data set with a tiny trained model."""

import contextlib
import ctypes
import gc
import json
import shutil
import sys
from pathlib import Path

import hypothesis
import pytest
from PIL import Image

# No test may fail because the machine is busy.
slow_is_fine = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("any machine", deadline=None, suppress_health_check=slow_is_fine)
hypothesis.settings.load_profile("any machine")

SHARED = Path(__file__).resolve().parents[2] / "shared"

# A model that is made, trained for a few steps and saved in seconds.
TINY = dict(
    BATCH_SIZE=2,
    IMAGE_MIN_DIM=64,
    IMAGE_MAX_DIM=64,
    BACKBONE_NORM="frozen_bn",  # half the time to make the graph
    HEAD_NORM="none",
    TOP_DOWN_PYRAMID_SIZE=32,
    FPN_CLASSIF_FC_LAYERS_SIZE=32,
    MASK_HEAD_CHANNELS=16,
    MASK_HEAD_CONVS=1,
    MASK_POOL_SIZE=7,
    MINI_MASK_SHAPE=(14, 14),
    RPN_ANCHOR_SCALES=(8, 16, 32, 64, 128),
    TRAIN_ROIS_PER_IMAGE=16,
    PRE_NMS_LIMIT_TRAINING=50,
    PRE_NMS_LIMIT_INFERENCE=50,
    POST_NMS_ROIS_TRAINING=50,
    POST_NMS_ROIS_INFERENCE=20,
    DETECTION_MAX_INSTANCES=10,
    OPTIMIZER="sgd",
    LEARNING_MOMENTUM=0.0,  # so that files of the model hold no more than its weights
    LEARNING_RATE=0.01,
)


def pytest_collection_modifyitems(items):
    """What needs the trained model takes more than a few seconds."""
    for item in items:
        if "trained" in getattr(item, "fixturenames", ()):
            item.add_marker("slow")


@pytest.fixture(scope="module", autouse=True)
def _memory_is_given_back():
    """Models are circles of references, and glibc keeps what was freed: hundreds of tests would need all memory."""
    yield
    gc.collect()
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="session")
def shared():
    """The folder of real pictures and measured facts beside the checkout; tests that need it skip without it."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the folder ../shared with real pictures is absent")
    return SHARED


@pytest.fixture(scope="session")
def tiny():
    """Settings of a tiny model, without the number of classes."""
    return dict(TINY)


@pytest.fixture(scope="session")
def tiny_options():
    """The same as options of `mrcnn train`; the tuples as lists."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in TINY.items()}
    return [word for name, value in values.items() for word in ("--set", f"{name}={value}")]


@pytest.fixture(scope="session")
def write_coco():
    """A function: folder, Dataset -> the folder, with its pictures as 1.png, 2.png, ... and a COCO file beside them.

    The category ids are 10, 20, 30, ...
    """

    def write(folder, dataset):
        folder.mkdir(parents=True, exist_ok=True)
        content = {"images": [], "annotations": []}
        content["categories"] = [{"id": 10 * i, "name": name} for i, name in enumerate(dataset.class_names) if i]
        for image_id, name in enumerate((f"{i + 1}.png" for i in dataset.image_ids), start=1):
            image, found = dataset.load_example(image_id - 1)
            Image.fromarray(image).save(folder / name)
            height, width = found.size
            content["images"].append({"id": image_id, "file_name": name, "height": height, "width": width})
            for class_id, rle in zip(found.class_ids.tolist(), found.rle(), strict=True):
                place = {"id": len(content["annotations"]) + 1, "image_id": image_id, "iscrowd": 0}
                content["annotations"].append({**place, "category_id": 10 * class_id, "segmentation": rle})
        (folder / "_annotations.coco.json").write_text(json.dumps(content))
        return folder

    return write


@pytest.fixture(scope="session")
def tiny_coco(write_coco, tmp_path_factory):
    """A folder with train/ (6 pictures of 64 x 64) and valid/ (2), to be read only."""
    from mrcnn_keras.data.generated import ShapesDataset

    folder = tmp_path_factory.mktemp("tiny-coco")
    write_coco(folder / "train", ShapesDataset(count=6, image_size=(64, 64), seed=0))
    write_coco(folder / "valid", ShapesDataset(count=2, image_size=(64, 64), seed=1))
    return folder


@pytest.fixture(scope="session")
def trained(tiny_coco, tiny_options, tmp_path_factory):
    """The folder of `mrcnn train` on tiny_coco for 2 epochs of 3 steps, to be read only."""
    from mrcnn_keras.cli import main

    folder = tmp_path_factory.mktemp("trained")
    assert main(["train", str(tiny_coco), "--epochs", "2", "--out", str(folder / "run"), *tiny_options]) == 0
    yield folder / "run"
    shutil.rmtree(folder)
