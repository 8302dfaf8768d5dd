"""What all tests share: the folder of real pictures, and a tiny data set with a tiny trained model."""

import contextlib
import ctypes
import gc
import json
import os
import shutil
import sys
from collections import Counter
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:  # before TensorFlow: a worker has a core, and threads would wait for each other
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}

import hypothesis
import pytest
from PIL import Image

from mrcnn_keras.weights.fetch.download import locked
from tests.tiny import TINY, as_options

# No test may fail because the machine is busy.
slow_is_fine = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("any machine", deadline=None, suppress_health_check=slow_is_fine)
hypothesis.settings.load_profile("any machine")

SHARED = Path(__file__).resolve().parents[2] / "shared"


EXPORTS = {"saved", "saved_full", "thin_tflite"}  # of tests/export


def pytest_collection_modifyitems(items):
    """What needs a trained or exported model takes more than a few seconds; files with many such tests come first.

    Workers take file after file. If the long ones came last, one worker would run them while the others idle.
    """
    slow = Counter()
    for item in items:
        if {"trained", *EXPORTS} & {*getattr(item, "fixturenames", ())}:
            item.add_marker("slow")
        slow[item.path] += item.get_closest_marker("slow") is not None
    items.sort(key=lambda item: -slow[item.path])  # files with as many stay in their order


def pytest_collection_finish():
    """What imports have made stays: collecting garbage after each file need not look through it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _memory_is_given_back():
    """Hundreds of tests would need all memory.

    TensorFlow registers the custom gradient in which an optimizer adds up the replicas' gradients for ever, and with it
    the graph of the training step; models are reference cycles; and glibc keeps what was freed.
    """
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework import ops

        gradients = ops.gradient_registry._registry
        for name in [name for name in gradients if name.startswith("CustomGradient-")]:
            if _is_of_an_optimizer(gradients[name]["type"]):
                del gradients[name]
    grown = _memory() > _looked_through["at"] + 1e9
    if grown:
        gc.unfreeze()  # to look through what other files have left took an eighth of the time of all tests
    gc.collect()
    gc.freeze()
    if grown:
        if sys.platform == "linux":
            with contextlib.suppress(AttributeError):  # another C library
                ctypes.CDLL(None).malloc_trim(0)
        _looked_through["at"] = _memory()


_looked_through = {"at": 0}


def _memory():
    """Bytes of this process; more each time where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return _looked_through["at"] + 2e9


def _is_of_an_optimizer(function, depth=3):
    """Whether the function, or one that it holds, was made in TensorFlow's distribute_lib.py."""
    code = getattr(function, "__code__", None)
    if code is None or not depth:
        return False
    held = [cell.cell_contents for cell in function.__closure__ or ()]
    return code.co_filename.endswith("distribute_lib.py") or any(_is_of_an_optimizer(f, depth - 1) for f in held)


# Folders and files of tests whose models run or train for a few steps, to see files, words, order or the same figures
# twice. Oracles, exports, and what the default model learns by heart (tests/model/test_learning.py) run as users do.
FEW_STEPS = {"benchmarks", "cli", "docs", "model", "samples", "training"}


@pytest.fixture(scope="module", autouse=True)
def _graphs_are_run_as_made(request):
    """In FEW_STEPS: TensorFlow takes longer to optimise a graph than to run it so few times."""
    if not {request.path.parent.name, request.path.stem.removeprefix("test_")} & FEW_STEPS:
        yield
        return
    from mrcnn_keras.model import graphs_as_made

    with graphs_as_made():
        yield


@pytest.fixture(scope="session")
def shared():
    """The folder of real pictures and measured facts beside the checkout; tests that need it skip without it."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the folder ../shared with real pictures is absent")
    return SHARED


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """A function: name, function that fills a folder -> that folder, filled by the first worker that asks."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root

    def make(name, fill):
        folder, done = root / f"shared-{name}", root / f"shared-{name}.done"
        with locked(root / f"shared-{name}.lock", waiting=lambda: None):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of a worker that failed
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A page in Chromium, see tests/report/browser.py; tests that need it skip without it."""
    from tests.report.browser import CHROMIUM, Browser

    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def without_graphs():
    """Functions run op by op, see tests/graphs.py."""
    from tests.graphs import op_by_op

    with op_by_op():
        yield


@pytest.fixture(scope="session")
def tiny():
    """Settings of a tiny model, without the number of classes."""
    return dict(TINY)


@pytest.fixture(scope="session")
def tiny_options():
    """The same as options of `mrcnn train`."""
    return as_options(TINY)


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
def tiny_coco(write_coco, made_once):
    """A folder with train/ (6 pictures of 64 x 64) and valid/ (2), to be read only."""
    from mrcnn_keras.data.generated import ShapesDataset

    def write(folder):
        write_coco(folder / "train", ShapesDataset(count=6, image_size=(64, 64), seed=0))
        write_coco(folder / "valid", ShapesDataset(count=2, image_size=(64, 64), seed=1))

    return made_once("tiny-coco", write)


@pytest.fixture(scope="session")
def trained(tiny_coco, tiny_options, made_once):
    """The folder of `mrcnn train` on tiny_coco for 2 epochs of 3 steps, to be read only."""
    from mrcnn_keras.cli import main

    def train(folder):
        assert main(["train", str(tiny_coco), "--epochs", "2", "--out", str(folder / "run"), *tiny_options]) == 0

    return made_once("trained", train) / "run"
