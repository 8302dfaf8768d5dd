"""samples/web: what the page shows and gives to download, with and without Gradio."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.data import load_dataset
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError

FOLDER = Path(__file__).resolve().parents[2] / "samples" / "web"
NAMES = ["BG", "cat", "street lamp"]


@pytest.fixture
def web(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    return importlib.import_module("web_page")


def find(picture):
    """What is brighter than 100, and with a lower score what is darker; a stand-in for a model."""
    bright = picture.max(axis=2) > 100
    return Detections.from_masks(np.dstack([bright, ~bright]), [2, 1], [0.9, 0.3])


@pytest.fixture
def photograph(tmp_path):
    """20 x 30 pixels as it stands upright; stored lying, as a telephone does. The lamp is 4 x 3 pixels at (5, 10)."""
    picture = np.full((20, 30, 3), 20, np.uint8)
    picture[5:9, 10:13] = 200
    exif = Image.Exif()
    exif[274] = 6  # turn it right to see it
    path = tmp_path / "my street.png"
    Image.fromarray(np.rot90(picture)).save(path, exif=exif)
    return path


def test_a_photograph_is_upright_and_its_labels_are_read_by_the_package(web, photograph):
    picture = web.read_photograph(photograph)
    assert picture.shape == (20, 30, 3)
    found = find(picture).above(0.5)
    assert web.table_of(found, NAMES) == [[1, "street lamp", 0.9, 10, 5, 3, 4, 12]]
    labels = photograph.with_suffix(".json")
    labels.write_text(json.dumps(web.labels_of(found, NAMES, photograph.name)))
    data = load_dataset(labels)
    assert data.class_names == NAMES
    image, truth = data.load_example(0)
    assert np.array_equal(image, picture)
    assert np.array_equal(truth.masks, found.masks)


def test_nothing_found_is_an_empty_table_and_no_annotations(web):
    nothing = Detections.empty((20, 30))
    assert web.table_of(nothing, NAMES) == []
    labels = web.labels_of(nothing, NAMES, "a.png")
    assert (labels["annotations"], len(labels["categories"])) == ([], 2)


def test_what_is_no_picture_or_too_large_is_refused_in_a_sentence(web, photograph, tmp_path):
    with pytest.raises(UserError, match=r"street.png has 20 x 30 pixels; give at most 0.0005 megapixels"):
        web.read_photograph(photograph, megapixels=0.0005)
    for name, content in {"a.png": b"hello", "cut.png": photograph.read_bytes()[:60], "empty.jpg": b""}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=rf"^{name} is not a picture that can be read"):
            web.read_photograph(tmp_path / name)


def test_a_run_and_a_saved_model_are_opened(web, tmp_path, monkeypatch):
    import tensorflow as tf

    def served(images):
        masks = tf.ones([1, 2, 3, 3]) * tf.reduce_max(tf.cast(images, tf.float32)) / 255
        boxes = tf.constant([[[5.0, 10, 9, 13], [0, 0, 0, 0]]])
        found = {"boxes": boxes, "mask_boxes": boxes, "class_ids": tf.constant([[2, 0]]), "masks": masks}
        return found | {"scores": tf.constant([[0.75, 0]]), "num_detections": tf.constant([1])}

    module = tf.Module()
    module.served = tf.function(served, input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
    tf.saved_model.save(module, str(tmp_path / "1"), {"serving_default": module.served})
    with pytest.raises(UserError, match="has no names of classes"):
        web.open_model(tmp_path / "1")
    (tmp_path / "1" / "assets" / "class_names.txt").write_text("\n".join(NAMES))
    answer, names = web.open_model(tmp_path / "1")
    assert names == NAMES
    assert web.table_of(answer(np.full((20, 30, 3), 255, np.uint8)), names) == [
        [1, "street lamp", 0.75, 10, 5, 3, 4, 12]
    ]

    model = SimpleNamespace(class_names=(), config=SimpleNamespace(NUM_CLASSES=3), detect=lambda pictures: pictures)
    opener = SimpleNamespace(load=lambda place: model if place == tmp_path else None)
    monkeypatch.setattr(web, "mk", SimpleNamespace(MaskRCNN=opener))
    answer, names = web.open_model(str(tmp_path))
    assert (answer("picture"), names) == ("picture", ["BG", "class 1", "class 2"])


@pytest.fixture
def address(web, tmp_path):
    """The page on a port of this computer."""
    pytest.importorskip("gradio", reason='Gradio is not installed: pip install "mrcnn_keras[web]"')
    page = web.make_page(find, NAMES, tmp_path)
    yield web.start(page, "127.0.0.1", None, wait=False)
    page.close()


def test_the_page_answers_over_http(web, address, photograph, tmp_path):
    from gradio_client import Client, handle_file

    client = Client(address, verbose=False)
    client.predict(handle_file(photograph), api_name="/look")
    drawn, table, labels = client.predict(0.5, api_name="/show")
    assert Image.open(drawn).size == (30, 20)
    assert table["data"] == [[1, "street lamp", 0.9, 10, 5, 3, 4, 12]]
    assert len(json.loads(Path(labels["value"]).read_text())["annotations"]) == 1
    assert len(client.predict(0.1, api_name="/show")[1]["data"]) == 2  # the slider, of the same photograph
    (tmp_path / "large.png").write_bytes(bytes(web.MEGABYTES * 2**20 + 1))
    with pytest.raises(Exception, match="(?i)size|large"):
        client.predict(handle_file(tmp_path / "large.png"), api_name="/look")
    cut = tmp_path / "cut.png"
    cut.write_bytes(photograph.read_bytes()[:-30])
    with pytest.raises(Exception, match="cut.png is not a picture that can be read"):
        client.predict(handle_file(cut), api_name="/look")
