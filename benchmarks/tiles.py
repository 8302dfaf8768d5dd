"""Whether tiles find what a network finds in the whole picture: large pictures with many small shapes."""

import argparse
import json
import time
from pathlib import Path

import machine
import numpy as np
from pycocotools import mask as coco_mask

import mrcnn_keras as mk
from mrcnn_keras.data.generated import ShapesDataset
from mrcnn_keras.detections import match_instances

SAME, DOUBLED = 0.9, 0.5  # intersection over union of masks: of one object found twice as the same, and of a duplicate
CROP = 192  # pixels: side of the pictures that the network is trained on
# Of a network without ImageNet's weights, so small that some minutes are enough. Batch norm does not
# depend on what else is in the picture; group norm, the preset's, does.
NETWORK = dict(
    NUM_CLASSES=4,
    BACKBONE_WIDTH=16,
    HEAD_NORM="bn",
    RPN_NORM="none",
    TOP_DOWN_PYRAMID_SIZE=48,
    FPN_CLASSIF_FC_LAYERS_SIZE=192,
    MASK_HEAD_CHANNELS=32,
    MASK_HEAD_CONVS=2,
    RPN_ANCHOR_SCALES=(16, 32, 64, 128, 256),
    IMAGE_RESIZE_MODE="crop",
    IMAGE_MIN_DIM=CROP,
    IMAGE_MAX_DIM=CROP,
    AUGMENT_SCALE=(1.0, 1.0),
    PRE_NMS_LIMIT_TRAINING=200,
    POST_NMS_ROIS_TRAINING=200,
    TRAIN_ROIS_PER_IMAGE=64,
    WARMUP_STEPS=50,
    LEARNING_RATE=2e-3,
)
# What a network may find is a number per picture, so that a larger one, with as many objects per area, needs more.
LIMITS = dict(PRE_NMS_LIMIT_INFERENCE=8000, POST_NMS_ROIS_INFERENCE=3000, DETECTION_MAX_INSTANCES=400)  # per megapixel


def shapes(side, objects, count=1, seed=0, diameters=(30, 90)):
    """A dataset of pictures with this many (least, most) shapes; diameters: of the circles around them, pixels."""
    kind = type("SmallShapes", (ShapesDataset,), {"DIAMETER": tuple(diameter / side for diameter in diameters)})
    return kind(count, (side, side), seed, *objects)


def train(folder, minutes):
    """Trains a network and writes the run to a folder."""
    model = mk.MaskRCNN(mk.Config.preset("resnet18_fpn", **NETWORK))
    mk.train(model, shapes(CROP, (2, 5), 100_000), minutes=minutes, steps_per_epoch=100, out=folder)


def open_for(run, side):
    """The model with limits for a picture of side x side pixels, which it takes as it is."""
    limits = {name: int(np.ceil(limit * max(side / 1000, 0.1) ** 2)) for name, limit in LIMITS.items()}
    return mk.MaskRCNN.load(run, IMAGE_RESIZE_MODE="crop", IMAGE_SCALE=1.0, IMAGE_LIMIT=max(side, 64), **limits)


def duplicates(found):
    """Pairs of found objects of a class that are the same by their masks."""
    if not len(found):
        return 0
    ious = coco_mask.iou(found.rle(), found.rle(), [0] * len(found))
    return int(np.triu((ious >= DOUBLED) & (found.class_ids[:, None] == found.class_ids), 1).sum())


def compare(wholes, founds):
    """Figures over all pictures, for what was found in each as a whole and in tiles."""
    matches = {
        iou: [match_instances(*pair, iou)[0] for pair in zip(wholes, founds, strict=True)] for iou in (SAME, 0.5)
    }
    count = max(1, sum(map(len, wholes)))
    return {
        "whole": sum(map(len, wholes)),
        "tiled": sum(map(len, founds)),
        "same": sum((one >= 0).sum() for one in matches[SAME]).item() / count,
        "near": sum((one >= 0).sum() for one in matches[0.5]).item() / count,
        "more": sum((one < 0).sum() for one in matches[0.5]).item(),
        "doubled_whole": sum(map(duplicates, wholes)),
        "doubled_tiled": sum(map(duplicates, founds)),
    }


def main():
    """Prints a table and, with --json, writes it with a description of the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="folder of a training; where it is absent, one is done first")
    parser.add_argument("--minutes", type=float, default=10, help="time for that training")
    parser.add_argument("--size", type=int, default=2000, help="side of a picture, pixels")
    parser.add_argument("--objects", type=int, default=400, help="shapes in a picture")
    parser.add_argument("--pictures", type=int, default=3, help="how many pictures")
    parser.add_argument("--tiles", type=int, nargs="+", default=[1024, 640, 512], help="sides of tiles, pixels")
    parser.add_argument("--overlap", type=float, default=0.2, help="share of a tile that the next one shows, too")
    parser.add_argument("--min-score", type=float, default=0.5, help="lowest score")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    run = options.model or Path("tiles-run")
    if not run.exists():
        train(run, options.minutes)
    data = shapes(options.size, [options.objects] * 2, options.pictures, seed=7)
    images = [data.load_image(i) for i in data.image_ids]
    begin = time.perf_counter()
    wholes = open_for(run, options.size).detect(images, options.min_score, batch_size=1)
    seconds = time.perf_counter() - begin
    size = f"{options.size} x {options.size}"
    print(f"{len(images)} pictures of {size} with {options.objects} shapes: {sum(map(len, wholes))} found in the whole")
    print(f"{'tile':>6} {'found':>6} {'IoU 0.9':>8} {'IoU 0.5':>8} {'others':>7} {'doubled':>14} {'seconds':>8}")
    rows = []
    for tile in options.tiles:
        begin = time.perf_counter()
        founds = mk.Tiled(open_for(run, tile), tile, options.overlap).detect(images, options.min_score)
        row = {"tile": tile, **compare(wholes, founds), "seconds": time.perf_counter() - begin}
        rows.append(row)
        doubled = f"{row['doubled_tiled']} (whole {row['doubled_whole']})"
        shares = f"{row['same']:8.1%} {row['near']:8.1%}"
        print(f"{tile:6} {row['tiled']:6} {shares} {row['more']:7} {doubled:>14} {row['seconds']:8.0f}", flush=True)
    if options.json:
        figures = {"model": str(run), "size": options.size, "objects": options.objects, "overlap": options.overlap}
        content = {"machine": machine.describe(), **figures, "seconds_whole": seconds, "rows": rows}
        options.json.write_text(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
