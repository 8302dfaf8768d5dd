"""The folder that a training writes: settings, models, figures and log."""

import csv
import json
import re
import time
from pathlib import Path

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.report import plot_curves
from mrcnn_keras.training.schedule import finished_steps


class RunFolder:
    """Files of a training, each an attribute, and its log.

    They are config.json, best.keras, last.keras, metrics.csv, curves.png, report.html, progress.json and train.log;
    `mrcnn train` adds options.json.

    All except the log are written by rename, so that each file is complete, whatever stops the training.

    Args:
        path: Path of the folder, which need not exist.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.best, self.last = self.path / "best.keras", self.path / "last.keras"
        self.config, self.metrics = self.path / "config.json", self.path / "metrics.csv"
        self.curves, self.log = self.path / "curves.png", self.path / "train.log"
        self.report, self.progress = self.path / "report.html", self.path / "progress.json"

    @classmethod
    def unused(cls, name="run"):
        """Returns the first of run, run-2, run-3, ... that does not exist.

        Args:
            name: String, path of the first one.

        Returns:
            `RunFolder`.
        """
        number, path = 1, Path(name)
        while path.exists():
            number += 1
            path = Path(f"{name}-{number}")
        return cls(path)

    def check(self, resume):
        """Refuses to overwrite another training, or to resume one that does not exist.

        Args:
            resume: Boolean, whether the training in the folder is to be continued.

        Raises:
            UserError: If the folder does not allow it.
        """
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"{self.path} is a file; give a folder for what the training writes")
        if resume:
            if not self.last.exists():
                raise UserError(f"{self.path} has no last.keras to resume from; leave out resume to start a training")
        elif self.metrics.exists() or (self.last.exists() and self.so_far().get("step") != 0):
            raise UserError(f"{self.path} already holds a training; resume it or choose another folder")

    def open(self, config, resume):
        """Creates the folder and writes config.json, unless a training is resumed.

        Args:
            config: `Config` of the model.
            resume: Boolean, whether the training in the folder is continued.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        for file in self.path.iterdir():
            if re.match(r"\.\d+-", file.name):  # an incomplete file, see replace_file
                file.unlink()
        if not resume:
            self.last.unlink(missing_ok=True)
            config.save(self.config)

    def say(self, text):
        """Prints a line and appends it to the log.

        Args:
            text: String.
        """
        print(text, flush=True)
        with self.log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {text}\n")

    def save_model(self, model, path):
        """Saves a model by rename.

        Args:
            model: `MaskRCNN`.
            path: Path of the .keras file.
        """
        with replace_file(path) as temporary:
            model.save(temporary)

    def save_last(self, model, clock):
        """Saves last.keras, and the progress of the training in progress.json.

        Args:
            model: `MaskRCNN`.
            clock: `Clock` of the training.
        """
        step = finished_steps(model)
        self.save_model(model, self.last)
        with replace_file(self.progress) as temporary:
            temporary.write_text(json.dumps(clock.so_far(step)))

    def so_far(self):
        """Reads progress.json.

        Returns:
            Dict, `Clock.so_far` of last.keras; empty if that is not known.
        """
        try:
            found = json.loads(self.progress.read_text())
            state = {name: float(found[name]) for name in ("step", "seconds", "scheduled")}
            return {**state, "rate_set": True} if found.get("rate_set") else state
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def rows(self):
        """Reads metrics.csv.

        Returns:
            List of dicts, one per epoch, of numbers; `None` for an empty cell.

        Raises:
            UserError: If the file was not written by a training.
        """
        if not self.metrics.exists():
            return []
        try:
            with self.metrics.open(newline="", encoding="utf-8") as file:
                rows = [{k: float(v) if v else None for k, v in row.items()} for row in csv.DictReader(file)]
            if all(row["step"] is not None for row in rows):
                return rows
        except (ValueError, KeyError, TypeError, csv.Error):
            pass
        raise UserError(f"{self.metrics} was not written by a training; remove it and resume, which starts a new one")

    def write_rows(self, rows):
        """Writes metrics.csv.

        Args:
            rows: List of dicts, one per epoch.
        """
        columns = list(dict.fromkeys(name for row in rows for name in row))
        with replace_file(self.metrics) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            for row in rows:
                writer.writerow({k: "" if row.get(k) is None else _short(row[k]) for k in columns})

    def draw_curves(self):
        """Draws metrics.csv as curves.png."""
        plot_curves(self.metrics, self.curves)


def _short(value):
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.6g}"
