"""The notebooks run from beginning to end, and are kept with their outputs."""

import importlib.util
from pathlib import Path

import pytest

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
FASTER = {
    "01_quickstart.ipynb": THIN
    | {
        "count=60": "count=8",
        "range(30)": "range(2)",
        "history = mk.train(": "model.compile(run_eagerly=True)\\nhistory = mk.train(",
    },
    "02_inspect_your_data.ipynb": {},
    "03_inside_the_model.ipynb": THIN
    | {"mk.train(model, data, minutes": "model.compile(run_eagerly=True)\\nmk.train(model, data, minutes"},
}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebooks_run(path, tmp_path):
    spec = importlib.util.spec_from_file_location("execute", ROOT / "notebooks" / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = path.read_text(encoding="utf-8")
    for setting, faster in FASTER[path.name].items():
        assert text.count(setting) == 1
        text = text.replace(setting, faster)
    (tmp_path / path.name).write_text(text, encoding="utf-8")
    module.execute(tmp_path / path.name, tmp_path / "executed.ipynb", minutes=0.01, folder=tmp_path)
    if path.name.startswith("01"):
        assert (tmp_path / "serving" / "shapes" / "1" / "saved_model.pb").exists()
