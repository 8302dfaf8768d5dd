"""The labelling loop: label some pictures, train, have the next labels proposed, correct them, train again.

    python label_loop.py FOLDER --labelled 20 --proposed 30 --seeds 3 --minutes 5
    python label_loop.py                     # on drawn cells

A data set that is labelled already plays both: the pictures without labels, and the person who corrects proposals. The
next pictures are those that `mrcnn detect --suggest` names, and beside that, for comparison, as many at random.

Each loop trains three times: with the first command it is an hour in all. On nuclei, segm AP was 0.458 with 20
pictures, 0.515 with the 30 suggested ones too, and 0.519 with 30 at random: no difference (README.md).
"""

import argparse
import dataclasses
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import mrcnn_keras as mk

sys.path.append(str(Path(__file__).resolve().parents[1] / "learning"))
import subsets
from learning import with_spread

WAYS = ("suggested", "random")


def one_loop(args, pictures, seed):
    """One loop, with both ways to choose the next pictures; returns its figures."""
    folder = args.out / f"seed-{seed}"
    order = pictures.order(seed)
    first, pool = order[: args.labelled], order[args.labelled :]
    labelled = pictures.write(f"seed-{seed}-labelled", first)
    beginning = folder / "first"
    train(args, beginning, [labelled], seed)
    proposals = folder / "proposals"
    if not (proposals / "suggestions.json").exists():
        files = [pictures.path(name) for name in pool]
        subsets.mrcnn("detect", beginning, *files, "--save", "coco", "--suggest", args.proposed, "--out", proposals)
    places = {str(pictures.path(name)): name for name in pool}
    chosen = {
        "suggested": [places[row["file"]] for row in subsets.read_json(proposals / "suggestions.json")],
        "random": random.Random(seed).sample(pool, args.proposed),
    }
    figures = {"seed": seed, "first": {"scores": subsets.measure(beginning, pictures.measured)}}
    for way in WAYS:
        corrected = pictures.write(f"seed-{seed}-{way}", chosen[way])
        run = folder / way
        train(args, run, [labelled, corrected], seed, weights=beginning)
        work = corrections(proposals / "coco", corrected)
        figures[way] = {"scores": subsets.measure(run, pictures.measured), "corrections": work, "pictures": chosen[way]}
    return figures


def train(args, run, files, seed, weights=None):
    """A training that is not made twice."""
    if not (run / "done").exists():
        subsets.train(run, files, minutes=args.minutes, seed=seed, settings=args.settings, weights=weights)
        (run / "done").touch()


def corrections(proposals, file):
    """What there was to correct in the proposals for the pictures of a COCO file, counted at an overlap of 0.5.

    Returns a dict: objects to "keep" as they are or with a better outline, to "remove", and to "draw".
    """
    truth, proposed = mk.load_dataset(file), mk.load_dataset(proposals)
    ids = {Path(proposed.image_info[i]["path"]).name: i for i in proposed.image_ids}
    names = [Path(truth.image_info[i]["path"]).name for i in truth.image_ids]
    founds = [proposed.load_annotations(ids[name]) for name in names]
    founds = [dataclasses.replace(found, scores=np.ones(len(found))) for found in founds]
    truths = [truth.load_annotations(i) for i in truth.image_ids]
    both = mk.evaluation.Predictions(tuple(truth.class_names), truth.image_ids, names, truths, founds)
    counts = mk.evaluation.counting_scores(both, ious=(0.5,), min_score=0)
    return {to_do: counts[name][0] for to_do, name in (("keep", "right"), ("remove", "false"), ("draw", "missed"))}


def table(loops, labelled, proposed):
    """Mean and spread of each way, and of the difference between the two, seed by seed."""
    whole = labelled + proposed
    labels = {"first": f"{labelled} labelled", "suggested": f"{whole}: suggested", "random": f"{whole}: at random"}
    lines = [f"{'pictures':20}" + "".join(f"{name:>20}" for name in subsets.FIGURES.values()) + "   keep/remove/draw"]
    for way, label in labels.items():
        cells = [with_spread([one[way]["scores"][figure] for one in loops]) for figure in subsets.FIGURES]
        work = [one[way].get("corrections", {}) for one in loops]
        done = "/".join(str(round(np.mean([one[key] for one in work]))) for key in work[0])
        lines.append(f"{label:20}" + "".join(f"{cell:>20}" for cell in cells) + f"   {done}")
    gains = [
        [one["suggested"]["scores"][figure] - one["random"]["scores"][figure] for one in loops]
        for figure in subsets.FIGURES
    ]
    lines.append(f"{'suggested - random':20}" + "".join(f"{with_spread(gain, '+'):>20}" for gain in gains))
    return "\n".join(lines)


def draw_cells(folder, counts, seed=0):
    """Writes folder/SUBSET/NAME/images/*.png and masks/*.png, as the Data Science Bowl has them.

    Most are bright cells on a dark ground; every sixth picture shows dark ones on a bright ground, with more of them.
    """
    rng = np.random.default_rng(seed)
    for subset, count in counts.items():
        for number in range(count):
            name, other = f"{subset}-{number:03}", number % 6 == 5
            place = folder / subset / name
            for inner in ("images", "masks"):
                (place / inner).mkdir(parents=True)
            ground, size = (200, 20)[not other], (128, 160)
            grey = rng.normal(ground, 6, size)
            cells = Image.new("I", size[::-1])  # the number of the cell that is visible in each pixel
            for i in range(1, int(rng.integers(3, 9)) * (2 if other else 1) + 1):
                (y, x), (ry, rx) = rng.uniform(0, size), rng.uniform(5, 14, 2)
                ImageDraw.Draw(cells).ellipse([x - rx, y - ry, x + rx, y + ry], fill=i)
            for i in np.unique(cells)[1:].tolist():
                mask = np.asarray(cells) == i
                grey[mask] = rng.uniform(60, 120) if other else rng.uniform(80, 200)
                Image.fromarray(mask).save(place / "masks" / f"{i}.png")
            image = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).convert("RGB")
            image.filter(ImageFilter.GaussianBlur(1)).save(place / "images" / f"{name}.png")
    return folder


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("folder", type=Path, nargs="?", help="data set of any format (default: drawn cells)")
    parser.add_argument("--val", type=Path, help="pictures to measure on (default: its subset val, or every fourth)")
    parser.add_argument("--labelled", type=int, default=20, help="pictures that are labelled at first")
    parser.add_argument("--proposed", type=int, default=30, help="pictures to correct the proposals of")
    parser.add_argument("--drawn", type=int, nargs=2, default=[120, 40], help="drawn pictures: to learn, to measure")
    parser.add_argument("--seeds", type=int, default=3, help="loops, each with other pictures and weights")
    parser.add_argument("--minutes", type=float, default=5, help="time of each of the three trainings of a loop")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE", help="a setting")
    parser.add_argument("--out", type=Path, default=Path("label-loop"), help="folder to write, also to go on with")
    args = parser.parse_args()
    args.out = args.out.resolve()
    if not args.folder and not (args.out / "data").exists():
        args.folder = draw_cells(args.out / "cells", dict(zip(("train", "val"), args.drawn, strict=True)))
    pictures = subsets.Pictures(args.folder, args.out / "data", args.val)
    if args.labelled + args.proposed > len(pictures.names):
        parser.error(f"{args.labelled} labelled and {args.proposed} proposed pictures of {len(pictures.names)}")
    loops = []
    for seed in range(args.seeds):
        file = args.out / f"seed-{seed}.json"
        figures = subsets.read_json(file)
        if figures is None:
            figures = one_loop(args, pictures, seed)
            subsets.write_json(file, figures)
        loops.append(figures)
    print(f"\n{table(loops, args.labelled, args.proposed)}")
    settings = {name: getattr(args, name) for name in ("labelled", "proposed", "minutes", "settings")}
    subsets.write_json(args.out / "label-loop.json", {"settings": settings, "loops": loops})
    print(f"wrote {args.out / 'label-loop.json'}")


if __name__ == "__main__":
    main()
