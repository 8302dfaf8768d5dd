"""The same commands in seconds: thin networks, small pictures, one step of training, and nothing done three times."""

import concurrent.futures
import contextlib
import copy
import functools
import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import tensorflow as tf

import mrcnn_keras as mk
from mrcnn_keras.cli import detect, export, export_check, main, train
from mrcnn_keras.config import Config
from mrcnn_keras.export import readers, to_onnx
from mrcnn_keras.model import model_file
from mrcnn_keras.training import RunFolder
from mrcnn_keras.training.schedule import finished_steps
from tests import tiny
from tests.model.loading import THIN

# The channels are those of the published weights in tests/weights/maps/thin_files.py.
PRESETS = {
    **THIN,
    "BOX_HEAD_CHANNELS": 12,
    "MASK_HEAD_CHANNELS": 12,
    "KEYPOINT_HEAD_CONVS": 2,
    "KEYPOINT_HEAD_CHANNELS": 10,
}
# Presets for training from scratch: normalisation that takes half the time, and is possible with so few channels.
NORMS = dict(BACKBONE_NORM="frozen_bn", HEAD_NORM="none")
# These also where a sample has its own values.
ALWAYS = {
    **{name: tiny.FAST[name] for name in tiny.FAST if name != "RPN_ANCHOR_SCALES"},
    **dict(BACKBONE_WIDTH=8, BATCH_SIZE=2, TRAIN_ROIS_PER_IMAGE=8, MINI_MASK_SHAPE=(14, 14), EVALUATION_IMAGES=2),
    **{name: tiny.TINY[name] for name in ("OPTIMIZER", "LEARNING_MOMENTUM")},  # files without moments: half as large
}
MEASURED = 2  # pictures


def make_small(monkeypatch, camera):
    """Replaces sizes and processes; camera: a film that stands in for cameras and streams."""
    replace = monkeypatch.setattr
    replace(Config, "preset", classmethod(functools.partial(_thin_preset, Config.preset.__func__)))
    trained = functools.partial(_one_step, mk.train)
    for module in (mk, train):
        replace(module, "train", trained)
    evaluate = mk.evaluate
    replace(mk, "evaluate", lambda model, data, *more, **own: evaluate(model, data, limit=MEASURED))
    replace(RunFolder, "draw_curves", _draws_once(RunFolder.draw_curves))
    replace(RunFolder, "save_model", _saves_once(RunFolder.save_model))
    for module in (detect, export):
        replace(module, "load_model", _loads_once(module.load_model))
    replace(to_onnx, "_convert", _converts_once(to_onnx._convert))
    _run_here(replace)
    real = cv2.VideoCapture
    away = lambda source: isinstance(source, int) or str(source).startswith("rtsp://")  # noqa: E731
    replace(cv2, "VideoCapture", lambda source, *more: real(str(camera) if away(source) else source, *more))


def make_scripts_small(monkeypatch):
    """The sizes of ALWAYS also where a script replaces settings."""
    replace = Config.replace
    small = lambda own: {name: ALWAYS.get(name, value) for name, value in own.items()}  # noqa: E731
    monkeypatch.setattr(Config, "replace", lambda config, **own: replace(config, **small(own)))


def _thin_preset(preset, cls, name, **own):
    norms = NORMS if name in ("resnet18_fpn", "mobilenet_fpn") else {}
    return preset(cls, name, **{**PRESETS, **norms, **own, **ALWAYS})


def _one_step(train, *given, **options):
    options.pop("minutes", None)
    return train(*given, **{**options, "epochs": 1, "steps_per_epoch": 1})


def _run_here(replace):
    """No processes of their own, and no graphs but those that are exported."""
    for name, write in export.EXPORTERS.items():
        once = _exports_once(_with_graphs(write))
        replace(mk.export, write.__name__, once)
        replace(export, "EXPORTERS", {**export.EXPORTERS, name: once})
    replace(export_check, "reader_process", _reader_here)
    run = subprocess.run
    is_ours = lambda words: Path(words[0]).name == "mrcnn"  # noqa: E731
    done = lambda words: subprocess.CompletedProcess(words, main([*words[1:]]))  # noqa: E731
    replace(subprocess, "run", lambda words, **own: done(words) if is_ours(words) else run(words, **own))
    replace(concurrent.futures, "ProcessPoolExecutor", PoolHere)
    replace(tf.config.threading, "set_intra_op_parallelism_threads", lambda count: None)


def _with_graphs(write):
    @functools.wraps(write)
    def with_graphs(*given, **options):
        eager = tf.config.functions_run_eagerly()
        tf.config.run_functions_eagerly(False)
        try:
            return write(*given, **options)
        finally:
            tf.config.run_functions_eagerly(eager)

    return with_graphs


@contextlib.contextmanager
def _reader_here(path):
    """As export.answering.reader_process."""
    yield ReaderHere(readers.load(path))


class ReaderHere:
    """As export.answering.Answering."""

    def __init__(self, read):
        self.read = read

    def answer(self, *given):
        began = time.monotonic()
        return self.read(*given), time.monotonic() - began

    def peak_memory(self):
        return None


class PoolHere:
    """A ProcessPoolExecutor without processes."""

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *given):
        future = concurrent.futures.Future()
        future.set_result(function(*given))
        return future


# What takes longest is done once for the same network.


def _draws_once(draw):
    """RunFolder.draw_curves, which takes as long as the rest of such a training: the same picture again."""
    drawn = []

    def draw_curves(run):
        if drawn:
            run.curves.write_bytes(drawn[0])
        else:
            draw(run)
            drawn.append(run.curves.read_bytes())

    return draw_curves


def _saves_once(save):
    """RunFolder.save_model: best.keras and last.keras are the same file after a single step."""
    saved = {}

    def save_model(run, model, path):
        key = (id(model), finished_steps(model))
        if key in saved and saved[key].exists():
            shutil.copy(saved[key], path)
        else:
            save(run, model, path)
            saved[key] = Path(path).resolve()

    return save_model


def _loads_once(load):
    """cli.models.load_model, where models are not changed."""
    loaded = {}

    def load_model(path, *changes):
        file = model_file(path)
        key = (hashlib.sha256(file.read_bytes()).digest() if file.is_file() else path, str(changes))
        if key not in loaded:
            loaded[key] = load(path, *changes)
        return loaded[key]

    return load_model


def _exports_once(write):
    """An exporter, of the same weights with the same options."""
    written = {}

    @functools.wraps(write)
    def export_once(model, path, **options):
        if "calibrate" in options:  # pictures, which it is about
            return write(model, path, **options)
        weights = b"".join(weight.numpy().tobytes() for weight in model.weights)
        key = (hashlib.sha256(weights).digest(), json.dumps(model.config.to_dict()), str(options))
        if key not in written:
            written[key] = write(model, path, **options)
            written[key] = Path(path).resolve()
        elif written[key].is_dir():
            shutil.copytree(written[key], path)
        else:
            shutil.copy(written[key], path)
        return Path(path)

    return export_once


def _converts_once(convert):
    """to_onnx._convert, which takes 15 seconds: of a network with other weights, it is that of the first ones."""
    converted = {}

    def convert_once(model):
        key = json.dumps(model.config.to_dict() | {"CATEGORY_IDS": None})  # which are not in the file
        if key not in converted:
            converted[key] = convert(model)
        return copy.deepcopy(converted[key])

    return convert_once


# What a sample does again and again with other seeds or numbers of pictures is done once; then these write its result
# once more. Name of a module -> (function, what takes its place from the second call on: the module, the arguments and
# the result of the first call, and the arguments).


def _same_row(module, first, _, args, pictures, count, seed):
    """learning.make_row"""
    row = module.subsets.read_json(args.out / f"{module.row_name(first[0], *first[2:])}.json")
    content = {**row, "settings": module.settings_of(args, count, seed)}
    module.subsets.write_json(args.out / f"{module.row_name(args, count, seed)}.json", content)


def _same_run(module, first, _, args, results, variant, seed):
    """runs.run"""
    scores = results.read(args.data, *first[2:])["scores"]
    data, _, settings = module.DATA[args.data](args)
    config = module.make_config(variant, data, settings).to_dict()
    results.write(args.data, variant, seed, {"config": config, "seed": seed, "scores": scores})


REPEATED = {"learning": ("make_row", _same_row), "runs": ("run", _same_run)}


def do_once(module, monkeypatch):
    """Replaces the function of REPEATED in a script that was imported, or in a module that it has imported."""
    for name, (function, again) in REPEATED.items():
        place = module if module.__name__ == name else sys.modules.get(name)
        if place is not None:
            monkeypatch.setattr(place, function, _once(place, getattr(place, function), again))


def _once(module, function, again):
    calls = []

    def call(*given):
        if calls:
            return again(module, *calls[0], *given)
        result = function(*given)
        calls.append((given, result))
        return result

    return call
