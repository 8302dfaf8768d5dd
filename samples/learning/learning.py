"""Measures what is learnt from few pictures: trainings of some minutes on 20, 50, 100, ... pictures of a data set.

    python learning.py FOLDER --pictures 20 50 100 232 --seeds 3 --minutes 10
    python learning.py FOLDER --only nuclei-20-0
    python learning.py FOLDER --weights other-run

Each row is a file of its own in --out and is made once; an interrupted training goes on where it was. The first command
makes twelve rows in a little more than two hours; those that have been measured are in docs/learning.md.
"""

import argparse
import csv
import os
import shutil
import statistics
from pathlib import Path

import subsets

import mrcnn_keras as mk

BEGIN, END = "<!-- rows -->", "<!-- end of rows -->"


def row_name(args, count, seed):
    """Such as nuclei-20-0, or nuclei-from-fruits-20-0."""
    start = f"-from-{Path(args.weights).stem}" if args.weights else ""
    return f"{args.name}{start}-{count}-{seed}"


def settings_of(args, count, seed):
    """All that a row depends on besides the pictures and the program."""
    weights = Path(args.weights).stem if args.weights else None
    what = {"data": args.name, "pictures": count, "seed": seed, "minutes": args.minutes}
    return {**what, "weights": weights, "settings": args.settings}


def make_row(args, pictures, count, seed):
    """Trains on the first `count` pictures in the order of the seed, measures, and writes the row's file.

    The measured pictures take no part in the training, not even to choose between its epochs.
    """
    name, settings = row_name(args, count, seed), settings_of(args, count, seed)
    file = args.out / f"{name}.json"
    row = subsets.read_json(file)
    if row and row["settings"] == settings:
        return
    run = args.work / "training" / name
    labelled = pictures.write(name, pictures.order(seed)[:count])
    subsets.train(run, [labelled], minutes=args.minutes, seed=seed, settings=args.settings, weights=args.weights)
    with open(run / "metrics.csv", newline="") as metrics:
        steps = int(list(csv.DictReader(metrics))[-1]["step"])
    scores = subsets.measure(run, pictures.measured)
    machine = {"cores": os.cpu_count(), "load_average": round(os.getloadavg()[0], 1), "version": mk.__version__}
    row = {"settings": settings, "scores": scores, "steps": steps, "machine": machine}
    subsets.write_json(file, row)
    if not args.keep:
        shutil.rmtree(run)
    print(f"{name}: " + ", ".join(f"{subsets.FIGURES[key]} {value:.3f}" for key, value in scores.items()), flush=True)


def tables(folder):
    """The Markdown of all rows in a folder: a table for each data set, time, beginning and settings."""
    groups = {}
    for file in sorted(folder.glob("*.json")):
        row = subsets.read_json(file)
        kind = {key: value for key, value in row["settings"].items() if key not in ("pictures", "seed")}
        groups.setdefault(_title(**kind), {}).setdefault(row["settings"]["pictures"], []).append(row)
    if not groups:
        return "No row has been measured yet."
    return "\n\n".join(f"{title}\n\n{_table(rows)}" for title, rows in sorted(groups.items()))


def _title(data, minutes, weights, settings):
    start = f"from the weights of {weights}" if weights else "from scratch"
    return ", ".join([f"{data}, {minutes:g} minutes, {start}", *settings]) + ":"


def _table(rows):
    """rows: {pictures: list of rows, one per seed}."""
    lines = [f"| pictures | runs | {' | '.join(subsets.FIGURES.values())} | steps |", "|---" * 6 + "|"]
    for count, seeds in sorted(rows.items()):
        cells = [with_spread([row["scores"][figure] for row in seeds]) for figure in subsets.FIGURES]
        steps = f"{statistics.mean(row['steps'] for row in seeds):.0f}"
        lines.append(f"| {count} | {len(seeds)} | {' | '.join(cells)} | {steps} |")
    return "\n".join(lines)


def with_spread(values, sign=""):
    """Mean and standard deviation of the runs; that of one is unknown."""
    mean = f"{statistics.mean(values):{sign}.3f}"
    return f"{mean} ± {statistics.stdev(values):.3f}" if len(values) > 1 else mean


def write_docs(page, text):
    """Puts the tables between the marks of a page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("folder", type=Path, nargs="?", help="data set of any format; without it only the tables")
    parser.add_argument("--val", type=Path, help="pictures to measure on (default: its subset val, or every fourth)")
    parser.add_argument("--name", help="of the data set in the rows (default: that of the folder)")
    parser.add_argument("--pictures", type=int, nargs="+", default=[20, 50, 100, 232], help="pictures to learn from")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each, with other pictures and weights")
    parser.add_argument("--minutes", type=float, default=10, help="time of each training")
    parser.add_argument("--weights", help="a run, file or published name to begin with (default: from scratch)")
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="NAME=VALUE", help="a setting")
    parser.add_argument("--only", nargs="+", metavar="ROW", help="make these rows alone, such as nuclei-20-0")
    parser.add_argument("--keep", action="store_true", help="keep the trained models in WORK/training")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("rows"), help="folder of the rows")
    parser.add_argument("--work", type=Path, default=Path("learning-work"), help="folder of pictures and trainings")
    parser.add_argument("--docs", type=Path, help="page to put the tables in, such as docs/learning.md")
    args = parser.parse_args()
    if args.folder:
        args.name = args.name or args.folder.name
        rows = {row_name(args, count, seed): (count, seed) for seed in range(args.seeds) for count in args.pictures}
        unknown = [name for name in args.only or () if name not in rows]
        if unknown:
            parser.error(f"no row {unknown[0]}; there are {', '.join(rows)}")
        pictures = subsets.Pictures(args.folder, args.work / args.name, args.val)
        if max(args.pictures) > len(pictures.names):
            parser.error(f"--pictures {max(args.pictures)}: there are {len(pictures.names)} to learn from")
        for name in args.only or rows:
            make_row(args, pictures, *rows[name])
    text = tables(args.out)
    print(f"\n{text}")
    if args.docs:
        write_docs(args.docs, text)


if __name__ == "__main__":
    main()
