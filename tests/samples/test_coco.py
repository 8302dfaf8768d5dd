"""samples/coco: trains in stages, and its results are pycocotools'."""

import contextlib
import io
import json
import shutil

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from pycocotools.mask import area, toBbox

import mrcnn_keras as mk
from tests.blobs import BlobModel, blobs
from tests.samples.loading import SAMPLES, sample

COCO_SAMPLE = SAMPLES / "coco" / "coco.py"


@pytest.fixture
def coco(tiny_coco, tmp_path):
    """The tiny data set with COCO's names of files and folders."""
    folder = tmp_path / "coco"
    (folder / "annotations").mkdir(parents=True)
    for subset, name in {"train": "train2017", "valid": "val2017"}.items():
        shutil.copytree(tiny_coco / subset, folder / name)
        shutil.move(folder / name / "_annotations.coco.json", folder / "annotations" / f"instances_{name}.json")
    return folder


def test_coco_trains_in_stages(words, without_graphs, coco, trained, tmp_path, monkeypatch):
    stages, logs = sample(COCO_SAMPLE), tmp_path / "logs"
    monkeypatch.setattr(stages, "STAGES", {"heads": (1, 1), "all": (1, 0.1)})
    train, changed = mk.train, []

    def watched(model, *data, **given):
        before = [variable.numpy() for variable in model.network.backbone.weights]
        train(model, *data, **given)
        changed.append(not all(map(np.array_equal, before, model.network.backbone.weights)))

    monkeypatch.setattr(mk, "train", watched)
    model = trained / "best.keras"
    words(stages, "train", f"--dataset={coco}", f"--model={model}", f"--logs={logs}", "--steps=1")
    assert changed == [False, True]
    configs = [mk.Config.load(folder / "config.json") for folder in (trained, logs / "heads", logs / "all")]
    assert [config.LEARNING_RATE for config in configs] == [0.01, 0.01, 0.001]
    assert [config.RECIPE for config in configs] == ["scratch", "finetune", "finetune"]


def test_results_of_the_coco_sample_are_those_of_pycocotools(words, write_coco, tmp_path, monkeypatch, capsys):
    class ShortSighted(BlobModel):
        """Misses every third object."""

        def _found(self, image):
            found = super()._found(image)
            return found[np.arange(len(found)) % 3 > 0]

    class Blobs(mk.Dataset):
        def load_image(self, image_id):
            return blobs((96, 128), 9, seed=image_id, sides=(5, 14))

        def load_annotations(self, image_id):
            return BlobModel()._found(self.load_image(image_id))

    data = Blobs()
    for number in (1, 2):
        data.add_class("blobs", number, f"blob {number}")
        data.add_image("blobs", number, None)
    write_coco(tmp_path / "val2017", data)
    (tmp_path / "annotations").mkdir()
    truth = tmp_path / "annotations" / "instances_val2017.json"
    content = json.loads((tmp_path / "val2017" / "_annotations.coco.json").read_text())
    for entry in content["annotations"]:
        mask = entry["segmentation"]
        entry |= {"area": float(area(mask)), "bbox": toBbox(mask).tolist()}
    truth.write_text(json.dumps(content))
    monkeypatch.setattr(mk.MaskRCNN, "load", lambda path: ShortSighted())
    results = tmp_path / "results.json"
    words(sample(COCO_SAMPLE), "evaluate", f"--dataset={tmp_path}", f"--model={tmp_path}", f"--results={results}")
    printed = capsys.readouterr().out
    for kind in ("segm", "bbox"):
        with contextlib.redirect_stdout(io.StringIO()):
            annotated = COCO(str(truth))
            evaluation = COCOeval(annotated, annotated.loadRes(str(results)), kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        assert 0.2 < evaluation.stats[0] < 0.8
        assert f"{kind + '/AP':24} {evaluation.stats[0]:.3f}" in printed
