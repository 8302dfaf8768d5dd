"""The requirements hold on every platform, and a wheel and an sdist leave nothing out."""

import re
import subprocess
import sys
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


def files(*folders):
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts}


def test_wheel_and_sdist_have_all_files(tmp_path):
    commands = ["egg_info", "--egg-base", tmp_path, "build_py", "--build-lib", tmp_path / "wheel"]
    subprocess.run([sys.executable, "setup.py", "-q", *commands], cwd=ROOT, check=True, capture_output=True)
    installed = {path.relative_to(tmp_path / "wheel").as_posix() for path in (tmp_path / "wheel").rglob("*.*")}
    assert installed == files("mrcnn_keras")
    sources = {*(tmp_path / "mrcnn_keras.egg-info" / "SOURCES.txt").read_text(encoding="utf-8").splitlines()}
    assert sources >= files("mrcnn_keras", "tests", "docs", "samples", "notebooks", "benchmarks", ".ci")
    assert sources >= {"LICENSE", "Makefile", "requirements.txt", "CONTRIBUTING.md", "CHANGELOG.md"}


def test_readme_names_the_python_versions_of_the_classifiers():
    setup, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("setup.py", "README.md"))
    *others, last = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', setup)
    assert f"with Python {', '.join(others)} and {last}," in readme
