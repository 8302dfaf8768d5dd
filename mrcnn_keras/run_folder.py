"""The folder of one training: its settings, models, figures and log."""

import csv
import json
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

    def open(self, config, resume):
        """Makes the folder ready; refuses to write over another training."""
        if resume:
            if not self.last.exists():
                raise UserError(f"{self.path} holds no last.keras to resume from; leave out resume to start anew")
        elif self.last.exists() or self.metrics.exists():
            raise UserError(f"{self.path} already holds a training; resume it, or choose another folder")
        self.path.mkdir(parents=True, exist_ok=True)
        for leftover in self.path.glob(".*-*.keras"):
            leftover.unlink()
        with replace_file(self.config) as temporary:
            config.save(temporary)

    def say(self, text):
        """Prints a line and keeps it in the log."""
        print(text, flush=True)
        with self.log.open("a") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {text}\n")

    def save_model(self, model, path):
        """Writes a model by rename."""
        with replace_file(path) as temporary:
            model.save(temporary)

    def save_last(self, model, seconds):
        """Writes last.keras and how long it took to get there."""
        self.save_model(model, self.last)
        with replace_file(self.progress) as temporary:
            temporary.write_text(json.dumps({"step": int(model.optimizer.iterations), "seconds": seconds}))

    def seconds_so_far(self):
        """Seconds of training before a resume."""
        try:
            return float(json.loads(self.progress.read_text())["seconds"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0

    def rows(self):
        """The rows of metrics.csv, numbers where there are numbers, None where a cell is empty."""
        if not self.metrics.exists():
            return []
        with self.metrics.open(newline="") as file:
            return [{k: float(v) if v else None for k, v in row.items()} for row in csv.DictReader(file)]

    def write_rows(self, rows):
        """Writes metrics.csv anew, and draws it."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with replace_file(self.metrics) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            for row in rows:
                writer.writerow({k: "" if row.get(k) is None else _short(row[k]) for k in columns})
        plot_curves(self.metrics, self.curves)


def _short(value):
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
