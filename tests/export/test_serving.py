"""The clients of samples/serving ask a server by TensorFlow Serving's protocols, sixteen at a time.

MRCNN_SERVING_SECONDS (default 3) is how long they ask.
"""

import io
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.detections import Detections, crop_mask
from mrcnn_keras.export.checking import compare

pytest.importorskip("tensorflow_serving", reason="pip install --no-deps tensorflow-serving-api")
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "serving"
SECONDS = float(os.environ.get("MRCNN_SERVING_SECONDS", 3))
CLIENTS = 16
SIZES = [(64, 64), (50, 70), (90, 40), (30, 30), (120, 64)]
Server = namedtuple("Server", "process rest rpc")


@pytest.fixture(scope="module")
def server(saved):
    """A process of its own, so that its memory is the server's alone."""
    command = [sys.executable, "-m", "tests.export.tf_serving", saved]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
        rest, rpc = process.stdout.readline().split()
        yield Server(process, f"http://localhost:{rest}", f"localhost:{rpc}")
        process.stdin.close()
        process.wait(30)


@pytest.fixture(scope="module")
def sample():
    """The modules of the sample."""
    sys.path.insert(0, str(SAMPLE))
    try:
        import answers
        import grpc_client
        import masks
        import rest_client
    finally:
        sys.path.remove(str(SAMPLE))
    return namedtuple("Sample", "answers grpc masks rest")(answers, grpc_client, masks, rest_client)


@pytest.fixture(scope="module")
def pictures(picture):
    return [picture(*size) for size in SIZES]


@pytest.fixture(scope="module")
def files(pictures):
    return [file_of(image) for image in pictures]


@pytest.fixture
def clients(sample, server):
    """{name: client}, batches of three."""
    rest = sample.rest.RestClient(server.rest, batch_size=3)
    with sample.grpc.GrpcClient(server.rpc, batch_size=3) as rpc:
        yield {"rest": rest, "grpc": rpc}


def file_of(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def memory(process):
    """Megabytes that the process holds."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def as_detections(answer, masks):
    """An Answer with small maps as Detections."""
    found = answer.found
    crops = [crop_mask(masks.full_mask(one.mask, one.mask_box, answer.size)) for one in found]
    boxes = np.float32([one.box for one in found]).reshape(-1, 4)
    ids, scores = np.int32([one.class_id for one in found]), np.float32([one.score for one in found])
    return Detections(answer.size, boxes, ids, scores, crops)


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_served_detections_are_those_of_the_model(kind, model, sample, clients, pictures, files):
    answers = clients[kind].detect(files)
    assert len(answers) == len(pictures) == 5  # in two requests
    for answer, expected in zip(answers, model.detect(pictures), strict=True):
        assert answer.size == expected.size
        assert compare(as_detections(answer, sample.masks), expected)["equal"]


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_clients_limit_score_and_number(kind, model, clients, files, pictures):
    scores = model.detect(pictures[:1])[0].scores
    answers = clients[kind].detect(files, min_score=float(scores[10]))
    assert [one.score for one in answers[0].found] == pytest.approx(scores[scores >= scores[10]], abs=1e-5)
    assert [len(answer.found) for answer in clients[kind].detect(files, max_detections=2)] == [2] * 5


@pytest.mark.parametrize("kind", ["rest", "grpc"])
def test_clients_report_errors_of_the_server(kind, sample, server, clients, files):
    error = sample.answers.ServingError
    with pytest.raises(error, match="picture 1 of image_bytes, 4 bytes, is neither JPEG nor PNG"):
        clients[kind].detect([files[0], b"text"])
    make, address = {"rest": (sample.rest.RestClient, server.rest), "grpc": (sample.grpc.GrpcClient, server.rpc)}[kind]
    with pytest.raises(error, match="Servable not found"):
        make(address, model="yours").detect(files)
    with pytest.raises(error, match=r"did not answer within 0.001 s|DEADLINE_EXCEEDED"):
        make(address, timeout=0.001).detect(files)
    with pytest.raises(error, match=r"cannot be asked|DEADLINE_EXCEEDED"):
        make({"rest": "http://localhost:9", "grpc": "localhost:9"}[kind], timeout=0.5).detect(files)


def test_rest_needs_every_input_of_a_signature(server, sample, files):
    """Why the signatures without limits have one input."""
    body = sample.rest.request(files[:1], None, None)
    for wrong in (
        {**body, "signature_name": "detect_bytes"},
        {"signature_name": "detect_bytes", "inputs": {"image_bytes": body["instances"]}},
    ):
        with pytest.raises(sample.answers.ServingError, match="answers 400: (instances is a plain list|Missing named)"):
            sample.rest.RestClient(server.rest)._ask(wrong)


def test_column_form_and_status(server, pictures):
    with urllib.request.urlopen(f"{server.rest}/v1/models/mine") as response:
        assert json.load(response)["model_version_status"][0]["state"] == "AVAILABLE"
    body = json.dumps({"inputs": pictures[0][None].tolist()}).encode()
    with urllib.request.urlopen(f"{server.rest}/v1/models/mine/versions/1:predict", body) as response:
        outputs = json.load(response)["outputs"]
    assert outputs["image_size"] == [[64, 64]]


def test_rest_client_prints_detections(server, files, saved, tmp_path):
    (tmp_path / "a.png").write_bytes(files[0])
    words = ["--address", server.rest, "--names", saved / "assets" / "class_names.txt", "--max-detections", "3"]
    command = [sys.executable, SAMPLE / "rest_client.py", tmp_path / "a.png", *words]
    done = subprocess.run(command, capture_output=True, text=True)
    first, *objects = done.stdout.splitlines()
    assert first == f"{tmp_path}/a.png: 64 x 64 pixels, 3 found"
    assert all("cat" in line or "street lamp" in line for line in objects)
    command[2] = tmp_path / "absent.png"
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "No such file" in done.stderr


def test_sixteen_at_a_time(server, clients, files):
    """None is lost, none is another's answer, and the server's memory does not grow."""
    expected = clients["grpc"].detect(files)  # which are the model's
    asked, measured = count(), []

    def ask(number):
        """One client: asks until the time is over, alternately for one and for several pictures."""
        client = clients["rest" if number % 2 else "grpc"]
        rounds = 0
        while time.monotonic() < end or not rounds:
            first = next(asked) % len(files)
            chosen = (files[first:] + files[:first])[: 1 + rounds % 2]
            wanted = (expected[first:] + expected[:first])[: len(chosen)]
            same_answers(client.detect(chosen), wanted)
            rounds += 1
            if number == 0:
                measured.append(memory(server.process))
        return rounds

    # Each way to ask has been used once, so that graphs are made and memory is what it will be.
    end = 0.0
    list(map(ask, range(2)))
    measured.clear()
    end = time.monotonic() + SECONDS
    with ThreadPoolExecutor(CLIENTS) as pool:
        rounds = list(pool.map(ask, range(CLIENTS)))
    assert min(rounds) >= 1
    early, late = np.median(measured[len(measured) // 4 : len(measured) // 2 + 1]), np.median(measured[-3:])
    print(f"{sum(rounds)} requests in {SECONDS} s, server's memory {early:.0f} MB, at the end {late:.0f} MB")
    assert late <= 1.1 * early + 50


def same_answers(answers, expected):
    assert len(answers) == len(expected)
    for answer, other in zip(answers, expected, strict=True):
        assert answer.size == other.size
        assert [one.class_id for one in answer.found] == [one.class_id for one in other.found]
        for name, tolerance in (("box", 1e-3), ("score", 1e-5), ("mask", 1e-4)):
            pair = [[getattr(one, name) for one in each.found] for each in (answer, other)]
            np.testing.assert_allclose(*pair, rtol=0, atol=tolerance)
