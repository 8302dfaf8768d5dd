"""Each command and each block of Python of README, docs and samples runs as it is printed, page by page in order.

What is made smaller so that this takes minutes is in small.py; no word of a command is changed. What the commands name
is in the table of places.py, what cannot run in a test in those of standins.py.
"""

import matplotlib
import pytest

from tests.docs.places import film, published
from tests.docs.reading import steps
from tests.docs.running import Page, Runs
from tests.docs.small import make_small
from tests.docs.standins import ROOT, put_modules
from tests.graphs import op_by_op

PATHS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("samples/*/README.md"))]
STEPS = {path.relative_to(ROOT): steps(path.read_text(encoding="utf-8")) for path in PATHS}
PAGES = [page for page, found in STEPS.items() if found]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The `Runs` of all pages, in a package whose networks are thin, and which fetches weights from this computer."""
    folder = tmp_path_factory.mktemp("docs")
    matplotlib.use("agg")
    film(folder / "camera.mp4")
    with pytest.MonkeyPatch.context() as patch, published(patch, folder / "published"), op_by_op():
        make_small(patch, folder / "camera.mp4")
        put_modules(patch)
        yield Runs(folder)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_page_runs_as_printed(page, runs, tmp_path, monkeypatch):
    running = Page(page, tmp_path, runs, monkeypatch)
    try:
        for step in STEPS[page]:
            print(f"--- {page}, line {step.line}: {step.text}", flush=True)
            try:
                running.run(step)
            except (Exception, SystemExit) as error:
                pytest.fail(f"{page}, line {step.line}: {step.text}\n{type(error).__name__}: {error}")
    finally:
        running.close()
