"""The runs of the comparison: pictures, settings, training and evaluation, several at a time."""

import contextlib
import io
import multiprocessing
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

import keras
import tensorflow as tf
from rows import COMMON, SIDE, VARIANTS

import mrcnn_keras as mk

TRAINING_SEED, MEASURED_SEED = 0, 1  # of the generated pictures; a run's own seed is for weights and order


def shapes(args):
    """Generated pictures for training and evaluation, without further settings."""
    data = mk.ShapesDataset(count=args.steps * COMMON["BATCH_SIZE"], image_size=(SIDE, SIDE), seed=TRAINING_SEED)
    return data, mk.ShapesDataset(count=args.pictures, image_size=(SIDE, SIDE), seed=MEASURED_SEED), {}


def nuclei(args):
    """Nuclei in windows of pictures enlarged by 2, in which most are 12 to 80 pixels large."""
    settings = {
        "IMAGE_RESIZE_MODE": "crop",
        "IMAGE_SCALE": 2.0,
        "ANCHORS": 0.5,
        "AUGMENT_FLIP_UD": 0.5,
        "AUGMENT_ROT90": True,
        "MAX_GT_INSTANCES": 200,
        "DETECTION_MAX_INSTANCES": 300,
        "POST_NMS_ROIS_INFERENCE": 500,
    }
    return mk.load_dataset(args.nuclei, subset="train"), mk.load_dataset(args.nuclei, subset="val"), settings


def figures(args):
    """Generated stick figures with the keypoints of people."""
    size = {"image_size": (SIDE, SIDE)}
    data = mk.StickFiguresDataset(count=args.steps * COMMON["BATCH_SIZE"], seed=TRAINING_SEED, **size)
    measured = mk.StickFiguresDataset(count=args.pictures, seed=MEASURED_SEED, **size)
    return data, measured, data.keypoint_layout.settings()


def figure_masks(args):
    """The same figures with boxes and masks only: outlines that are far from convex."""
    data, measured, _ = figures(args)
    return data, measured, {}


DATA = {"shapes": shapes, "nuclei": nuclei, "figures": figures, "figure-masks": figure_masks}


def make_config(variant, data, settings):
    """The settings of a variant for some pictures; ANCHORS in `settings` is a factor of the anchors' sizes."""
    own = {**COMMON, **VARIANTS[variant], **settings}
    factor = own.pop("ANCHORS", 1)
    own["RPN_ANCHOR_SCALES"] = [round(factor * side) for side in own["RPN_ANCHOR_SCALES"]]
    return mk.Config.preset("resnet18_fpn", NAME=variant, NUM_CLASSES=data.num_classes, **own)


def run(args, results, variant, seed):
    """Trains and evaluates one variant, and writes the result."""
    data, measured, settings = DATA[args.data](args)
    config = make_config(variant, data, settings)
    keras.utils.set_random_seed(seed)
    folder = args.out / "training" / results.path(args.data, variant, seed).stem
    resume = (folder / "last.keras").exists()
    if not resume:  # interrupted before its first step
        shutil.rmtree(folder, ignore_errors=True)
    model = mk.MaskRCNN(config)
    mk.train(model, data, epochs=1, steps_per_epoch=args.steps, out=folder, resume=resume, seed=seed)
    scores = mk.evaluate(model, measured, progress=True)
    results.write(args.data, variant, seed, {"config": config.to_dict(), "seed": seed, "scores": scores})
    shutil.rmtree(folder)


class Named(io.TextIOBase):
    """Standard output with a name before each line, for several runs at a time."""

    def __init__(self, name, out):
        self.name, self.out, self.line = name, out, ""

    def write(self, text):
        *whole, self.line = (self.line + text).split("\n")
        self.out.write("".join(f"{self.name} | {line}\n" for line in whole))
        self.out.flush()
        return len(text)


def _run_in_process(args, results, variant, seed):
    """Calls `run` in a process with its share of the cores; returns the seconds it took."""
    tf.config.threading.set_intra_op_parallelism_threads(max(1, (os.cpu_count() or 1) // args.jobs))
    began = time.monotonic()
    with contextlib.redirect_stdout(Named(f"{variant}, seed {seed}", sys.stdout)):
        run(args, results, variant, seed)
    return time.monotonic() - began


def run_all(args, results, runs):
    """Does those of the runs [(variant, seed)] that are not finished, args.jobs at a time, each in its own process."""
    data, _, settings = DATA[args.data](args)
    configs = {variant: make_config(variant, data, settings).to_dict() for variant, _ in runs}
    runs = [one for one in runs if not results.read(args.data, *one, configs[one[0]])]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(args.jobs, mp_context=context, max_tasks_per_child=1) as pool:
        tasks = {pool.submit(_run_in_process, args, results, *one): one for one in runs}
        try:
            for number, task in enumerate(as_completed(tasks), start=1):
                variant, seed = tasks[task]
                print(f"{number} of {len(runs)} done: {variant}, seed {seed}, {task.result():.0f} s", flush=True)
        except BaseException:  # of a run, or the user's Ctrl-C
            pool.shutdown(cancel_futures=True)
            raise
