"""README and docs say what the code has: tables, names, settings, files."""

import re
from functools import reduce

import pytest

import mrcnn_keras as mk
from docs.tables import PLACE, ROOT, TABLES, documents, filled

PAGES = [*documents(), *ROOT.glob("C*.md"), *ROOT.glob("samples/*/README.md"), ROOT / "benchmarks" / "README.md"]
TEXTS = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in PAGES}
every_page = pytest.mark.parametrize("page", TEXTS)


@every_page
def test_tables_are_those_of_the_code(page):
    places = zip(PLACE.finditer(TEXTS[page]), PLACE.finditer(filled(TEXTS[page])), strict=True)
    stale = [committed[1] for committed, made in places if committed[0] != made[0]]
    assert not stale, f"{page}: the tables {stale} differ from what the code gives; run `python docs/tables.py`"


def test_every_generated_table_stands_on_one_page():
    assert sorted(place[1] for text in TEXTS.values() for place in PLACE.finditer(text)) == sorted(TABLES)


@every_page
def test_links_lead_to_files(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", TEXTS[page]):
        assert (ROOT / page).parent.joinpath(target).exists(), target


@every_page
def test_named_python_files_exist(page):
    folders = (ROOT, ROOT / "mrcnn_keras", (ROOT / page).parent)
    for path in re.findall(r"`(?:python )?([\w./]+\.py)\b", TEXTS[page]):
        assert any((folder / path).is_file() for folder in folders), path


@every_page
def test_named_settings_exist(page):
    known = mk.Config().to_dict()
    for name in re.findall(r"(?<=`)(?:--set )?([A-Z]+_[A-Z_]+)\b", TEXTS[page]):
        assert name in known or name.startswith("MRCNN_"), name


@every_page
def test_public_names_of_the_pages_exist(page):
    for name in re.findall(r"(?<![\w.])mk\.(\w+(?:\.\w+)*)", TEXTS[page]):
        reduce(getattr, name.split("."), mk)
