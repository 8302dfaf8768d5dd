"""mrcnn demo: the whole way in minutes, on generated pictures."""

import json
from pathlib import Path

import keras

from mrcnn_keras.config import Config
from mrcnn_keras.data import ShapesDataset
from mrcnn_keras.evaluation import evaluate
from mrcnn_keras.export.checking import check, summarize
from mrcnn_keras.export.to_saved_model import saved_model
from mrcnn_keras.files import replace_file, write_image
from mrcnn_keras.model import MaskRCNN
from mrcnn_keras.training import RunFolder, train
from mrcnn_keras.visualize import draw_comparison

SIDE = 128
DRAWN, MIN_SCORE_DRAWN = 12, 0.7


def demo_config(dataset):
    """resnet18_fpn for small pictures with large objects."""
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
        # The pictures never repeat, so there is nothing to gain from changing them.
        AUGMENT_FLIP_LR=0.0,
        AUGMENT_SCALE=(1.0, 1.0),
        AUGMENT_BRIGHTNESS=0.0,
    )


def run_demo(out, minutes=6.0, seed=0):
    """Trains on generated shapes, measures on others, draws, saves, exports and compares; returns the figures.

    out: folder to write; None: demo-run, or demo-run-2 and so on where that exists.
    """
    out = RunFolder.unused("demo-run").path if out is None else Path(out)
    training = ShapesDataset(count=100_000, image_size=(SIDE, SIDE), seed=2 * seed)
    unseen = ShapesDataset(count=200, image_size=(SIDE, SIDE), seed=2 * seed + 1)
    keras.utils.set_random_seed(seed)
    model = MaskRCNN(demo_config(training))
    train(model, training, unseen.subset(range(50)), minutes=minutes, steps_per_epoch=100, out=out, seed=seed)

    model = MaskRCNN.load(out / "best.keras")
    scores = evaluate(model, unseen)
    for i in range(DRAWN):
        image, truth = unseen.load_example(i)
        found = model.detect([image], MIN_SCORE_DRAWN)[0]
        write_image(out / f"picture-{i:02d}.png", draw_comparison(image, truth, found, unseen.class_names))
    served = out / "savedmodel" / "1"
    saved_model(model, served)
    compared = summarize(check(model, served, [unseen.load_image(i) for i in range(DRAWN)]))
    with replace_file(out / "savedmodel-check.json") as temporary:
        temporary.write_text(json.dumps(compared, indent=1) + "\n")
    print(f"pictures: {out}/picture-*.png; model: {out}/best.keras; curves: {out}/curves.png")
    verdict = "equal to" if compared["equal"] else "NOT equal to"
    print(
        f"SavedModel: {served} answers {verdict} the model on {compared['pictures']} pictures: {compared['matched']} "
        f"of {compared['expected']} detections matched, boxes within {compared['box_difference']:.5f} pixels, scores "
        f"within {compared['score_difference']:.6f}, masks' overlap at least {compared['mask_iou']:.4f}"
    )
    for kind in ("bbox", "segm"):
        ap50, ap = scores[f"{kind}/AP50"], scores[f"{kind}/AP"]
        print(f"{kind} AP50 {ap50:.2f}, AP {ap:.2f} on {unseen.num_images} unseen pictures")
    return scores
