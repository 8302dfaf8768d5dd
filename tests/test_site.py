"""The documentation's site builds without a warning, and asks no other host for anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    for module in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert not built.returncode, built.stderr[-3000:]
    return folder


def test_every_page_of_docs_is_in_it(site):
    pages = {path.stem for path in site.glob("*.html")}
    assert pages >= {path.stem for path in (ROOT / "docs").glob("*.md")} | {"index", "CHANGELOG"}
    assert 'id="mrcnn_keras.model.mask_rcnn.MaskRCNN.detect"' in (site / "reference.html").read_text(encoding="utf-8")


def test_links_lead_to_files_of_the_site(site):
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for target in re.findall(r'(?:href|src)="(?!\w+:|#|/)([^"#?]+)', text):
            if path.name != "404.html":
                assert (path.parent / target).exists(), f"{path.relative_to(site)}: {target}"


def test_no_page_asks_another_host(site):
    loads = r'(?:<(?:script|img|iframe)[^>]+src|<link[^>]+rel="stylesheet"[^>]+href)="(https?:[^"]+)'
    for path in site.rglob("*.html"):
        assert re.findall(loads, path.read_text(encoding="utf-8")) == [], path.name
