"""Trains the variants that the Mask R-CNN paper compares, and prints what comes out beside the paper's numbers.

    python samples/paper/compare.py --out compared                        # all rows on generated pictures
    python samples/paper/compare.py --out compared --tables 2c 2d --seeds 3
    python samples/paper/compare.py --out compared --data nuclei --nuclei FOLDER
    python samples/paper/compare.py --out compared --data figures         # table 6
    python samples/paper/compare.py --list

Every run has the same number of steps and of pictures, whatever its time. A finished run is a file in the folder
results of --out; the program leaves those out that are there, and goes on with one that was broken off.
"""

import argparse
import shutil
import sys
from pathlib import Path

import keras
from results import Results, tables
from rows import COMMON, ROWS, SIDE, VARIANTS

import mrcnn_keras as mk

TRAINING_SEED, MEASURED_SEED = 0, 1  # of the generated pictures; those of the run are for weights and order


def shapes(args):
    """Generated pictures for training and for measuring, and no settings of their own."""
    data = mk.ShapesDataset(count=args.steps * COMMON["BATCH_SIZE"], image_size=(SIDE, SIDE), seed=TRAINING_SEED)
    return data, mk.ShapesDataset(count=args.pictures, image_size=(SIDE, SIDE), seed=MEASURED_SEED), {}


def nuclei(args):
    """Nuclei in windows of pictures that are doubled, in which most are 12 to 80 pixels large."""
    if args.nuclei is None:
        sys.exit("compare.py: --data nuclei needs --nuclei FOLDER, with the folders train and val of the pictures")
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


DATA = {"shapes": shapes, "nuclei": nuclei, "figures": figures}


def make_config(variant, data, settings):
    """The settings of a variant for some pictures; ANCHORS among them is a factor on the sizes of anchors."""
    own = {**COMMON, **VARIANTS[variant], **settings}
    factor = own.pop("ANCHORS", 1)
    own["RPN_ANCHOR_SCALES"] = [round(factor * side) for side in own["RPN_ANCHOR_SCALES"]]
    return mk.Config.preset("resnet18_fpn", NAME=variant, NUM_CLASSES=data.num_classes, **own)


def run(args, results, pictures, variant, seed):
    """Trains and measures one variant, if that has not been done, and keeps the result."""
    data, measured, settings = pictures
    config = make_config(variant, data, settings)
    if results.read(args.data, variant, seed, config.to_dict()):
        return
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    folder = args.out / "training" / results.path(args.data, variant, seed).stem
    resume = (folder / "last.keras").exists()
    if not resume:  # broken off before its first step
        shutil.rmtree(folder, ignore_errors=True)
    model = mk.MaskRCNN(config)
    mk.train(model, data, epochs=1, steps_per_epoch=args.steps, out=folder, resume=resume, seed=seed)
    scores = mk.evaluate(model, measured, progress=True)
    results.write(args.data, variant, seed, {"config": config.to_dict(), "seed": seed, "scores": scores})
    shutil.rmtree(folder)


def chosen_rows(args):
    """The rows that the command line asks for, on pictures where they have a meaning."""
    unknown = set(args.rows or ()) - {row.name for row in ROWS}
    if unknown:
        sys.exit(f"compare.py: there is no row {min(unknown)!r}; --list shows them")
    return [
        row
        for row in ROWS
        if args.data in row.data
        and (not args.rows or row.name in args.rows)
        and (not args.tables or row.table in args.tables)
    ]


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    names = list(dict.fromkeys(row.table for row in ROWS))
    parser.add_argument("--rows", nargs="+", metavar="ROW", help="rows to train, as --list names them")
    parser.add_argument("--tables", nargs="+", choices=names, metavar="TABLE", help=f"of {', '.join(names)}")
    parser.add_argument("--data", choices=DATA, default="shapes", help="pictures (default: shapes)")
    parser.add_argument("--nuclei", type=Path, metavar="FOLDER", help="where nuclei lie, in folders train and val")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each row (default: 3)")
    parser.add_argument("--steps", type=int, default=800, metavar="N", help="steps of a run (default: 800)")
    parser.add_argument("--pictures", type=int, default=100, metavar="N", help="generated ones to measure on (100)")
    parser.add_argument("--out", type=Path, default=Path("compared"), metavar="DIR", help="default: compared")
    parser.add_argument("--list", action="store_true", help="print the rows and end")
    args = parser.parse_args()
    rows = chosen_rows(args)
    if args.list:
        for row in rows:
            print(f"{row.name:26} {row.variant:14} " + ", ".join(f"{k} {v}" for k, v in row.paper.items()))
        return

    results, pictures = Results(args.out, args.steps), DATA[args.data](args)
    variants = list(dict.fromkeys(row.variant for row in rows))
    runs = [(variant, seed) for seed in range(args.seeds) for variant in variants]
    for number, (variant, seed) in enumerate(runs, start=1):
        print(f"run {number} of {len(runs)}: {variant}, seed {seed}", flush=True)
        run(args, results, pictures, variant, seed)
    text = tables(rows, results, args.data, range(args.seeds))
    print(text)
    (args.out / f"tables-{args.data}.md").write_text(text)
    print(f"wrote {args.out / f'tables-{args.data}.md'}")


if __name__ == "__main__":
    main()
