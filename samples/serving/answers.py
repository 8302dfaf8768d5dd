"""The server's response for one picture as plain values, for both clients."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Signatures of the SavedModel without and with limits as inputs.
WITHOUT_LIMITS, WITH_LIMITS = "serving_bytes", "detect_bytes"


@dataclass(frozen=True)
class Found:
    """One object. Boxes are (y1, x1, y2, x2) in pixels of the picture, upright."""

    class_id: int
    score: float
    box: tuple[float, float, float, float]
    mask: Any = None  # [h][w] numbers 0..1, [H][W] 0 or 1, or the bytes of a PNG file, as the model was exported
    mask_box: tuple[float, float, float, float] | None = None  # the box that a small map covers
    keypoints: Any = None  # [K][y, x, score]


@dataclass(frozen=True)
class Answer:
    """What was found in one picture, best first. size: (height, width) of the picture, upright."""

    size: tuple[int, int]
    found: list[Found]


class ServingError(Exception):
    """The server refused a request, did not respond in time, or cannot be reached."""


def answer_of(outputs: Mapping[str, Any]) -> Answer:
    """Converts the SavedModel's outputs for one picture, arrays or nested lists; padding is dropped."""
    height, width = map(int, outputs["image_size"])
    masks = outputs.get("masks_bytes", outputs.get("masks"))
    found = []
    for row in range(int(outputs["num_detections"])):
        found.append(
            Found(
                class_id=int(outputs["class_ids"][row]),
                score=float(outputs["scores"][row]),
                box=_box(outputs["boxes"][row]),
                mask=None if masks is None else masks[row],
                mask_box=_box(outputs["mask_boxes"][row]) if "mask_boxes" in outputs else None,
                keypoints=outputs["keypoints"][row] if "keypoints" in outputs else None,
            )
        )
    return Answer((height, width), found)


def _box(values: Sequence[float]) -> tuple[float, float, float, float]:
    y1, x1, y2, x2 = map(float, values)
    return y1, x1, y2, x2


def batches(items: Sequence[bytes], size: int) -> Iterator[Sequence[bytes]]:
    """Yields the items in order, `size` at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
