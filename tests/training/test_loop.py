"""mk.train: what it writes, what stops it, and that an interrupted training continues where it stopped."""

import math
import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.data import Dataset, make_pipeline, training_order
from mrcnn_keras.data.generated import ShapesDataset
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.training import RunFolder, train
from mrcnn_keras.training.callbacks import Recorder

pytestmark = pytest.mark.slow

LOSS_NAMES = Config().loss_names()
RES = ("res2", "res3", "res4", "res5")
COUNTS = {"epoch", "step", "seconds", "learning_rate"}
LOSSES = {"loss", *LOSS_NAMES}
SCORES = {f"{kind}/{name}" for kind in ("bbox", "segm") for name in ("AP", "AP50", "AP75")}


@pytest.fixture(scope="module")
def shapes():
    """Six pictures: three steps per epoch."""
    return ShapesDataset(count=6, image_size=(64, 64), seed=0)


@pytest.fixture(scope="module")
def only_model(tiny):
    """One model for the module, since building its training step takes longer than running it."""
    model = MaskRCNN(Config.preset("resnet18_fpn", **tiny, NUM_CLASSES=4))
    model.compile()
    return model, [np.array(weight) for weight in model.weights]


@pytest.fixture
def model(only_model):
    """The model with its initial weights and no finished steps."""
    model, weights = only_model
    for weight, value in zip(model.weights, weights, strict=True):
        weight.assign(value)
    model.optimizer.iterations.assign(0)
    return model


def stop_after(steps):
    """A callback that presses Ctrl-C after this many steps."""
    steps_done = []

    def press(batch, logs):
        steps_done.append(batch)
        if len(steps_done) == steps:
            raise KeyboardInterrupt

    return keras.callbacks.LambdaCallback(on_train_batch_end=press)


def test_train_writes_all_files_of_a_run(trained):
    named = {"config.json", "best.keras", "last.keras", "metrics.csv", "curves.png", "report.html", "train.log"}
    assert {path.name for path in trained.iterdir()} == named | {"progress.json", "options.json"}
    rows = RunFolder(trained).rows()
    assert [(row["epoch"], row["step"]) for row in rows] == [(1, 3), (2, 6)]
    assert set(rows[-1]) == {*COUNTS, *LOSSES, *(f"val_{name}" for name in LOSSES), *SCORES}
    assert all(math.isfinite(value) for name, value in rows[-1].items() if name not in SCORES)
    for row in rows:
        assert row["loss"] == pytest.approx(sum(row[name] for name in LOSS_NAMES), rel=1e-4)
    last = MaskRCNN.load(trained / "last.keras")
    assert int(last.optimizer.iterations) == 6
    assert last.config == Config.load(trained / "config.json")
    assert last.config.CLASS_NAMES == ("BG", "circle", "square", "triangle")
    assert last.config.CATEGORY_IDS == (10, 20, 30)
    log = (trained / "train.log").read_text()
    assert "6 pictures, 2 per step, 3 steps per epoch, 2 epochs" in log
    assert "epoch 2: step 6, loss" in log
    assert (trained / "curves.png").read_bytes().startswith(b"\x89PNG")
    page = (trained / "report.html").read_text(encoding="utf-8")
    best = max(row["segm/AP"] for row in rows)
    assert float(re.search(r'data-key="segm/AP" data-value="([^"]+)"', page)[1]) == pytest.approx(best, rel=1e-5)
    assert page.count('"jpeg"') == 2


def test_ctrl_c_saves_and_resume_completes_the_training(model, shapes, tmp_path, capsys):
    out = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(model, shapes, epochs=2, out=out, callbacks=[stop_after(4)])
    assert "stopped at step 4; continue with resume" in capsys.readouterr().out
    assert RunFolder(out).so_far()["step"] == 4
    first = RunFolder(out).metrics.read_text()
    with pytest.raises(UserError, match="already holds a training"):
        train(model, shapes, epochs=2, out=out)
    with pytest.raises(UserError, match=r"was trained with other settings \(LEARNING_RATE\)"):
        train(MaskRCNN(model.config.replace(LEARNING_RATE=0.1)), shapes, epochs=2, out=out, resume=True)

    for weight in model.weights:  # everything comes from the file
        weight.assign(np.zeros(weight.shape))
    history = train(model, shapes, epochs=2, out=out, resume=True)
    assert int(model.optimizer.iterations) == int(MaskRCNN.load(out / "last.keras").optimizer.iterations) == 6
    assert history["step"] == [3, 6]
    assert set(history) == {*COUNTS, *LOSSES}
    assert RunFolder(out).metrics.read_text().startswith(first)
    # Without validation the best model is the last one.
    for best, last in zip(MaskRCNN.load(out / "best.keras").weights, model.weights, strict=True):
        np.testing.assert_array_equal(best, last)

    again = train(model, shapes, epochs=2, out=out, resume=True)
    assert again == history
    assert "has already been trained for 6 steps" in capsys.readouterr().out


def test_callbacks_get_validation_figures(model, shapes, tmp_path):
    seen = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(dict(logs)))
    validation = ShapesDataset(count=2, image_size=(64, 64), seed=1)
    history = train(model, shapes, validation, epochs=1, out=tmp_path, callbacks=[callback])
    assert set(seen[0]) == {*LOSSES, *(f"val_{name}" for name in LOSSES), *SCORES}
    assert history["val_loss"] == [pytest.approx(seen[0]["val_loss"], rel=1e-5)]
    assert (tmp_path / "best.keras").exists()


def test_callback_can_stop_the_training(model, shapes, tmp_path):
    stop = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", True))
    history = train(model, shapes, epochs=5, out=tmp_path, callbacks=[stop])
    assert history["step"] == [3]
    assert RunFolder(tmp_path).so_far()["step"] == 3


def test_timed_training_ends_with_a_learning_rate_near_zero(model, shapes, tmp_path):
    history = train(model, shapes, minutes=0.05, out=tmp_path)
    assert history["learning_rate"][-1] < 0.1 * model.config.LEARNING_RATE
    assert RunFolder(tmp_path).so_far()["step"] == history["step"][-1] == int(model.optimizer.iterations)


class Grey(Dataset):
    """Grey pictures, with an object in those of `showing`."""

    def __init__(self, count, showing=()):
        super().__init__()
        self.showing = showing
        for i, name in enumerate(("circle", "square", "triangle"), start=1):
            self.add_class("shapes", i, name)
        for i in range(count):
            self.add_image("grey", i, path=f"grey-{i}.png")

    def load_image(self, image_id):
        return np.full((64, 64, 3), 99, np.uint8)

    def load_mask(self, image_id):
        masks = np.zeros((64, 64, int(image_id in self.showing)), bool)
        masks[8:40, 8:40] = True
        return masks, np.ones(masks.shape[2], np.int32)


def test_train_on_pictures_without_objects(model, tmp_path):
    shown = training_order(Grey(4), model.config, 0).of_step(0, 2)  # these have no object
    data = Grey(4, showing={*range(4)} - {*shown})
    data.skip("picture 'x.png' is damaged; replace it")
    data.note("something odd", 1)
    history = train(model, data, Grey(1), epochs=1, steps_per_epoch=1, out=tmp_path)
    assert np.isfinite([history[name][0] for name in LOSSES]).all()
    assert history["mrcnn_mask_loss"] == [0]
    assert math.isnan(history["segm/AP"][0])
    assert (tmp_path / "best.keras").exists()
    log = (tmp_path / "train.log").read_text()
    assert "note: the validation data have no object to measure on: 1 picture with no annotation" in log
    assert "note: something odd: 1 (first in grey image 'grey-1.png')" in log
    assert "skipped: picture 'x.png' is damaged; replace it" in log


def test_train_refuses_data_without_an_object(model, tmp_path):
    with pytest.raises(UserError, match="no object to learn from: 4 pictures with no annotation; annotate single"):
        train(model, Grey(4), epochs=1, out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_training_refuses_classes_that_the_model_does_not_know(model, shapes, tmp_path):
    config = model.config.replace(CLASS_NAMES=("BG", "circle", "square", "cat"))
    message = "have the classes circle, square, triangle but the model has circle, square, cat; make a model"
    with pytest.raises(UserError, match=f"the training data {message}"):
        train(SimpleNamespace(config=config), shapes, out=tmp_path)
    with pytest.raises(UserError, match=f"the data {message}"):
        make_pipeline(shapes, config)
    assert not list(tmp_path.iterdir())


def test_batches_have_the_class_ids_of_the_models_names(model, shapes):
    def class_ids(*names):
        batches = make_pipeline(shapes, model.config.replace(CLASS_NAMES=("BG", *names)), training=False)
        return np.concatenate([batch["gt_class_ids"].numpy().ravel() for batch in batches]).tolist()

    ids = class_ids("circle", "square", "triangle")
    assert {1, 2, 3} <= {*ids}
    assert class_ids("triangle", "circle", "square") == [{0: 0, 1: 2, 2: 3, 3: 1}[i] for i in ids]


def test_non_finite_loss_is_reported_with_its_pictures(model, shapes, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(model, shapes, epochs=2, out=tmp_path, callbacks=[stop_after(3)])
    before = (tmp_path / "last.keras").read_bytes()

    def spoil(batch, logs):
        bias = model.get_layer("box_head").class_logits.bias
        bias.assign(np.full(bias.shape, np.nan))

    message = r"mrcnn_class_loss is not finite at step 4 \(shapes image 'shapes-0-\d\.png', .*lower LEARNING_RATE"
    with pytest.raises(UserError, match=message):
        train(
            model,
            shapes,
            epochs=2,
            out=tmp_path,
            resume=True,
            callbacks=[keras.callbacks.LambdaCallback(on_train_batch_begin=spoil)],
        )
    assert (tmp_path / "last.keras").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


class BrokenLater(Grey):
    """Its third picture cannot be read."""

    def load_image(self, image_id):
        if image_id == 2:
            raise UserError("picture 'grey-2.png' is damaged; replace it")
        return super().load_image(image_id)


def test_unreadable_picture_stops_the_training_with_its_message(model, tmp_path):
    with pytest.raises(UserError, match=r"^picture 'grey-2\.png' is damaged; replace it$"):
        train(model, BrokenLater(4, showing=[0]), epochs=1, out=tmp_path)
    assert RunFolder(tmp_path).last.exists()


def test_train_refuses_data_that_do_not_fit_the_model(model, shapes, tmp_path):
    with pytest.raises(UserError, match=r"4 classes with the background \(BG, circle, .* NUM_CLASSES is 81"):
        train(MaskRCNN(Config.preset("resnet18_fpn")), shapes, out=tmp_path)
    with pytest.raises(UserError, match="the training data contain no picture"):
        train(model, Grey(0), out=tmp_path)
    with pytest.raises(UserError, match="the validation data contain no picture"):
        train(model, shapes, Grey(0), out=tmp_path)
    other = Grey(1)
    other.class_info[1]["name"] = "cat"
    with pytest.raises(UserError, match="the validation data have the classes cat, square, triangle but the training"):
        train(model, shapes, other, out=tmp_path)
    for wrong in ({"epochs": 0}, {"minutes": 0}, {"minutes": math.inf}, {"steps_per_epoch": -1}):
        with pytest.raises(UserError, match="give a number above 0"):
            train(model, shapes, out=tmp_path, **wrong)
    assert not list(tmp_path.iterdir())


def test_new_training_starts_at_step_0_and_keeps_the_users_schedule(model, shapes, tmp_path):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.001, decay_steps=1, decay_rate=0.5)
    model.compile(keras.optimizers.SGD(schedule))
    model.optimizer.iterations.assign(50)  # as an earlier training leaves it
    model.stop_training = True
    history = train(model, shapes, epochs=1, steps_per_epoch=2, out=tmp_path)
    assert history["step"] == [2]
    assert history["learning_rate"] == [pytest.approx(0.001 / 4)]


def test_early_stopping_ends_the_training_and_is_not_resumed(model, shapes, tmp_path, monkeypatch, capsys):
    stopped = model.config.replace(EARLY_STOPPING=2)
    monkeypatch.setattr(model, "_config", stopped)
    scores = iter([0.2, 0.3, 0.3, 0.1, 0.2, 0.9])
    monkeypatch.setattr(Recorder, "evaluation_is_due", lambda self: True)
    monkeypatch.setattr(Recorder, "validate", lambda self: {"val_loss": 1.0, "segm/AP": next(scores)})
    history = train(model, shapes, shapes, epochs=9, steps_per_epoch=1, out=tmp_path)
    assert history["segm/AP"] == [0.2, 0.3, 0.3, 0.1, 0.2]
    assert "the AP has not risen for 2 evaluations (EARLY_STOPPING)" in (tmp_path / "train.log").read_text()
    assert int(MaskRCNN.load(tmp_path / "best.keras").optimizer.iterations) == 3
    assert RunFolder(tmp_path).so_far()["step"] == 5
    again = train(model, shapes, shapes, epochs=9, steps_per_epoch=1, out=tmp_path, resume=True)
    assert again["step"] == [1, 2, 3, 4, 5]
    assert "has ended, as the AP did not rise any more" in capsys.readouterr().out


def test_heads_alone_train_and_then_all(shapes, tiny, tmp_path, without_graphs):
    model = MaskRCNN(Config.preset("resnet18_fpn", **{**tiny, "BACKBONE_NORM": "bn"}, NUM_CLASSES=4))
    for layers, moved in (("heads", set()), ("5+", {"5"}), ("all", {"_", "2", "3", "4", "5"})):
        before = {weight.path: np.array(weight) for weight in model.weights}
        train(model, shapes, epochs=1, steps_per_epoch=1, layers=layers, out=tmp_path / layers)
        changed = {w.path for w in model.weights if not np.array_equal(w, before[w.path])}
        assert {path[3] if path.startswith("res") else "_" for path in changed if path[:4] in ("stem", *RES)} == moved
        assert any(path.startswith("rpn") for path in changed)
        assert any(path.startswith("fpn") for path in changed)
    with pytest.raises(UserError, match="layers = 'head': choose one of heads, 5\\+, 4\\+, 3\\+, all"):
        train(model, shapes, epochs=1, layers="head", out=tmp_path / "none")
