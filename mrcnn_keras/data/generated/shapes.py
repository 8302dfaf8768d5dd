"""Circles, squares and triangles drawn over photographs: pictures with exact masks, without a download."""

from typing import NamedTuple

import numpy as np

from mrcnn_keras.data.generated.generated_dataset import GeneratedDataset
from mrcnn_keras.data.generated.painting import background, contrasting_colour, noisy, shading
from mrcnn_keras.detections import MaskCrop

# name -> (corners, radius of the inner corners / radius of the outer corners); a circle has no corners.
SHAPES = {"circle": None, "square": (4, np.cos(np.pi / 4)), "triangle": (3, np.cos(np.pi / 3))}

DIAMETER = (0.28, 0.55)  # of the circle around a shape, as a part of the picture's short side


class PlacedShape(NamedTuple):
    """A shape in a window of the picture, where the picture's sides cut it off."""

    class_id: int
    visible: MaskCrop  # the window, and the part in it that no other shape hides
    distance: np.ndarray  # `[h, w]` float32: pixels from a pixel's centre to the outline, negative inside


class ShapesDataset(GeneratedDataset):
    """Generated pictures of overlapping circles, squares and triangles.

    The dataset is prepared; its classes are "circle", "square" and "triangle". A picture depends only on its seed and
    its index.

    Args:
        count: Integer, the number of pictures.
        image_size: Tuple (height, width) in pixels, each at least 32.
        seed: Integer from 0. Different seeds give different pictures.
        min_shapes: Integer, the least number of shapes in a picture; 3 % of the pictures have none.
        max_shapes: Integer, the largest number; a picture without room for more has fewer.

    Raises:
        UserError: If a number is out of range.
    """

    MIN_SIDE = 32
    MIN_VISIBLE = 0.4  # of a shape's own area
    DIAMETER = DIAMETER  # a subclass may have others, for many small shapes in a large picture

    def __init__(self, count=500, image_size=(128, 128), seed=0, min_shapes=1, max_shapes=5):
        super().__init__("shapes", SHAPES, count, image_size, seed, (min_shapes, max_shapes))

    def random_object(self, rng, taken):
        """The area is that of the whole shape, even where the picture's sides cut it off."""
        height, width = self.image_size
        class_id = int(rng.integers(1, len(SHAPES) + 1))
        corners = list(SHAPES.values())[class_id - 1]
        radius = rng.uniform(*self.DIAMETER) * min(height, width) / 2
        cy, cx = rng.uniform(radius / 2, np.array(self.image_size) - radius / 2)  # up to a quarter over the side
        angle = rng.uniform(0, 2 * np.pi)

        reach = radius + 2
        top, left = max(0, int(cy - reach)), max(0, int(cx - reach))
        y = np.arange(top, min(height, int(cy + reach) + 1), dtype=np.float32)[:, None] + 0.5 - cy
        x = np.arange(left, min(width, int(cx + reach) + 1), dtype=np.float32)[None, :] + 0.5 - cx
        distance = outline_distance(y, x, radius, angle, corners)
        inside = MaskCrop(top, left, distance < 0)
        visible = inside._replace(bits=inside.bits & ~taken[inside.window])
        return PlacedShape(class_id, visible, distance), outline_area(radius, corners)

    def paint(self, rng, objects):
        image = background(rng, self.image_size)
        for shape in objects:
            below = image[shape.visible.window]
            edge = rng.uniform(1.0, 2.0)  # pixels from no paint to full paint; the outline lies at half
            cover = np.clip(0.5 - shape.distance / edge, 0, 1)[..., None]
            colour = contrasting_colour(rng, below[shape.distance < 0]) * shading(rng, shape.distance.shape)
            below += cover * (colour - below)
        return noisy(rng, image)


def outline_distance(y, x, radius, angle, corners):
    """Distance in pixels to the outline, negative inside, of points (y, x) relative to the shape's centre.

    corners: (number, inner radius / outer radius) or None for a circle. All corners look alike, so a point is turned
    to the first one and mirrored to one side of it; there the outline is a straight line from the outer corner at
    (radius, 0) to the inner one. Near a sharp corner the distance is slightly too short.
    """
    away = np.hypot(y, x)
    if corners is None:
        return (away - radius).astype(np.float32)
    number, inner = corners
    sector = 2 * np.pi / number
    turned = np.abs((np.arctan2(y, x) - angle + sector / 2) % sector - sector / 2)
    inner_x, inner_y = inner * np.cos(sector / 2) - 1, inner * np.sin(sector / 2)
    length = np.hypot(inner_x, inner_y)
    across = (away * np.cos(turned) - radius) * inner_y - away * np.sin(turned) * inner_x
    return (across / length).astype(np.float32)


def outline_area(radius, corners):
    """Area in pixels of the shape that outline_distance describes."""
    if corners is None:
        return np.pi * radius**2
    number, inner = corners
    return number * inner * np.sin(np.pi / number) * radius**2
