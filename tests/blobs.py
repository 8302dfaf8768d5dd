"""A detector whose correct result is known: it finds what is bright and connected in whatever picture it gets."""

import cv2
import numpy as np

from mrcnn_keras.detections import Detections, crop_mask

CLASSES = 2  # by the third channel: dark or bright


class BlobModel:
    """Stands in for a MaskRCNN: each connected piece above half brightness of the first channel is an object.

    Its score depends on its area alone.
    """

    takes_proposals = False
    class_names = ("BG", *(f"blob {i + 1}" for i in range(CLASSES)))

    def __init__(self, masks=True):
        self.masks = masks
        self.seen = []  # sizes of pictures

    def detect(self, images, min_score=None, batch_size=None):
        """As MaskRCNN's."""
        return [*self.detect_each(images, min_score)]

    def detect_each(self, images, min_score=None):
        """As MaskRCNN's."""
        for image in images:
            self.seen.append(image.shape[:2])
            yield self._found(image).above(min_score or 0)

    def _found(self, image):
        count, labels, stats, _ = cv2.connectedComponentsWithStats((image[:, :, 0] > 127).view(np.uint8))
        crops, class_ids, scores = [], [], []
        for i in range(1, count):
            x, y, width, height, area = stats[i].tolist()
            window = slice(y, y + height), slice(x, x + width)
            crops.append(crop_mask(labels[window] == i, y, x))
            class_ids.append(1 + int(image[window][crops[-1].bits][:, 2].mean() > 127))
            scores.append(0.5 + area % 100 / 200)
        boxes = np.array([crop.box for crop in crops], np.float32).reshape(-1, 4)
        return Detections(image.shape[:2], boxes, class_ids, scores, crops if self.masks else None)


def blobs(size, count, seed=0, sides=(10, 60)):
    """-> [H, W, 3] uint8: `count` bright ellipses, each alone in its cell of a grid, with a hole or a notch in some."""
    rng = np.random.default_rng(seed)
    rows = int(np.ceil(np.sqrt(count)))
    pitch = np.array(size) // rows
    image = np.zeros((*size, 3), np.uint8)
    for i in range(count):
        half = np.minimum(rng.integers(*sides, 2), pitch // 2 - 2)
        middle = np.array(divmod(i, rows)) * pitch + rng.integers(half + 1, pitch - half)
        color = (220, 120, 20 + 200 * (i % 2))
        axes, angle = half[::-1].tolist(), 0
        cv2.ellipse(image, middle[::-1].tolist(), axes, angle, 0, 360 if i % 3 else 270, color, -1)
        if i % 5 == 0:
            cv2.circle(image, middle[::-1].tolist(), int(half.min() // 3), (0, 0, 0), -1)
    return image
