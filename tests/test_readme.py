"""Commands and names of README and docs exist."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from mrcnn_keras.cli.parser import _parser
from mrcnn_keras.config import PRESETS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
COMMANDS = sorted(
    {command for text in PAGES.values() for command in re.findall(r"^    (mrcnn [^\n#]+)", text, re.MULTILINE)}
    | {*re.findall(r"`(mrcnn [^`]+)`", README)}
)


def test_ci_calls_the_test_command_of_the_readme():
    assert re.search(r"^    make test ", README, re.MULTILINE)
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("\nmake test")


@pytest.mark.parametrize("command", COMMANDS)
def test_parser_takes_command_of_the_readme(command):
    options = _parser().parse_args(shlex.split(command)[1:])
    assert callable(options.run)


def test_readme_has_a_command_for_each_step_of_the_way():
    verbs = set(re.findall(r"^    mrcnn (\w+)", README, re.MULTILINE))
    assert verbs >= {"inspect", "train", "detect", "export"}


def test_python_of_readme_and_docs_parses():
    for text in PAGES.values():
        for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
            ast.parse(block)


def test_all_presets_are_in_the_table():
    assert set(re.findall(r"^\| `([a-z0-9_]+)` \|", PAGES["presets.md"], re.MULTILINE)) == set(PRESETS)
