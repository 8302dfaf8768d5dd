"""Detects objects by TensorFlow Serving's REST interface; needs nothing but Python.

    python rest_client.py photo.jpg other.png --min-score 0.5

The SavedModel takes as long as the model itself, with `resnet18_fpn` at 128 x 128 a tenth of a second on two busy cores
(docs/export.md). What the server and the network add was not measured.
"""

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

from answers import WITH_LIMITS, WITHOUT_LIMITS, Answer, ServingError, answer_of, batches


class RestClient:
    """One model of a server. It has no state: any number of threads may use it.

    address: of the server, without a path; model: its name on the server; timeout: seconds per request; batch_size:
    pictures per request.
    """

    def __init__(
        self, address: str = "http://localhost:8501", model: str = "mine", timeout: float = 60.0, batch_size: int = 4
    ) -> None:
        self.url = f"{address.rstrip('/')}/v1/models/{model}:predict"
        self.timeout, self.batch_size = timeout, batch_size

    def detect(
        self, files: Sequence[bytes], min_score: float | None = None, max_detections: int | None = None
    ) -> list[Answer]:
        """Returns one Answer per file, given the contents of JPEG and PNG files; raises ServingError."""
        answers: list[Answer] = []
        for batch in batches(files, self.batch_size):
            predictions = self._ask(request(batch, min_score, max_detections))["predictions"]
            answers += [answer_of(_decoded(outputs)) for outputs in predictions]
        return answers

    def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        question = urllib.request.Request(
            self.url, json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(question, timeout=self.timeout) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise ServingError(f"{self.url} answers {error.code}: {_reason(error.read())}") from error
        except TimeoutError as error:
            raise ServingError(f"{self.url} did not answer within {self.timeout} s") from error
        except (OSError, ValueError) as error:
            raise ServingError(f"{self.url} cannot be asked: {error}") from error


def request(files: Sequence[bytes], min_score: float | None, max_detections: int | None) -> dict[str, Any]:
    """The body of a request in row form.

    REST requires all inputs of a signature: without limits the request uses the signature that has none.
    """
    encoded = [{"b64": base64.b64encode(file).decode()} for file in files]
    if min_score is None and max_detections is None:
        return {"signature_name": WITHOUT_LIMITS, "instances": encoded}
    limits = {
        "score_threshold": 0.0 if min_score is None else min_score,
        "max_detections": 2**31 - 1 if max_detections is None else max_detections,
    }
    return {"signature_name": WITH_LIMITS, "instances": [{"image_bytes": file, **limits} for file in encoded]}


def _decoded(outputs: dict[str, Any]) -> dict[str, Any]:
    """Decodes masks_bytes, if there are any."""
    if "masks_bytes" in outputs:
        outputs["masks_bytes"] = [base64.b64decode(value["b64"]) for value in outputs["masks_bytes"]]
    return outputs


def _reason(body: bytes) -> str:
    """The server's message: {"error": ...}."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body[:300].decode(errors="replace")


if __name__ == "__main__":
    from command import run

    run(RestClient, default="http://localhost:8501", description=__doc__)
