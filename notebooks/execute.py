"""Executes a notebook and writes it with its outputs: python notebooks/execute.py notebooks/01_quickstart.ipynb

The notebook's own files go to a temporary folder. Needs nbclient and ipykernel.
"""

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]


def tidy(outputs):
    """Printed text in one piece, without progress and without stderr: TensorFlow's messages about the processor."""
    kept = []
    for output in outputs:
        if output.output_type != "stream":
            kept.append(output)
        elif output.name == "stdout" and kept and kept[-1].output_type == "stream":
            kept[-1].text += output.text
        elif output.name == "stdout":
            kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = without_progress(output.text)
    return [output for output in kept if output.get("text") != ""]


def without_progress(text):
    """Without lines that a command overwrites (\\r goes back, ESC [K clears), those of steps, and TensorFlow's."""
    text = re.sub(r"[^\n]*\r(?:\x1b\[K)?", "", text.replace("\r\n", "\n"))
    return re.sub(r"(?m)^(epoch \d+ step |INFO:tensorflow:).*\n", "", text)


def execute(path, out, minutes, folder):
    """Runs the notebook `path` in `folder`, training for `minutes`; writes it to `out`."""
    notebook = nbformat.read(path, as_version=4)
    commands = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # `!mrcnn`
    environment = {**os.environ, "MRCNN_NOTEBOOK_MINUTES": str(minutes), "PATH": commands}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    client = NotebookClient(notebook, timeout=None, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times, which differ between runs
        if cell.cell_type == "code":
            cell.outputs = tidy(cell.outputs)
    nbformat.write(notebook, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--minutes", type=float, default=5, help="training time (default: 5)")
    parser.add_argument("--out", type=Path, help="default: the notebook itself")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        execute(args.notebook, args.out or args.notebook, args.minutes, temporary)
