"""README has the commands of the whole way, and docs all presets; tests/docs runs them."""

import re
from pathlib import Path

from mrcnn_keras.config import PRESETS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_ci_calls_the_test_command_of_the_readme():
    assert re.search(r"^    make test ", README, re.MULTILINE)
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("\nmake test")


def test_readme_has_a_command_for_each_step_of_the_way():
    verbs = set(re.findall(r"^    mrcnn (\w+)", README, re.MULTILINE))
    assert verbs >= {"inspect", "train", "detect", "export"}


def test_all_presets_are_in_the_table():
    page = (ROOT / "docs" / "presets.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z0-9_]+)` \|", page, re.MULTILINE)) == set(PRESETS)
