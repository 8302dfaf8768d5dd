"""Runs what a page tells its reader to run, as printed, in this process and a folder of its own."""

import ast
import functools
import glob
import importlib.util
import os
import runpy
import shlex
import shutil
import sys

import matplotlib.pyplot as plt
import tensorflow as tf

import mrcnn_keras as mk
from mrcnn_keras.cli import main
from tests.docs.places import MOUNTED, PLACES, RUNS
from tests.docs.small import do_once, make_scripts_small
from tests.docs.standins import NOT_RUN, PYTHON_ELSEWHERE, ROOT, Serving, check_make, check_not_run, check_pip

OUTPUTS = ("--out", "--json", "--join")  # options that name what does not exist yet
# What a block of Python may have from the text around it.
NAMES = {
    "mk": lambda page: mk,
    "tf": lambda page: tf,
    "data": lambda page: mk.load_dataset(page.place("photos")),
    "val": lambda page: mk.load_dataset(page.place("more-photos")),
    "validation": lambda page: mk.load_dataset(page.place("more-photos")),
    "config": lambda page: mk.Config.load(page.place("run") / "config.json"),
    "model": lambda page: mk.MaskRCNN.load(page.place("run")),
    "frame": lambda page: mk.load_dataset(page.place("photos")).load_image(0),
    "tracker": lambda page: mk.Tracker(),
    "image": lambda page: mk.load_dataset(page.place("photos")).load_image(0),
}


class Runs:
    """What the pages share: trained models, places that were made, and commands that ran before.

    folder: for these.
    """

    def __init__(self, folder):
        self.folder, self.done = folder, {}

    def place(self, name, path):
        """Makes what a name of PLACES or RUNS stands for at `path`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in RUNS:
            shutil.copytree(self.trained, path)
        else:
            PLACES[name](path)

    @functools.cached_property
    def trained(self):
        """The folder of `mrcnn train photos/`."""
        photos, run = self.folder / "photos", self.folder / "run"
        self.place("photos", photos)
        assert main(["train", str(photos), "--val-split", "0.2", "--out", str(run)]) == 0
        return run


class Page:
    """A page's folder, to run its steps in.

    path: of the page in the project. runs: `Runs`.
    """

    def __init__(self, path, folder, runs, monkeypatch):
        self.path, self.folder, self.runs, self.monkeypatch = path, folder, runs, monkeypatch
        self.names, self.serving = {}, Serving(monkeypatch)
        shutil.copytree(ROOT / "samples", folder / "samples", ignore=shutil.ignore_patterns("__pycache__"))
        monkeypatch.chdir(folder)
        monkeypatch.setenv("PWD", str(folder))

    def place(self, name):
        """The path of what a name of PLACES or RUNS stands for, in this page's folder."""
        path = self.folder / name.strip("/")
        if not path.exists():
            self.runs.place(name, path)
        return path

    def run(self, step):
        """Runs a Step; raises what goes wrong."""
        if step.is_python:
            if self.path.as_posix() not in PYTHON_ELSEWHERE:
                self._python(step)
        elif not any(step.text.startswith(beginning) for beginning in NOT_RUN):
            self._command(step.text)
        else:
            check_not_run(shlex.split(step.text, comments=True), self.path.parent)

    def close(self):
        self.serving.close()
        plt.close("all")

    def _command(self, text):
        words = [os.path.expandvars(word) for word in shlex.split(text, comments=True)]
        while "=" in words[0]:
            self.monkeypatch.setenv(*words.pop(0).split("=", 1))
        program = words[0].removeprefix("!")
        if program == "pip":
            check_pip(words)
        elif program == "make":
            check_make(words)
        elif program == "docker":
            self.serving.compose(words, self.folder)
        elif "curl" in words:
            self._make(words)
            self.serving.curl(text)
        elif program in ("mrcnn", "python"):
            self._make(words[2:])
            words = [self._here(word, text) for word in words[1:]]
            words = [part for word in words for part in word]
            self._once(program, words)
        else:
            raise AssertionError(f"nothing in tests/docs says how {program!r} is run")

    def _once(self, program, words):
        """Runs a command, unless the same one has run: then copies what it made."""
        script = self._script(words[0]) if program == "python" else None
        key = (program, str(script and script.relative_to(self.folder)), *words[bool(script) :])
        before = {*self.folder.iterdir()}
        if key in self.runs.done:
            for made in self.runs.done[key]:
                path = self.folder / made.name
                if not path.exists():
                    (shutil.copytree if made.is_dir() else shutil.copy)(made, path)
            return
        status = self._script_status(script, words[1:]) if script else main(words)
        assert status == 0, f"it ended with the exit status {status}"
        self.runs.done[key] = {*self.folder.iterdir()} - before

    def _make(self, words):
        """Makes what is named among the words and is not there yet."""
        for option, word in zip(["", *words], words, strict=False):
            name = word.rstrip("/")
            known = (
                [name]
                if name in {*PLACES, *RUNS}
                else [part for part in PLACES if glob.fnmatch.fnmatch(f"{part}/", word)]
            )
            if option in OUTPUTS:
                continue
            for one in known:
                self.place(one)
            if not known and (ROOT / word).is_file() and not (self.folder / word).exists():
                (self.folder / word).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / word, self.folder / word)

    def _here(self, word, text):
        """The words that a shell makes of one: a pattern that is not in quotes is the files that match it."""
        if word.startswith(MOUNTED):
            return [f"{self.folder}{word}"]
        quoted = any(f"{mark}{word}{mark}" in text for mark in "'\"")
        return sorted(glob.glob(word)) or [word] if glob.has_magic(word) and not quoted else [word]

    def _script(self, name):
        """A script: from the project's folder, or from that of the page."""
        places = [self.folder / name, self.folder / self.path.parent / name]
        (path,) = [path for path in places if path.is_file()] or [None]
        assert path, f"there is no {name}"
        return path

    def _script_status(self, path, words):
        folder = path.parent
        with self.monkeypatch.context() as patch:
            patch.setattr(sys, "argv", [str(path), *words])
            patch.setattr(sys, "path", [str(folder), *sys.path])
            make_scripts_small(patch)
            try:
                if "\ndef main(" not in path.read_text(encoding="utf-8"):
                    runpy.run_path(str(path), run_name="__main__")
                    return 0
                spec = importlib.util.spec_from_file_location(path.stem, path)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                do_once(module, patch)
                module.main()
                return 0
            except SystemExit as end:
                return end.code or 0
            finally:
                self._forget_modules()

    def _forget_modules(self):
        """Samples have modules of the same names."""
        samples = str(self.folder / "samples")
        for name, module in list(sys.modules.items()):
            paths = [vars(module).get("__file__") or "", *vars(module).get("__path__", ())]
            if any(str(path).startswith(samples) for path in paths):
                del sys.modules[name]

    def _python(self, step):
        tree = ast.parse(step.text)
        outputs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "out"}
        texts = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        self._make([node.value for node in texts if id(node) not in outputs])
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)} | {
            (alias.asname or alias.name) for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
        }
        for name in {node.id for node in names} - stored - {*self.names}:
            if name in NAMES:
                self.names[name] = NAMES[name](self)
        exec(compile(tree, f"{self.path}, line {step.line}", "exec"), self.names)
