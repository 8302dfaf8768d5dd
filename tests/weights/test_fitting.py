"""What a model takes of a file's values, decided by paths and shapes alone; the report in words and in JSON."""

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.fitting import LoadReport, fit

CURE = "make the model with Config.preset('x')"
MODEL = {
    "stem_conv/kernel": (7, 7, 3, 8),
    "stem_norm/gamma": (8,),
    "stem_norm/beta": (8,),
    "rpn/logits/kernel": (1, 1, 12, 3),
    "rpn/logits/bias": (3,),
    "rpn/deltas/kernel": (1, 1, 12, 12),
    "rpn/deltas/bias": (12,),
    "box_head/class_logits/kernel": (10, 4),
    "box_head/class_logits/bias": (4,),
    "box_head/deltas/kernel": (10, 16),
    "box_head/deltas/bias": (16,),
    "mask_head/logits/kernel": (1, 1, 12, 4),
    "mask_head/logits/bias": (4,),
}
CLASSES = [path for path in MODEL if path.startswith(("box_head", "mask_head"))]
ANCHORS = [path for path in MODEL if path.startswith("rpn")]
HEADS = sorted({path.rpartition("/")[0] for path in [*CLASSES, *ANCHORS]})

OTHER = "another number of classes"
LACKS = "the file has no such layer"


def fitted(file, model=MODEL, left_over=()):
    values = {path: SimpleNamespace(shape=shape) for path, shape in file.items()}
    return fit("some.pth", model, values, dict(left_over), CURE)


def refused(file, model=MODEL):
    with pytest.raises(UserError) as caught:
        fitted(file, model)
    assert str(caught.value).startswith("some.pth ")
    assert str(caught.value).endswith(f"; {CURE}")
    return str(caught.value)


def other_count(paths, more):
    """MODEL, with other last axes of these paths."""
    return {path: (*shape[:-1], shape[-1] + more) if path in paths else shape for path, shape in MODEL.items()}


def test_fit_of_the_same_model():
    report = fitted(MODEL)
    assert report.loaded == list(MODEL)
    assert report.complete
    assert not report.left_over


@pytest.mark.parametrize("more", [-1, 5])
@pytest.mark.parametrize(
    ("paths", "reason"), [(CLASSES, "another number of classes"), (ANCHORS, "another number of anchors per cell")]
)
def test_fit_replaces_other_numbers_of_classes_and_anchors(paths, reason, more):
    report = fitted(other_count(paths, more))
    assert report.replaced == dict.fromkeys(paths, reason)
    assert report.loaded == [path for path in MODEL if path not in paths]
    assert not report.missing
    assert not report.complete


def test_fit_replaces_another_number_of_mask_cells():
    model = {"mask_head/fc1/kernel": (10, 8), "mask_head/maps/kernel": (8, 12)}
    report = fitted({**model, "mask_head/maps/kernel": (8, 48)}, model)
    assert report.replaced == {"mask_head/maps/kernel": "another number of classes, or of cells per mask"}
    assert report.loaded == ["mask_head/fc1/kernel"]


def test_fit_replaces_another_number_of_keypoints():
    model = {"keypoint_head/conv1/kernel": (3, 3, 10, 8), "keypoint_head/maps/kernel": (4, 4, 3, 8)}
    report = fitted({**model, "keypoint_head/maps/kernel": (4, 4, 17, 8)}, model)
    assert report.replaced == {"keypoint_head/maps/kernel": "another number of keypoints"}
    assert report.loaded == ["keypoint_head/conv1/kernel"]


@pytest.mark.parametrize("path", ["stem_conv/kernel", "stem_norm/gamma"])
def test_fit_refuses_another_size_elsewhere(path):
    message = refused(other_count([path], 1))
    assert f"has {path} of shape {other_count([path], 1)[path]}, where this model has {MODEL[path]}" in message


@pytest.mark.parametrize("parts", [["gamma"], ["gamma", "beta", "moving_mean"], ["bias"]])
def test_fit_refuses_other_parts_of_a_layer(parts):
    file = {path: shape for path, shape in MODEL.items() if not path.startswith("stem_norm/")}
    file |= {f"stem_norm/{part}": (8,) for part in parts}
    message = refused(file)
    assert f"has {', '.join(sorted(parts))} in layer stem_norm, where this model has beta, gamma" in message


def test_fit_reports_layers_that_one_side_lacks():
    whole = {**MODEL, "box_head/fc2/kernel": (10, 10), "box_head/fc2/bias": (10,)}
    report = fitted(whole, left_over={"x.num_batches_tracked": "a counter"})
    reason = "the model has no such layer"
    assert report.left_over == {
        "x.num_batches_tracked": "a counter",
        "box_head/fc2/kernel": reason,
        "box_head/fc2/bias": reason,
    }
    report = fitted(MODEL, whole)
    assert report.missing == dict.fromkeys(["box_head/fc2/kernel", "box_head/fc2/bias"], "the file has no such layer")
    assert report.loaded == list(MODEL)


def test_fit_refuses_a_deeper_or_shallower_backbone():
    """ResNet-101 has all layers of ResNet-50, in the same sizes."""
    deeper = {**MODEL, "res4_6_conv1/kernel": (1, 1, 8, 8)}
    assert "has res4_6_conv1, which this model's backbone does not have" in refused(deeper)
    assert "lacks res4_6_conv1, where this model's backbone has it" in refused(MODEL, deeper)


def test_fit_of_a_file_without_backbone():
    heads = {path: shape for path, shape in MODEL.items() if not path.startswith("stem_")}
    assert {*fitted(heads).missing} == {path for path in MODEL if path.startswith("stem_")}


@pytest.mark.parametrize("file", [{}, {"other/kernel": (3,)}])
def test_fit_refuses_a_file_that_fits_nothing(file):
    assert refused(file) == f"some.pth fits nothing in this model; {CURE}"


def test_fit_refuses_heads_alone_that_do_not_fit():
    heads = {path: shape for path, shape in other_count(CLASSES, 1).items() if path in CLASSES}
    assert "fits nothing" in refused(heads)


@given(parts=st.sets(st.sampled_from(["stem_", *HEADS])), more=st.integers(0, 3))
def test_fit_reports_every_variable_and_value_once(parts, more):
    """Each variable of the model, and each value of the file, is in exactly one of the report's groups."""
    file = {path: shape for path, shape in other_count(CLASSES, more).items() if path.startswith((*parts, "none"))}
    file["extra/kernel"] = (1,)
    try:
        report = fitted(file)
    except UserError as error:
        assert "fits nothing" in str(error)  # noqa: PT017
        return
    assert sorted([*report.loaded, *report.replaced, *report.missing]) == sorted(MODEL)
    assert sorted([*report.loaded, *report.replaced, *report.left_over]) == sorted(file)


def test_load_report_is_complete_without_missing_and_replaced_variables():
    report = LoadReport("x.pth", loaded=["a/kernel", "a/bias"])
    assert report.complete
    assert str(report) == "x.pth: 2 of the model's 2 variables loaded"
    assert LoadReport("x.pth", loaded=["a/kernel"], left_over={"b": "a counter"}, notes=["A note"]).complete
    for group in ("replaced", "missing"):
        assert not LoadReport("x.pth", loaded=["a/kernel"], **{group: {"b/kernel": "a reason"}}).complete


def test_load_report_in_words():
    """One line per reason, each layer once, by its name; names without a slash stay."""
    report = LoadReport(
        "x.pth",
        loaded=["a/kernel"],
        replaced={"h/deltas/kernel": OTHER, "h/deltas/bias": OTHER, "rpn/kernel": "another number of anchors"},
        missing={"b/kernel": LACKS},
        left_over={"x.num_batches_tracked": "a counter"},
        notes=["it was trained otherwise"],
    )
    assert str(report).splitlines() == [
        "x.pth: 1 of the model's 5 variables loaded",
        "  re-initialised: h/deltas (another number of classes)",
        "  re-initialised: rpn (another number of anchors)",
        "  not in the file, re-initialised: b (the file has no such layer)",
        "  in the file, not used: x.num_batches_tracked (a counter)",
        "note: it was trained otherwise",
    ]


@pytest.mark.parametrize(("count", "end"), [(4, "c, d"), (5, "c, d and 1 more"), (9, "c, d and 5 more")])
def test_load_report_counts_many_layers(count, end):
    missing = {f"{layer}/{part}": LACKS for layer in "abcdefghi"[:count] for part in ("kernel", "bias")}
    line = str(LoadReport("x.pth", missing=missing)).splitlines()[1]
    assert line == f"  not in the file, re-initialised: a, b, {end} (the file has no such layer)"


def test_load_report_as_json():
    report = LoadReport("x.pth", ["a/kernel"], {"h/bias": OTHER}, {"b/bias": LACKS}, {"c": "a counter"}, ["A note"])
    assert json.loads(json.dumps(report.as_dict())) == {
        "source": "x.pth",
        "loaded": 1,
        "replaced": {"h/bias": OTHER},
        "missing": {"b/bias": LACKS},
        "left_over": {"c": "a counter"},
        "notes": ["A note"],
    }
