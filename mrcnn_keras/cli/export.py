"""mrcnn export: writes a model for serving and checks that it returns what the model does."""

from pathlib import Path

from mrcnn_keras.cli.data_argument import DataArgument
from mrcnn_keras.cli.export_check import check_export
from mrcnn_keras.cli.inputs import find_files
from mrcnn_keras.cli.measured import fit_to_model, load_measured
from mrcnn_keras.cli.models import load_model
from mrcnn_keras.cli.proposals import check_wanted, of_file, read_files
from mrcnn_keras.data import SUFFIXES as PICTURES
from mrcnn_keras.data import find_subsets, read_image
from mrcnn_keras.errors import UserError
from mrcnn_keras.export import onnx, saved_model, tflite

EXPORTERS = {"savedmodel": saved_model, "tflite": tflite, "onnx": onnx}
MOST_MEASURED = 100  # pictures of --calibrate; more change nothing
# Options that an exporter does not have, and why.
NO_USE = {
    ("savedmodel", "quantize"): "a SavedModel has float32 weights",
    ("savedmodel", "image_size"): "a SavedModel takes pictures of any size",
    ("onnx", "quantize fp16"): "an ONNX file has weights in float32 or int8",
    ("onnx", "quantize int8_weights"): "an ONNX file has weights in float32 or int8",
    ("onnx", "image_size"): "an ONNX file takes pictures of any size",
    ("onnx", "masks"): "an ONNX file returns small maps",
    ("tflite", "masks"): "a TFLite file returns small maps",
    ("onnx", "precision"): "an ONNX file computes in float32",
    ("tflite", "precision"): "a TFLite file computes in float32, or as --quantize says",
    ("savedmodel", "calibrate"): "a SavedModel has float32 weights",
    ("tflite", "calibrate"): "a TFLite file measures ranges while it runs",
}


def export_model(model_path, kind, out, options, checked=(), proposals=(), settings=()):
    """Writes the model in the format `kind` to `out` and returns the figures.

    options: {"quantize": ..., "image_size": (H, W), "masks": ..., "precision": ..., "calibrate": files and folders},
    None if not given. checked: pictures and folders of them, or annotated data sets, to compare the model and the
    export on; the figures then include those of `check_export`. proposals: files with the proposals of the pictures,
    for a model that takes them. settings: as in `load_model`.
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        for words in (name, f"{name} {value}"):
            if (kind, words) in NO_USE:
                option = f"--{words.replace('_', '-', 1)}"
                raise UserError(f"{option} has no meaning with --to {kind}: {NO_USE[kind, words]}; leave it out")
    if "calibrate" in given:
        found = _pictures(given["calibrate"])
        chosen = found[:: -(-len(found) // MOST_MEASURED)]  # evenly spread
        print(f"measuring the ranges of numbers on {len(chosen)} of {len(found)} pictures", flush=True)
        given["calibrate"] = map(read_image, chosen)
    if proposals and not checked:
        raise UserError("--proposals goes with --check PICTURES; leave it out")
    annotated = bool(checked) and all(map(_has_annotations, checked))
    files = [] if annotated else _pictures(checked)
    model = load_model(model_path, settings, given.get("precision", "float32"))
    dataset = _fitting(checked, model, model_path, proposals) if annotated else None
    boxes = None
    if checked and dataset is None:
        files = files or _pictures(checked)
        check_wanted(model, model_path, proposals)
        known = read_files(proposals)
        boxes = [of_file(path, known) for path in files] if model.takes_proposals else None
    EXPORTERS[kind](model, out, **given)
    print(f"wrote {out}")
    figures = {"out": str(out)}
    if checked:
        figures |= check_export(model, out, kind, given.get("quantize", "none"), files, boxes, dataset)
    return figures


def _pictures(given):
    return [*find_files(given, PICTURES, "a picture or a folder of them")]


def _fitting(checked, model, model_path, proposals):
    """The Dataset of the annotated data given for --check, None where the annotations of a folder do not fit."""
    data = DataArgument(tuple(checked))
    try:
        dataset, where = load_measured(data)
        dataset = fit_to_model(dataset, data, model, model_path, proposals)
    except UserError as error:
        if any(Path(path).is_file() for path in checked):
            raise
        print(f"AP is not measured: {error}")
        return None
    print(f"comparing on {where}, whose annotations fit: AP of both is measured, too")
    return dataset


def _has_annotations(path):
    """Whether it is a data set, not a picture or folder of pictures; another file raises UserError."""
    path = Path(path)
    if path.suffix.lower() in PICTURES:
        return False
    try:
        find_subsets(path)
    except UserError:
        if path.is_file():
            raise
        return False
    return True
