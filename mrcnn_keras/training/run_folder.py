"""The folder of one training: its settings, models, figures and log."""

import csv
import json
import re
import time
from pathlib import Path

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.report import plot_curves


class RunFolder:
    """config.json, best.keras, last.keras, metrics.csv, curves.png, progress.json and train.log of a training.

    Everything but the log appears by rename, so that whatever stops the training, each file is whole.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.best, self.last = self.path / "best.keras", self.path / "last.keras"
        self.config, self.metrics = self.path / "config.json", self.path / "metrics.csv"
        self.curves, self.log = self.path / "curves.png", self.path / "train.log"
        self.progress = self.path / "progress.json"

    @classmethod
    def unused(cls, name="run"):
        """The first of run, run-2, run-3, ... that does not exist."""
        number, path = 1, Path(name)
        while path.exists():
            number += 1
            path = Path(f"{name}-{number}")
        return cls(path)

    def check(self, resume):
        """Refuses to write over another training, or to go on with one that is not there."""
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"{self.path} is a file; give a folder for what the training writes")
        if resume:
            if not self.last.exists():
                raise UserError(f"{self.path} holds no last.keras to resume from; leave out resume to start anew")
        elif self.metrics.exists() or (self.last.exists() and self.so_far().get("step") != 0):
            raise UserError(f"{self.path} already holds a training; resume it, or choose another folder")

    def open(self, config, resume):
        """Makes the folder ready for training."""
        self.path.mkdir(parents=True, exist_ok=True)
        for file in self.path.iterdir():
            if re.match(r"\.\d+-", file.name):  # half a file, see replace_file
                file.unlink()
        if not resume:
            self.last.unlink(missing_ok=True)
            config.save(self.config)

    def say(self, text):
        """Prints a line and keeps it in the log."""
        print(text, flush=True)
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {text}\n")

    def save_model(self, model, path):
        """Writes a model by rename."""
        with replace_file(path) as temporary:
            model.save(temporary)

    def save_last(self, model, clock):
        """Writes last.keras, and how far the training is."""
        step = int(model.optimizer.iterations)
        self.save_model(model, self.last)
        with replace_file(self.progress) as temporary:
            temporary.write_text(json.dumps(clock.so_far(step)))

    def so_far(self):
        """Clock.so_far of last.keras; {} where that is not known."""
        try:
            found = json.loads(self.progress.read_text())
            return {name: float(found[name]) for name in ("step", "seconds", "scheduled")}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def rows(self):
        """The rows of metrics.csv, numbers where there are numbers, None where a cell is empty."""
        if not self.metrics.exists():
            return []
        try:
            with self.metrics.open(newline="", encoding="utf-8") as file:
                rows = [{k: float(v) if v else None for k, v in row.items()} for row in csv.DictReader(file)]
            if all(row["step"] is not None for row in rows):
                return rows
        except (ValueError, KeyError, TypeError, csv.Error):
            pass
        raise UserError(f"{self.metrics} is not what a training wrote; remove it, and the resumed one starts it anew")

    def write_rows(self, rows):
        """Writes metrics.csv anew."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with replace_file(self.metrics) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            for row in rows:
                writer.writerow({k: "" if row.get(k) is None else _short(row[k]) for k in columns})

    def draw_curves(self):
        """Draws metrics.csv."""
        plot_curves(self.metrics, self.curves)


def _short(value):
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
