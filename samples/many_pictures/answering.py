"""Runs an exported SavedModel on the pictures of a shard; needs TensorFlow and numpy, not mrcnn_keras."""

import json
import os
import socket
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from many_pictures.plan import Plan, write_whole
from many_pictures.run_lengths import run_lengths
from serving.answers import Answer, Found, answer_of
from serving.masks import full_mask

AHEAD = 4  # files that are read while a picture is run
# Times that a picture may be the one at which a process ended, before it is taken for the reason.
ATTEMPTS = 2
# What a single picture can cause; other errors of TensorFlow are of the machine, and end the process.
BAD_PICTURE = (tf.errors.InvalidArgumentError, tf.errors.ResourceExhaustedError)


class Answerer:
    """A SavedModel of `mrcnn export --to savedmodel`, and what it is run on.

    model: its folder; pictures: the folder below which the pictures are; out: the folder of the Plan; min_score: lowest
    score, None: that of the model.
    """

    def __init__(self, model: str, pictures: str, out: str, min_score: float | None = None) -> None:
        self.model = tf.saved_model.load(model)
        self.pictures, self.plan = Path(pictures), Plan(out)
        self.limits = {} if min_score is None else {"score_threshold": tf.constant(min_score, tf.float32)}

    def answer(self, shard: int) -> dict[str, int]:
        """Writes the results of a shard and returns how many pictures it has, bad ones, and objects in the others."""
        asking = self.plan.asking(shard)
        before = json.loads(asking.read_text()) if asking.exists() else {}
        lines = []
        for image_id, name, read in self._read_ahead(shard):
            times = before.get("times", 0) if before.get("file_name") == name else 0
            mark = {"file_name": name, "times": times + 1, "host": socket.gethostname(), "pid": os.getpid()}
            line = {"image_id": image_id, "file_name": name}
            try:
                if times >= ATTEMPTS:
                    raise OSError(f"the process ended {times} times when it was run on this picture")
                write_whole(asking, json.dumps(mark))
                lines.append({**line, **self._ask(image_id, read.result())})
            except (OSError, *BAD_PICTURE) as error:
                lines.append({**line, "error": str(getattr(error, "message", error)).splitlines()[0][:300]})
        write_whole(self.plan.results(shard), "".join(f"{json.dumps(line)}\n" for line in lines))
        asking.unlink(missing_ok=True)
        return {
            "pictures": len(lines),
            "bad": sum("error" in line for line in lines),
            "objects": sum(len(line.get("found", ())) for line in lines),
        }

    def _read_ahead(self, shard: int) -> Iterator[tuple[int, str, "Future[bytes]"]]:
        first, names = self.plan.read(shard)
        with ThreadPoolExecutor(AHEAD) as threads:
            waiting: deque[tuple[int, str, Future[bytes]]] = deque()
            for image_id, name in enumerate(names, start=first):
                waiting.append((image_id, name, threads.submit((self.pictures / name).read_bytes)))
                if len(waiting) > AHEAD:
                    yield waiting.popleft()
            yield from waiting

    def _ask(self, image_id: int, file: bytes) -> dict[str, Any]:
        outputs = self.model.detect_bytes(tf.constant([file]), **self.limits)
        answer = answer_of({name: value.numpy()[0] for name, value in outputs.items()})
        return {"size": list(answer.size), "found": [_coco_result(image_id, found, answer) for found in answer.found]}


def _coco_result(image_id: int, found: Found, answer: Answer) -> dict[str, Any]:
    """An entry of a file of COCO's results; the category is the class id of the model."""
    y1, x1, y2, x2 = found.box
    entry: dict[str, Any] = {"image_id": image_id, "category_id": found.class_id, "score": round(found.score, 5)}
    entry["bbox"] = [round(value, 2) for value in (x1, y1, x2 - x1, y2 - y1)]
    if found.mask_box is not None:
        height, width = answer.size
        y1, x1, y2, x2 = found.mask_box
        top, left = (min(max(int(np.floor(edge)), 0), side) for edge, side in ((y1, height), (x1, width)))
        bottom, right = (min(max(int(np.ceil(edge)), 0), side) for edge, side in ((y2, height), (x2, width)))
        box = y1 - top, x1 - left, y2 - top, x2 - left
        mask = full_mask(found.mask, box, (max(bottom - top, 0), max(right - left, 0)))
        entry["segmentation"] = run_lengths(mask, top, left, answer.size)
    if found.keypoints is not None:
        entry["keypoints"] = [round(float(value), 2) for y, x, score in found.keypoints for value in (x, y, score)]
    return entry
