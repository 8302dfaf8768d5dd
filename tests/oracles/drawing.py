"""Pictures and objects of the oracles, drawn by whole numbers alone, so that every machine draws the same."""

import zlib

import numpy as np

SIZES = {"small": (75, 110), "tall": (190, 150), "wide": (40, 100), "large": (360, 500)}  # height, width


def _random(name):
    return np.random.RandomState(zlib.crc32(name.encode()))


def ellipse(size, centre, radii):
    """[H, W] bool; all in pixels, (y, x)."""
    y, x = np.mgrid[: size[0], : size[1]]
    (cy, cx), (ry, rx) = centre, radii
    return ((y - cy) * rx) ** 2 + ((x - cx) * ry) ** 2 <= (rx * ry) ** 2


def picture(name):
    """[H, W, 3] uint8: gradients, rectangles and ellipses, noise. name: of SIZES."""
    random, (height, width) = _random(name), SIZES[name]
    y, x = np.mgrid[:height, :width]
    slopes = random.randint(20, 120, (2, 3))
    image = 40 + y[..., None] * slopes[0] // height + x[..., None] * slopes[1] // width
    for shape in range(14):
        cy, cx = random.randint(height), random.randint(width)
        ry, rx = random.randint(3, height // 3), random.randint(3, width // 3)
        inside = ellipse((height, width), (cy, cx), (ry, rx))
        if shape % 2:
            inside = (abs(y - cy) <= ry) & (abs(x - cx) <= rx)
        image[inside] = random.randint(0, 256, 3)
    image = image + random.randint(-12, 13, (height, width, 1))
    return np.clip(image, 0, 255).astype(np.uint8)


def objects(name, size, count, first_label, classes):
    """Ground truth for a picture of `size`: boxes [G, (x1, y1, x2, y2)] float32, labels [G], masks [G, H, W] bool.

    The boxes lie up to a pixel beyond their masks, at fractions of a pixel; labels first_label.. of `classes`.
    """
    random, (height, width) = _random(f"{name} objects"), size
    boxes, masks = [], []
    for _ in range(count):
        ry, rx = random.randint(height // 8, height // 3), random.randint(width // 8, width // 3)
        centre = random.randint(ry, height - ry), random.randint(rx, width - rx)
        mask = ellipse(size, centre, (ry, rx))
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        more = random.randint(0, 8, 4) / 8
        box = [columns[0] - more[0], rows[0] - more[1], columns[-1] + 1 + more[2], rows[-1] + 1 + more[3]]
        boxes.append(np.clip(box, 0, [width, height, width, height]))
        masks.append(mask)
    labels = random.randint(first_label, first_label + classes, count)
    return np.array(boxes, np.float32), labels, np.array(masks)
