"""Hand-made pictures and detections for the tests of measures: rectangles in pictures of 400 x 500 pixels."""

import numpy as np

from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.evaluation import Predictions

SIZE = (400, 500)
NAMES = ("BG", "circle", "square")


class Pictures:
    """Ground truth by picture id; the first pixel of a picture is its id, which Answers reads."""

    class_names = NAMES

    def __init__(self, truths):
        self.truths = truths
        self.image_ids = list(truths)

    def load_example(self, image_id):
        return np.full((*SIZE, 3), image_id, np.uint8), self.truths[image_id]

    def image_name(self, image_id):
        return f"{image_id}.png"


class Answers:
    def __init__(self, answers):
        self.answers = answers
        self.batches = []

    def detect(self, images):
        self.batches.append(len(images))
        return [self.answers[int(image[0, 0, 0])] for image in images]


def instances(boxes, class_ids, scores=None, masks=True, size=SIZE):
    """Rectangles that fill their boxes of whole pixels."""
    crops = [MaskCrop(y1, x1, np.ones((y2 - y1, x2 - x1), bool)) for y1, x1, y2, x2 in boxes]
    return Detections(size, boxes, class_ids, scores, crops if masks else None)


def rows_of(count):
    """`count` boxes of 10 x 10 pixels, 20 to a row, that do not touch."""
    return [(20 * (i // 20), 20 * (i % 20), 20 * (i // 20) + 10, 20 * (i % 20) + 10) for i in range(count)]


def predicted(truths, founds, class_names=NAMES, **options):
    """Predictions of pictures with these Detections."""
    names = [f"{i}.png" for i in range(len(truths))]
    return Predictions(class_names, list(range(len(truths))), names, truths, founds, **options)


def random_predictions(seed, pictures=3, classes=2, crowds=True, side=200):
    """Objects of random shape, most of them found, shifted, cut, twice or as another class, and false ones."""
    rng = np.random.default_rng(seed)
    truths, founds = [], []
    size = (side, side + 40)
    for _ in range(pictures):
        crops, class_ids = [], []
        for _ in range(int(rng.integers(0, 7))):
            crops.append(_blob(rng, size))
            class_ids.append(int(rng.integers(1, classes + 1)) * (-1 if crowds and rng.random() < 0.1 else 1))
        truths.append(_detections(size, crops, class_ids))
        drawn, found_ids = [], []
        for crop, class_id in zip(crops, class_ids, strict=True):
            for _ in range(int(rng.choice([0, 1, 1, 1, 2]))):
                drawn.append(_shaken(rng, crop, size))
                found_ids.append(int(rng.integers(1, classes + 1)) if rng.random() < 0.2 else abs(class_id))
        for _ in range(int(rng.integers(0, 3))):
            drawn.append(_blob(rng, size))
            found_ids.append(int(rng.integers(1, classes + 1)))
        founds.append(_detections(size, drawn, found_ids, rng.random(len(drawn)).astype(np.float32)))
    return predicted(truths, founds, ("BG", *(f"class {i}" for i in range(1, classes + 1))))


def _detections(size, crops, class_ids, scores=None):
    boxes = np.array([crop.box for crop in crops], np.float32).reshape(-1, 4)
    return Detections(size, boxes, class_ids, scores, crops)


def _blob(rng, size):
    """A filled ellipse with a bite."""
    h, w = (int(side) for side in rng.integers(3, 90, 2))
    y, x = (int(rng.integers(0, limit - side)) for limit, side in zip(size, (h, w), strict=True))
    rows, columns = np.ogrid[:h, :w]
    bits = ((2 * rows + 1 - h) / h) ** 2 + ((2 * columns + 1 - w) / w) ** 2 <= 1
    bits[: int(rng.integers(0, h // 2 + 1)), : int(rng.integers(0, w // 2 + 1))] = False
    return MaskCrop(y, x, bits)


def _shaken(rng, crop, size):
    """The mask moved by up to a fifth of its size, and cut at one side."""
    h, w = crop.bits.shape
    top, left = (int(p + round(rng.normal(0, 0.08) * s)) for p, s in ((crop.top, h), (crop.left, w)))
    top, left = int(np.clip(top, 0, size[0] - h)), int(np.clip(left, 0, size[1] - w))
    bits = crop.bits.copy()
    bits[: int(rng.integers(0, max(h // 3, 1)))] = False
    return MaskCrop(top, left, bits)
