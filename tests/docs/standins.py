"""What stands in for programs and packages that a test cannot have, and what is checked of commands that do not run."""

import ast
import contextlib
import os
import re
import shutil
import socket
import subprocess
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import yaml
from packaging.requirements import Requirement

from mrcnn_keras.cli.parser import _parser

ROOT = Path(__file__).resolve().parents[2]

# Commands that are not run here, by how they begin, and why.
NOT_RUN = {
    "mrcnn demo": "takes ten minutes; tests/cli/test_demo.py runs it with two steps",
    "!mrcnn demo": "the same",
    "mrcnn evaluate RUN DATA --save-thresholds": "needs a model that finds objects; tests/cli/test_evaluate.py has one",
    "mrcnn detect RUN PICTURES --min-score best": "the same",
    "python balloon.py ": "tests/samples runs it on pictures of its format",
    "python coco.py ": "the same",
    "python custom.py ": "the same",
    "python webcam.py ": "the same",
    "python label_loop.py ": "the same",
    "python shapes.py ": "the same",
    "python nucleus.py ": "the same",
    "python pose.py ": "the same",
    "python web_page.py ": "waits for a browser; tests/samples/test_web.py asks it",
    "python cvat_nuclio.py ": "tests/samples/test_cvat.py runs it",
    "cvat-cli ": "needs a server; tests/samples/test_cvat.py calls the functions as it does",
    "nuctl ": "the same",
    "curl -LO ": "downloads gigabytes",
    "unzip ": "what was downloaded",
    "mkdir coco ": "for the download",
    "for part in ": "the download",
    "done ": "of the download",
    "py -m venv .venv": "makes an environment; that of `make test` is made in the same way",
    "python3 -m venv .venv": "the same",
    "python -m pytest ": "the tests run anyway",
    "python benchmarks/": "takes minutes; tests/test_benchmarks.py runs each at its smallest",
    "export TF_CONFIG=": "needs several machines; tests/training/test_workers.py has several processes",
    "mrcnn train /data/photos ": "the same; the parser takes its words",
    "ray start ": "needs Ray and machines; tests/samples/test_many_pictures.py has a cluster of this one",
}
# Pages whose Python is run by another test, with what it names.
PYTHON_ELSEWHERE = {
    "docs/other_tools.md": "tests/test_other_tools.py",
    "samples/coco/README.md": "tests/samples/test_coco.py",
}
# What `pip install` may name besides the package, its extras, and what they need.
PACKAGES = {
    "cvat-cli": "CVAT's own program",
    "fiftyone": "tests/test_other_tools.py has a stand-in",
    "sahi": "the same",
    "pillow-heif": "HEIC pictures; not tested",
    "tensorflow-serving-api": "for gRPC; see the end of requirements.txt",
}


def check_not_run(words, folder):
    """Of a command that is not run: mrcnn's parser takes it, a script is there, in the project or the page's folder."""
    if words[0].endswith("mrcnn"):
        _parser().parse_args(words[1:])
    elif words[0] == "python" and words[1].endswith(".py"):
        assert (ROOT / words[1]).is_file() or (ROOT / folder / words[1]).is_file(), words[1]


def check_pip(words):
    """`pip install`: what it names is what setup.py and requirements.txt have, with their versions where it has any."""
    assert words[1] == "install", words
    extras, known = _requirements()
    for option, word in zip(words[1:], words[2:], strict=False):
        if word in ("-r", "--no-deps", "-e"):
            continue
        if option == "-r":
            assert (ROOT / word).is_file(), word
            continue
        ours = re.fullmatch(r"(?:\.|mrcnn_keras)(?:\[([\w,]+)\])?", word)
        if ours:
            assert {*filter(None, (ours[1] or "").split(","))} <= {*extras}, word
            continue
        asked = Requirement(word)
        assert asked.name.lower() in {*known, *PACKAGES}, f"{word}: neither in setup.py nor in PACKAGES of {__file__}"
        if asked.specifier:
            assert any(asked.specifier == one.specifier for one in known[asked.name.lower()]), word


def _requirements():
    """-> the extras of setup.py, and {name: [Requirement]} of all that is required."""
    tree = ast.parse((ROOT / "setup.py").read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    (extras,) = (
        keyword.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "extras_require"
    )
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    texts |= {line.partition("  #")[0] for line in lines if line and not line.startswith("#")}
    known = {}
    for text in texts:
        if re.match(r"[\w.-]+(\[\w+\])?[<>=]", text):
            known.setdefault(Requirement(text).name.lower(), []).append(Requirement(text))
    return {key.value for key in extras.keys}, known


def check_make(words):
    """`make TARGET` exists and says what it would do."""
    done = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# Packages that are not installed for the tests: name -> function that makes a module with what the pages use.


def _albumentations():
    """Every augmentation is there, and none changes anything."""
    module = types.ModuleType("albumentations")
    module.Compose = lambda augmentations, **params: lambda **sample: sample
    module.__getattr__ = lambda name: lambda *given, **own: None
    return module


def _ray():
    """One worker, in this process; tests/samples/test_many_pictures.py has real ones."""

    class Rows(list):
        def map_batches(self, worker, fn_constructor_args, batch_size, concurrency, num_cpus, num_gpus):
            asked = worker(*fn_constructor_args)
            answers = [asked({name: [value] for name, value in row.items()}) for row in self]
            return Rows({name: values[0] for name, values in answer.items()} for answer in answers)

        def iter_rows(self):
            return iter(self)

    ray, data = types.ModuleType("ray"), types.ModuleType("ray.data")
    ray.__path__, ray.data = [], data
    ray.init = lambda **options: None
    data.DataContext = types.SimpleNamespace(get_current=types.SimpleNamespace)
    data.from_items = lambda items, override_num_blocks: Rows(items)
    return {"ray": ray, "ray.data": data}


def put_modules(monkeypatch):
    """Puts the packages above where `import` looks."""
    import sys

    for name, module in {"albumentations": _albumentations(), **_ray()}.items():
        monkeypatch.setitem(sys.modules, name, module)


class Serving:
    """TensorFlow Serving as `docker compose up` would start it; programs reach it at its usual ports."""

    def __init__(self, monkeypatch):
        self.monkeypatch, self.stack = monkeypatch, contextlib.ExitStack()
        self.ports = {}

    def compose(self, words, folder):
        """`docker compose -f FILE up` with MODEL_DIR in the environment."""
        assert words[:3] == ["docker", "compose", "-f"], words
        assert words[4:] == ["up"], words
        service = yaml.safe_load((folder / words[3]).read_text(encoding="utf-8"))["services"]["serving"]
        assert any(volume.startswith("${MODEL_DIR:") for volume in service["volumes"])
        assert service["environment"]["MODEL_NAME"] == "mine"
        self.start(Path(os.environ["MODEL_DIR"]) / "1")

    def start(self, saved_model):
        """Serves a SavedModel by REST and gRPC."""
        import grpc

        from tests.export import tf_serving

        tf_serving.Rest.servable = servable = tf_serving.Servable(str(saved_model))
        rest = self.stack.enter_context(tf_serving.RestServer(("localhost", 0), tf_serving.Rest))
        Thread(target=rest.serve_forever, daemon=True).start()
        self.stack.callback(rest.shutdown)
        rpc = grpc.server(self.stack.enter_context(ThreadPoolExecutor(2)))
        add = tf_serving.prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server
        add(tf_serving.PredictionService(servable), rpc)
        self.ports = {8501: rest.server_port, 8500: rpc.add_insecure_port("localhost:0")}
        rpc.start()
        self.stack.callback(lambda: rpc.stop(None).wait())
        connect, channel = socket.create_connection, grpc.insecure_channel
        ours = lambda place: (place[0], self.ports.get(place[1], place[1]))  # noqa: E731
        self.monkeypatch.setattr(socket, "create_connection", lambda place, *more: connect(ours(place), *more))
        self.monkeypatch.setattr(grpc, "insecure_channel", lambda place, **own: channel(self.real(place), **own))

    def real(self, text):
        """A text with the usual ports as one with the real ones."""
        return re.sub(r"(?<=localhost:)\d+", lambda port: str(self.ports[int(port[0])]), text)

    def curl(self, command):
        """A command line with curl, where it is installed."""
        if shutil.which("curl"):
            words = ["bash", "-o", "pipefail", "-c", self.real(command)]
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            assert re.search("AVAILABLE|predictions", done.stdout), done.stdout[:500]

    def close(self):
        self.stack.close()
