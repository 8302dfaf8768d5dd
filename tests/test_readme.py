"""Commands, names and links of the README exist."""

import ast
import re
import shlex
from pathlib import Path

import pytest

import mrcnn_keras as mk
from mrcnn_keras.cli.parser import _parser
from mrcnn_keras.config import PRESETS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    set(re.findall(r"^    (mrcnn [^\n#]+)", README, re.MULTILINE) + re.findall(r"`(mrcnn [^`]+)`", README))
)
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_ci_calls_the_test_command_of_the_readme():
    assert re.search(r"^    make test ", README, re.MULTILINE)
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("\nmake test")


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command):
    options = _parser().parse_args(shlex.split(command)[1:])
    assert callable(options.run)


def test_there_are_commands_for_all_of_the_way():
    verbs = {command.split()[1] for command in COMMANDS}
    assert verbs >= {"demo", "inspect", "train", "detect", "evaluate", "convert", "export"}


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_python_uses_names_that_exist(block):
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mk":
            assert hasattr(mk, node.attr), node.attr


def test_all_presets_are_in_the_table():
    assert set(re.findall(r"^\| `([a-z0-9_]+)` \|", README, re.MULTILINE)) == set(PRESETS)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
