"""mrcnn demo: from training to export in minutes, on generated pictures."""

import json
import time
from pathlib import Path

import keras

from mrcnn_keras.config import Config
from mrcnn_keras.data import ShapesDataset
from mrcnn_keras.evaluation import evaluate
from mrcnn_keras.export.checking import check, summarize
from mrcnn_keras.export.to_saved_model import saved_model
from mrcnn_keras.files import replace_file, write_image
from mrcnn_keras.model import MaskRCNN, computing_in
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.training import RunFolder, train
from mrcnn_keras.visualize import draw_comparison

SIDE = 128  # pixels of a picture
STEPS_PER_EPOCH = 100
UNSEEN, VALIDATED = 200, 50  # pictures to measure on: after the training, and the first of them during it
DRAWN, MIN_SCORE_DRAWN = 12, 0.7
# For the estimate: timed steps (the first one builds the graph), and the time of evaluations and of the rest in steps.
FIRST_STEPS, MEASURING, FINISHING = 11, 0.1, 100


def demo_config(dataset):
    """Settings of resnet18_fpn for small pictures with large objects."""
    return Config.preset(
        "resnet18_fpn",
        NAME="shapes",
        NUM_CLASSES=dataset.num_classes,
        CLASS_NAMES=dataset.class_names,
        IMAGE_MIN_DIM=SIDE,
        IMAGE_MAX_DIM=SIDE,
        RPN_ANCHOR_SCALES=(16, 32, 64, 128, 256),
        BATCH_SIZE=4,
        TRAIN_ROIS_PER_IMAGE=48,
        WARMUP_STEPS=50,
        # The pictures never repeat, so augmentation would gain nothing.
        AUGMENT_FLIP_LR=0.0,
        AUGMENT_SCALE=(1.0, 1.0),
        AUGMENT_BRIGHTNESS=0.0,
    )


class Estimate(keras.callbacks.Callback):
    """Says once, after the first steps, how long the whole demo takes on this machine."""

    def __init__(self, steps):
        super().__init__()
        self.steps, self.ended = steps, [time.monotonic()]  # when the demo began, and the end of each step

    def on_train_batch_end(self, batch, logs=None):
        self.ended.append(time.monotonic())
        if len(self.ended) == 1 + FIRST_STEPS:
            began, built, now = self.ended[0], self.ended[1], self.ended[-1]
            pace = (now - built) / (FIRST_STEPS - 1)
            minutes = (built - began + pace * ((1 + MEASURING) * self.steps + FINISHING)) / 60
            ProgressLine().clear()
            print(f"{self.steps} steps of training and all that follows take about {minutes:.0f} minutes", flush=True)


def run_demo(out, steps, seed=0):
    """Trains on generated shapes, evaluates on others, draws, exports and checks the export; returns the figures.

    out: folder to write; None: the first of demo-run, demo-run-2, ... that does not exist. steps: of training, rather
    than a time: a busy or slow machine takes longer but ends with the same model.
    """
    estimate = Estimate(steps)
    out = RunFolder.unused("demo-run").path if out is None else Path(out)
    training = ShapesDataset(count=100_000, image_size=(SIDE, SIDE), seed=2 * seed)
    unseen = ShapesDataset(count=UNSEEN, image_size=(SIDE, SIDE), seed=2 * seed + 1)
    keras.utils.set_random_seed(seed)
    epochs = -(-steps // STEPS_PER_EPOCH)
    with computing_in("auto"):
        model = MaskRCNN(demo_config(training))
    train(
        model,
        training,
        unseen.subset(unseen.image_ids[:VALIDATED]),
        epochs=epochs,
        steps_per_epoch=-(-steps // epochs),
        out=out,
        seed=seed,
        callbacks=[estimate],
    )
    model = MaskRCNN.load(out / "best.keras")  # in float32, as the SavedModel that it is compared with
    scores = evaluate(model, unseen, progress=True)
    for i in range(DRAWN):
        image, truth = unseen.load_example(i)
        found = model.detect([image], MIN_SCORE_DRAWN)[0]
        write_image(out / f"picture-{i:02d}.png", draw_comparison(image, truth, found, unseen.class_names))
    served = out / "savedmodel" / "1"
    print(f"exporting to {served}", flush=True)
    saved_model(model, served)
    compared = summarize(check(model, served, [unseen.load_image(i) for i in range(DRAWN)]))
    with replace_file(out / "savedmodel-check.json") as temporary:
        temporary.write_text(json.dumps(compared, indent=1) + "\n")
    print(f"pictures: {out}/picture-*.png; model: {out}/best.keras; curves and errors: {out}/report.html")
    verdict = "equal to" if compared["equal"] else "NOT equal to"
    print(
        f"SavedModel: {served} is {verdict} the model on {compared['pictures']} pictures: {compared['matched']} "
        f"of {compared['expected']} detections matched, boxes within {compared['box_difference']:.5f} pixels, scores "
        f"within {compared['score_difference']:.6f}, masks' overlap at least {compared['mask_iou']:.4f}"
    )
    for kind in ("bbox", "segm"):
        ap50, ap = scores[f"{kind}/AP50"], scores[f"{kind}/AP"]
        print(f"{kind} AP50 {ap50:.2f}, AP {ap:.2f} on {unseen.num_images} unseen pictures")
    return scores
