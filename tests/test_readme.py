"""Commands, names and links of the README exist."""

import ast
import re
import shlex
from pathlib import Path

import pytest

from mrcnn_keras.cli.parser import _parser
from mrcnn_keras.config import PRESETS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    set(re.findall(r"^    (mrcnn [^\n#]+)", README, re.MULTILINE) + re.findall(r"`(mrcnn [^`]+)`", README))
)


def test_ci_calls_the_test_command_of_the_readme():
    assert re.search(r"^    make test ", README, re.MULTILINE)
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("\nmake test")


@pytest.mark.parametrize("command", COMMANDS)
def test_parser_takes_command_of_the_readme(command):
    options = _parser().parse_args(shlex.split(command)[1:])
    assert callable(options.run)


def test_readme_has_a_command_for_each_step_of_the_way():
    verbs = {command.split()[1] for command in COMMANDS}
    assert verbs >= {"demo", "inspect", "train", "detect", "evaluate", "convert", "export"}


def test_python_of_the_readme_parses():
    for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        ast.parse(block)


def test_all_presets_are_in_the_table():
    assert set(re.findall(r"^\| `([a-z0-9_]+)` \|", README, re.MULTILINE)) == set(PRESETS)
