"""The notebooks run from beginning to end, and are kept with their outputs."""

import base64
import importlib.util
import json
import shlex
from pathlib import Path

import pytest

from tests.graphs import AS_MADE
from tests.tiny import TINY, as_options

nbformat = pytest.importorskip("nbformat", reason="notebooks need nbclient and ipykernel: pip install -e .[test]")
pytest.importorskip("nbclient", reason="notebooks need nbclient and ipykernel: pip install -e .[test]")

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_are_small_and_have_outputs(path):
    assert path.stat().st_size < 1_000_000
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/jpeg" in output.get("data", {}) for output in outputs)
    assert not any(output.output_type == "error" for output in outputs)


# Fewer pictures, a smaller network and no graph of its training, by which the notebook takes a third of the time.
THIN = {"WARMUP_STEPS=50": "WARMUP_STEPS=50, BACKBONE_WIDTH=16, BACKBONE_NORM='frozen_bn', HEAD_NORM='none'"}
EAGER = "tensorflow.config.run_functions_eagerly"
# Commands run in the notebook's own process, and without graphs: both take far longer to begin than to run.
HERE = {
    "import mrcnn_keras as mk": f"""import mrcnn_keras as mk
import shlex
from mrcnn_keras.cli import main
{AS_MADE}
{EAGER}(True)
def run(line): assert main(shlex.split(get_ipython().var_expand(line, depth=1))[1:]) == 0
get_ipython().system = run"""
}
EXPORT = 'mk.export.saved_model(model, "serving/shapes/1", masks="png")'
# The tiny model finds nothing, so all that is annotated takes the place of what it found.
ALL_FOUND = """found = mk.evaluation.collect(model, val)
from dataclasses import replace
def seen(truth): return replace(truth, scores=np.linspace(0.9, 0.6, len(truth)))
found = replace(found, founds=[seen(truth) for truth in found.truths])"""
FASTER = {
    "01_quickstart.ipynb": THIN
    | {
        "count=60": "count=8",
        "range(30)": "range(2)",
        "history = mk.train(": "model.compile(run_eagerly=True)\nhistory = mk.train(",
    },
    "02_inspect_your_data.ipynb": {},
    "03_inside_the_model.ipynb": THIN
    | {"mk.train(model, data, minutes": "model.compile(run_eagerly=True)\nmk.train(model, data, minutes"},
    "04_train_on_your_own_data.ipynb": HERE
    | {
        "shapes(160,": "shapes(4,",
        "shapes(30,": "shapes(2,",
        "NEW_PHOTOS, shapes(20,": "NEW_PHOTOS, shapes(2,",
        "--suggest 4": "--suggest 2",
        "--epochs 12": "--epochs 1",
        "--image-size 128 --set TRAIN_ROIS_PER_IMAGE=48": shlex.join(as_options(TINY)),
        "--epochs 3": "--epochs 1",
    },
    "05_evaluate_and_find_errors.ipynb": HERE
    | {"count=60": "count=8", "range(20)": "range(2)", "found = mk.evaluation.collect(model, val)": ALL_FOUND},
    "06_export_and_serve.ipynb": HERE
    | {
        "range(10)": "range(2)",
        "range(6)": "range(2)",
        # Without graphs it would trace the network for each signature.
        EXPORT: f"{EAGER}(False); {EXPORT}; {EAGER}(True)",
        # tests/export writes and reads all of them.
        "mk.export.onnx(model,": "mk.export.onnx(None,",
        "mk.export.tflite(model, path)": "mk.export.tflite(None, path)",
        "mk.export.tflite(model, path, quantize": "mk.export.tflite(None, path, quantize",
        'mk.export.load_saved_model("serving/shapes/1")': "lambda image: model.detect([image])[0]",
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_run(path, tmp_path, monkeypatch, request):
    spec = importlib.util.spec_from_file_location("execute", ROOT / "notebooks" / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    notebook = nbformat.read(path, as_version=4)
    changes = FASTER[path.name]
    if path.name[:2] in ("05", "06"):  # they train the model of 01 and 03, unless there is one
        changes = changes | {'RUN = "shapes-run"': f"RUN = {str(request.getfixturevalue('trained'))!r}"}
    for setting, faster in changes.items():
        [cell] = [cell for cell in notebook.cells if cell.cell_type == "code" and setting in cell.source]
        assert cell.source.count(setting) == 1
        cell.source = cell.source.replace(setting, faster)
    nbformat.write(notebook, tmp_path / path.name)
    module.execute(tmp_path / path.name, tmp_path / "executed.ipynb", minutes=0.01, folder=tmp_path)
    if path.name.startswith("01"):
        assert (tmp_path / "serving" / "shapes" / "1" / "saved_model.pb").exists()
    if path.name.startswith("06"):  # the request is that of the client in samples/serving
        monkeypatch.syspath_prepend(ROOT / "samples" / "serving")
        body = json.loads((tmp_path / "request.json").read_text())
        files = [base64.b64decode(instance["b64"]) for instance in body["instances"]]
        assert body == importlib.import_module("rest_client").request(files, None, None)
