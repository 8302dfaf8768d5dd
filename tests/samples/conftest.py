"""Programs of samples in this process, with thin models."""

import importlib
import sys

import pytest

from mrcnn_keras.cli import main as command
from tests.samples.loading import LEARNING, sample
from tests.tiny import TINY, as_options


@pytest.fixture
def words(monkeypatch):
    """A function: module of a sample, words -> runs its `main` with them."""

    def run(module, *given):
        monkeypatch.setattr(sys, "argv", [module.__name__, *map(str, given)])
        module.main()

    return run


@pytest.fixture
def main(monkeypatch, without_graphs, words):
    """A function: path of a sample, words -> runs its `main` with these words and a thin model.

    Its own process would take as long to begin as the sample takes to run, and graphs longer.
    """

    def run_main(path, *given):
        module = sample(path)
        if hasattr(module, "make_config"):
            thin = {"BACKBONE_WIDTH": 16, "BACKBONE_NORM": "frozen_bn", "HEAD_NORM": "none"}
            make_config = module.make_config
            monkeypatch.setattr(module, "make_config", lambda data: make_config(data).replace(**thin))
        words(module, *given)

    return run_main


@pytest.fixture
def in_process(monkeypatch, without_graphs):
    """The command of the samples in this process, with a thin model; the list of its calls."""
    monkeypatch.syspath_prepend(LEARNING.parent)
    subsets = importlib.import_module("subsets")
    calls = []

    def mrcnn(*words):
        calls.append(words[0])
        fresh = words[0] == "train" and "--resume" not in words
        assert command([*map(str, words), *(as_options(TINY) if fresh else [])]) == 0

    monkeypatch.setattr(subsets, "mrcnn", mrcnn)
    return calls
