"""The words and the JSON of a LoadReport."""

import json

import pytest

from mrcnn_keras.weights.fitting import LoadReport

CLASSES = "another number of classes"
LACKS = "the file has no such layer"


def test_complete():
    report = LoadReport("x.pth", loaded=["a/kernel", "a/bias"])
    assert report.complete
    assert str(report) == "x.pth: 2 of the model's 2 variables loaded"


@pytest.mark.parametrize("group", ["replaced", "missing"])
def test_not_complete(group):
    assert not LoadReport("x.pth", loaded=["a/kernel"], **{group: {"b/kernel": "a reason"}}).complete


def test_left_over_and_notes_leave_it_complete():
    assert LoadReport("x.pth", loaded=["a/kernel"], left_over={"b": "a counter"}, notes=["A note"]).complete


def test_words():
    """A line for each reason, each layer once, by the layers' names; names without a slash stay."""
    report = LoadReport(
        "x.pth",
        loaded=["a/kernel"],
        replaced={"h/deltas/kernel": CLASSES, "h/deltas/bias": CLASSES, "rpn/kernel": "another number of anchors"},
        missing={"b/kernel": LACKS},
        left_over={"x.num_batches_tracked": "a counter"},
        notes=["it was trained otherwise"],
    )
    assert str(report).splitlines() == [
        "x.pth: 1 of the model's 5 variables loaded",
        "  made anew: h/deltas (another number of classes)",
        "  made anew: rpn (another number of anchors)",
        "  not in the file, made anew: b (the file has no such layer)",
        "  of the file not used: x.num_batches_tracked (a counter)",
        "note: it was trained otherwise",
    ]


@pytest.mark.parametrize(("count", "end"), [(4, "c, d"), (5, "c, d and 1 more"), (9, "c, d and 5 more")])
def test_many_layers_are_counted(count, end):
    missing = {f"{layer}/{part}": LACKS for layer in "abcdefghi"[:count] for part in ("kernel", "bias")}
    line = str(LoadReport("x.pth", missing=missing)).splitlines()[1]
    assert line == f"  not in the file, made anew: a, b, {end} (the file has no such layer)"


def test_json():
    report = LoadReport("x.pth", ["a/kernel"], {"h/bias": CLASSES}, {"b/bias": LACKS}, {"c": "a counter"}, ["A note"])
    assert json.loads(json.dumps(report.as_dict())) == {
        "source": "x.pth",
        "loaded": 1,
        "replaced": {"h/bias": CLASSES},
        "missing": {"b/bias": LACKS},
        "left_over": {"c": "a counter"},
        "notes": ["A note"],
    }
