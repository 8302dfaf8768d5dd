"""The page of an evaluation in a browser: filters, slider, keyboard, and that nothing from outside does anything."""

import numpy as np
import pytest

from mrcnn_keras.detections import Detections
from mrcnn_keras.report import Chart, Confusion, Curve, Picture, Table, write_report

EVIL = "</script><img src=x onerror=\"window.hacked='yes'\">"
CAT, DOG = 1, 2
NAMES = ["background", "cat", f"dog {EVIL}"]
GREY = np.full((40, 80, 3), 90, np.uint8)


def instances(*places, scores=None):
    """Detections of squares of 12 x 12 pixels: (class id, left) each."""
    masks = np.zeros((40, 80, len(places)), bool)
    for i, (_, left) in enumerate(places):
        masks[10:22, left : left + 12, i] = True
    return Detections.from_masks(masks, np.array([kind for kind, _ in places], int), scores)


def examples():
    """Three pictures: a cat found and a dog missed; a cat taken for a dog, and one that is not there; nothing."""
    first = Picture(
        "one.png", lambda: GREY, instances((CAT, 5), (DOG, 50)), instances((CAT, 6), scores=[0.9]),
        outcomes=["right"], partners=[0], found_cells=[CAT], truth_cells=[CAT, 0],
    )  # fmt: skip
    second = Picture(
        f"two {EVIL}.png", lambda: GREY, instances((CAT, 5)), instances((DOG, 5), (CAT, 60), scores=[0.8, 0.3]),
        outcomes=["class", "background"], partners=[0, -1], found_cells=[CAT, -1], truth_cells=[DOG],
    )  # fmt: skip
    return [first, second, Picture("three.png", lambda: GREY, instances(), instances(scores=[]))]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("page") / "report.html"
    lines = [Curve(name, [0, 0.5, 1], [1, 0.7, 0], i) for i, name in enumerate(NAMES) if i]
    shown = write_report(
        out,
        title=f"evaluation {EVIL}",
        class_names=NAMES,
        facts={"model": EVIL},
        settings={"NAME": EVIL},
        rows=[{"epoch": 1, "loss": 2.0, "segm/AP": None}, {"epoch": 2, "loss": 1.0, "segm/AP": 0.25}],
        scores={"segm/AP": 0.25, "segm/APl": float("nan")},
        tables=[
            Table("Classes", ("class", "objects", "AP"), [("cat", 12, 0.5), (EVIL, 9, 0.75), ("yak", 0, float("nan"))])
        ],
        charts=[Chart("precision", "recall", "precision", lines)],
        confusion=Confusion([[0, 0, 0], [0, 1, 1], [1, 0, 0]], 0.5, 0.5),
        pictures=examples(),
        shown=3,
        min_score=0.5,
    )
    assert shown == 3
    return out


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    yield browser
    said = [event for event in browser.events if event[0] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled")]
    assert not said
    assert not complaints(browser)
    asked = [params["request"]["url"] for name, params in browser.events if name == "Network.requestWillBeSent"]
    assert {url.split(":")[0] for url in asked if url != page.as_uri()} <= {"data"}
    assert asked


def complaints(browser):
    entries = [params["entry"] for name, params in browser.events if name == "Log.entryAdded"]
    return [entry["text"] for entry in entries if entry["level"] == "error"]


def names(browser):
    return browser.evaluate("[...document.querySelectorAll('#pictures .name')].map(e => e.textContent.slice(0, 5))")


def choose(browser, id_, value, event="input"):
    browser.evaluate(
        f"(() => {{ const e = document.querySelector({id_!r}); if (e.type === 'radio') e.checked = true; "
        f"else e.value = {value!r}; e.dispatchEvent(new Event({event!r}, {{ bubbles: true }})); }})()"
    )
    browser.settle()


def pixel(browser, picture, side, x, y=16):
    """[red, green, blue, alpha] of what is drawn over a pixel of a picture."""
    return browser.evaluate(
        f"(() => {{ const c = document.querySelector('[data-rank=\"{picture}\"] canvas[data-side={side}]'); "
        f"const at = v => Math.round(v * c.width / 80); "
        f"return [...c.getContext('2d').getImageData(at({x}), at({y}), 1, 1).data]; }})()"
    )


def scrolled(browser):
    browser.evaluate("document.getElementById('gallery').scrollIntoView({ behavior: 'instant' })")
    browser.evaluate("new Promise(done => setTimeout(done, 100))")
    return browser


def test_text_from_outside_does_nothing_and_is_shown_in_full(opened):
    assert opened.evaluate("window.hacked") is None
    assert opened.evaluate("document.querySelectorAll('img[src=x]').length") == 0
    assert opened.evaluate("document.querySelector('h1').textContent") == f"evaluation {EVIL}"
    assert opened.evaluate("document.querySelectorAll('.name')[1].textContent") == f"two {EVIL}.png"
    assert opened.evaluate("document.querySelector('#by-class option:last-child').textContent") == NAMES[DOG]


def test_the_filters_filter(opened):
    assert names(opened) == ["one.p", "two <", "three"]
    choose(opened, "#by-class", "1")
    assert names(opened) == ["one.p", "two <"]
    choose(opened, "input[value=missed]", "")
    assert names(opened) == []  # the missed object is a dog
    choose(opened, "#by-class", "2")
    assert names(opened) == ["one.p"]
    choose(opened, "input[value=class]", "")
    assert names(opened) == ["two <"]
    choose(opened, "input[value=background]", "")
    assert names(opened) == []  # it is a cat, and scores 0.3
    choose(opened, "#by-class", "")
    choose(opened, "#by-score", "0.2")
    assert names(opened) == ["two <"]
    opened.evaluate("document.querySelector('button[type=reset]').click()")
    opened.settle()
    assert names(opened) == ["one.p", "two <", "three"]


def test_a_number_of_the_confusion_matrix_shows_its_pictures(opened):
    assert opened.evaluate("[...document.querySelectorAll('.cell')].map(e => e.dataset.cell)") == ["1 1", "1 2", "2 0"]
    for cell, expected in {"1 1": ["one.p"], "1 2": ["two <"], "2 0": ["one.p"]}.items():
        opened.evaluate(f"document.querySelector('[data-cell=\"{cell}\"]').click()")
        assert names(opened) == expected
    assert "found: nothing" in opened.evaluate("document.activeElement.textContent")
    opened.evaluate("document.activeElement.click()")
    assert len(names(opened)) == 3


def test_the_slider_changes_what_is_drawn(opened):
    scrolled(opened)
    right, missed = pixel(opened, 0, "found", 12), pixel(opened, 0, "truth", 56)
    assert right[3] > 60
    assert right[1] > right[0]  # green
    assert missed[2] > missed[1] > missed[0]  # blue
    assert pixel(opened, 0, "found", 56)[3] == 0
    assert pixel(opened, 1, "found", 66)[3] == 0  # it scores 0.3
    choose(opened, "#by-score", "0.25")
    assert pixel(opened, 1, "found", 66)[3] > 60
    assert pixel(opened, 0, "found", 12) == right
    choose(opened, "#by-score", "0.95")
    assert pixel(opened, 0, "found", 12)[3] == 0
    assert pixel(opened, 0, "truth", 12) == missed  # what found it is below the threshold now
    assert opened.evaluate("document.querySelector('[data-count=missed]').textContent") == "3"


def test_views(opened):
    scrolled(opened)
    choose(opened, "input[value=truth]", "")
    assert opened.evaluate("document.querySelectorAll('#pictures canvas').length") == 3
    choose(opened, "input[value=over]", "")
    opened.evaluate("new Promise(done => setTimeout(done, 100))")
    assert pixel(opened, 0, "over", 12)[3] > 60


def test_by_keyboard(opened):
    opened.evaluate("document.getElementById('by-score').focus()")
    opened.press("ArrowRight")
    assert opened.evaluate("document.getElementById('score').textContent") == "0.51"
    opened.press("Tab")
    active = "document.activeElement.querySelector('.name')?.textContent.slice(0, 5)"
    assert opened.evaluate(active) == "one.p"
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    opened.press("ArrowRight")
    assert opened.evaluate(active) == "two <"
    opened.press("End")
    assert opened.evaluate(active) == "three"
    opened.press("ArrowLeft")
    opened.press("Enter")
    assert opened.evaluate("document.getElementById('viewer').open")
    assert opened.evaluate("document.getElementById('viewer-what').textContent").startswith(
        "Picture 2 of 3: 1 wrong class"
    )
    opened.press("ArrowRight")
    assert opened.evaluate("document.getElementById('viewer-name').textContent") == "three.png"
    opened.press("Escape")
    assert not opened.evaluate("document.getElementById('viewer').open")
    assert opened.evaluate(active) == "three"


def test_every_control_has_a_name(opened):
    without = opened.evaluate(
        "[...document.querySelectorAll('button:not([hidden]), input, select')]"
        ".filter(e => !e.textContent.trim() && !e.getAttribute('aria-label') && !(e.labels?.length)).length"
    )
    assert without == 0


def test_a_table_is_sorted_by_a_click(opened):
    first = "[...document.querySelectorAll('.sortable')[0].tBodies[0].rows].map(row => row.cells[1].textContent)"
    heading = "document.querySelectorAll('.sortable')[0].tHead.rows[0].cells[{}].firstChild.click()"
    opened.evaluate(heading.format(2))
    assert opened.evaluate(first) == ["9", "12", "0"]  # by AP, a class without objects at the end
    opened.evaluate(heading.format(1))
    assert opened.evaluate(first) == ["12", "9", "0"]
    opened.evaluate(heading.format(1))
    assert opened.evaluate(first) == ["0", "9", "12"]


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(browser, page, width):
    browser.open(page, width)
    browser.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    browser.evaluate("document.querySelector('.card').click()")
    assert browser.evaluate("viewer.scrollWidth - viewer.clientWidth") == 0


def test_light_and_dark(browser, page):
    ground = "getComputedStyle(document.body).backgroundColor"
    browser.open(page)
    light = browser.evaluate(ground)
    browser.evaluate("document.getElementById('theme').click()")
    dark = browser.evaluate(ground)
    browser.open(page, dark=True)
    assert browser.evaluate(ground) == dark != light
    browser.evaluate("document.getElementById('theme').click()")
    assert browser.evaluate(ground) == light


def test_the_browser_itself_would_refuse_requests_and_scripts(browser, page):
    browser.open(page)
    assert browser.evaluate("fetch('https://example.org').then(() => 'sent', () => 'refused')") == "refused"
    browser.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.hacked = 1'}))"
    )
    assert browser.evaluate("window.hacked") is None
    assert len(complaints(browser)) >= 2
    assert all("Content Security Policy" in text for text in complaints(browser))
