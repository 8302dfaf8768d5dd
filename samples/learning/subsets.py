"""What trainings on parts of a data set need: the command, COCO files of some pictures, and measures of a run."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import mrcnn_keras as mk

FIGURES = {"segm/AP": "segm AP", "segm/AP50": "segm AP50", "bowl": "Data Science Bowl"}
MIN_SCORE = 0.5  # of what counts for the Bowl's measure, which knows no scores


def mrcnn(*words):
    """Runs the command `mrcnn` of this Python; ends the program where it fails."""
    command = shutil.which("mrcnn", path=Path(sys.executable).parent) or "mrcnn"
    status = subprocess.run([command, *map(str, words)]).returncode
    if status:
        sys.exit(status)


class Pictures:
    """A data set of any format as COCO files in the folder `out`, made at the first use.

    val: another data set to measure on, or None: the subset val, or every fourth picture where there is none.
    """

    def __init__(self, folder, out, val=None):
        self.annotations = out / "annotations"
        if not out.exists():
            mrcnn("inspect", folder, *(["--val", val] if val else []), "--convert", "coco", "--out", out)
        self.contents = {}
        for file in sorted(self.annotations.glob("instances_*.json")):
            subset = file.stem.removeprefix("instances_")
            content = json.loads(file.read_text(encoding="utf-8"))
            below = "" if subset == "default" else f"{subset}/"
            for image in content["images"]:
                image["file_name"] = below + image["file_name"]
            self.contents[subset] = content
        names = [image["file_name"] for image in self._training["images"]]
        random.Random(0).shuffle(names)
        if "val" in self.contents:
            measured = [image["file_name"] for image in self.contents["val"]["images"]]
        else:
            measured, names = names[::4], [name for place, name in enumerate(names) if place % 4]
        self.names = names
        self.measured = self.write("measured", measured)

    @property
    def _training(self):
        return self.contents.get("train") or next(iter(self.contents.values()))

    def order(self, seed):
        """The names of the training pictures in an order of the seed; a part is the first ones."""
        return random.Random(seed).sample(self.names, len(self.names))

    def path(self, name):
        """The file of a picture."""
        return self.annotations.parent / "images" / name

    def write(self, part, names):
        """Writes the COCO file of some pictures; returns its path."""
        file = self.annotations / f"{part}.json"
        wanted, content = set(names), {"categories": self._training["categories"], "images": [], "annotations": []}
        for whole in self.contents.values():
            images = [image for image in whole["images"] if image["file_name"] in wanted]
            ids = {image["id"] for image in images}
            if ids:
                content["images"] += images
                content["annotations"] += [one for one in whole["annotations"] if one["image_id"] in ids]
        write_json(file, content)
        return file


def measure(run, file):
    """The FIGURES of a finished run on the pictures of a COCO file, 0 to 1."""
    found = mk.evaluation.collect(mk.MaskRCNN.load(run), mk.load_dataset(file), progress=True)
    counts = mk.evaluation.counting_scores(found, min_score=MIN_SCORE, by_class=False)
    figures = {**mk.evaluation.coco_scores(found), "bowl": counts["mean_accuracy_by_picture"]}
    return {name: figures[name] for name in FIGURES}


def train(out, files, *, minutes, seed, settings=(), weights=None):
    """`mrcnn train` of COCO files into the folder `out`; one that was interrupted goes on."""
    if (out / "last.keras").exists():
        mrcnn("train", *files, "--resume", "--out", out)
        return
    shutil.rmtree(out, ignore_errors=True)  # interrupted before its first step
    more = ["--weights", weights] if weights else []
    chosen = [word for setting in settings for word in ("--set", setting)]
    mrcnn("train", *files, "--minutes", minutes, "--seed", seed, "--out", out, *more, *chosen)


def write_json(path, content):
    """Writes by rename, so that an existing file is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def read_json(path):
    """The content of a file, or None if there is none."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
