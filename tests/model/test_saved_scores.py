"""The best score of each class, in the file of a model and in `detect`."""

import shutil
import types
import zipfile

import numpy as np
import pytest

import mrcnn_keras as mk
from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import lowest_scores, save_class_min_scores

SCORES = (0.25, 0.5, 0.125)


@pytest.fixture
def file(trained, tmp_path):
    return shutil.copy(trained / "best.keras", tmp_path / "mine.keras")


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def test_only_the_setting_changes(file):
    before = parts(file)
    assert save_class_min_scores(file, SCORES) == file
    after = parts(file)
    assert list(after) == list(before)
    assert {name for name in after if after[name] != before[name]} == {"config.json"}
    model = mk.MaskRCNN.load(file)
    assert model.config.CLASS_MIN_SCORES == SCORES
    assert model.config.replace(CLASS_MIN_SCORES=()).to_dict()["NUM_CLASSES"] == 4
    assert mk.MaskRCNN.load(file, DETECTION_MIN_CONFIDENCE=0.2).config.CLASS_MIN_SCORES == SCORES


def test_the_folder_of_a_training_is_its_best_model(file, tmp_path):
    (tmp_path / "run").mkdir()
    best = shutil.move(file, tmp_path / "run" / "best.keras")
    assert save_class_min_scores(tmp_path / "run", SCORES) == best
    save_class_min_scores(tmp_path / "run", ())
    assert b'"CLASS_MIN_SCORES": []' in parts(best)["config.json"]


def test_what_cannot_be_saved_leaves_the_file_as_it_was(file, tmp_path):
    before = file.read_bytes()
    with pytest.raises(UserError, match="CLASS_MIN_SCORES has 2 scores but there are 3 classes besides the background"):
        save_class_min_scores(file, (0.5, 0.5))
    with pytest.raises(UserError, match="must lie between 0 and 1"):
        save_class_min_scores(file, (0.5, 0.5, 50))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["mine.keras"]
    with pytest.raises(UserError, match="weights.pth is not a .keras file"):
        save_class_min_scores(tmp_path / "weights.pth", SCORES)


def test_the_scores_belong_to_the_classes():
    config = mk.Config(NUM_CLASSES=3, CLASS_NAMES=("BG", "a", "b"), CLASS_MIN_SCORES=(0.5, 0.25))
    assert config.replace(BATCH_SIZE=1).CLASS_MIN_SCORES == (0.5, 0.25)
    assert config.replace(CLASS_NAMES=("BG", "b", "a")).CLASS_MIN_SCORES == ()
    assert config.replace(NUM_CLASSES=2).CLASS_MIN_SCORES == ()


def test_limits_of_classes():
    config = mk.Config(NUM_CLASSES=3, CLASS_MIN_SCORES=(0.5, 0.25))
    assert lowest_scores(config, "best").tolist() == [1, 0.5, 0.25]
    assert lowest_scores(config, 0.75).tolist() == [0.75] * 3
    with pytest.raises(UserError, match="the best scores of this model are not known; `mrcnn evaluate MODEL DATA"):
        lowest_scores(config.replace(CLASS_MIN_SCORES=()), "best")


class Found:
    """A network that finds classes 1, 2, 3, 1, 2, 3 with scores 0.1, 0.2, ... 0.6."""

    asked = None

    def each(self, pictures, min_score, batch_size):
        self.asked = min_score
        scores = np.linspace(0.1, 0.6, 6).astype(np.float32)
        for _ in pictures:
            found = Detections((8, 8), [[0, 0, 4, 4]] * 6, [1, 2, 3, 1, 2, 3], scores, None)
            yield found.above(min_score)


def test_detect_takes_the_best_score_of_each_class(file, monkeypatch):
    save_class_min_scores(file, (0.4, 0.5, 0.35))
    model, found = mk.MaskRCNN.load(file), Found()
    monkeypatch.setitem(vars(model), "_detector", found)
    picture = np.zeros((8, 8, 3), np.uint8)
    [best] = model.detect([picture], "best")
    assert found.asked == 0.35
    assert best.class_ids.tolist() == [1, 2, 3]
    assert best.scores.tolist() == pytest.approx([0.4, 0.5, 0.6])
    assert [len(one) for one in model.detect_each([picture] * 2, min_score="best")] == [3, 3]
    assert len(model.detect([picture], 0.3)[0]) == 4
    with pytest.raises(UserError, match="'better' is not a lowest score"):
        model.detect([picture], "better")


def test_a_training_forgets_the_scores_of_the_weights_before(file, monkeypatch):
    from mrcnn_keras.model import strict_model

    save_class_min_scores(file, SCORES)
    model, seen = mk.MaskRCNN.load(file), []
    monkeypatch.setattr(strict_model, "complete_fit", lambda *_: None)
    monkeypatch.setattr(strict_model.keras.Model, "fit", lambda self, *_, **__: seen.append(self.config))
    model.fit(types.SimpleNamespace(), epochs=1)
    assert seen[0].CLASS_MIN_SCORES == model.config.CLASS_MIN_SCORES == ()
