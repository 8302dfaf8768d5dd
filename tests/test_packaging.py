"""The requirements hold on every platform, and an installation leaves no folder of the package out."""

from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
LINES = [line.partition("  #")[0] for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()]
REQUIREMENTS = [Requirement(line) for line in LINES if line and not line.startswith("#")]


@pytest.mark.parametrize(
    ("sys_platform", "platform_machine", "name"),
    [
        ("linux", "x86_64", "tensorflow-cpu"),
        ("linux", "aarch64", "tensorflow"),
        ("win32", "AMD64", "tensorflow-cpu"),
        ("darwin", "arm64", "tensorflow"),
    ],
)
def test_one_tensorflow_on_each_platform(sys_platform, platform_machine, name):
    platform = {"sys_platform": sys_platform, "platform_machine": platform_machine}
    chosen = [r.name for r in REQUIREMENTS if r.marker and r.marker.evaluate(platform)]
    assert chosen == [name]


def test_every_requirement_has_a_lower_and_an_upper_bound():
    for requirement in REQUIREMENTS:
        operators = sorted(specifier.operator for specifier in requirement.specifier)
        assert operators == ["<", ">="], requirement


def test_every_folder_of_the_package_is_installed():
    for folder in {path.parent for path in (ROOT / "mrcnn_keras").rglob("*.py")}:
        assert (folder / "__init__.py").is_file(), f"{folder} has no __init__.py, so setup.py leaves it out"
