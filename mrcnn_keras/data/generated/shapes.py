"""Circles, squares and triangles drawn over photographs: pictures with exact masks, without a download.

Nothing is stored: picture `index` of `seed` is a function of those two numbers (and of the versions of numpy,
OpenCV and scikit-image). Each picture has its own stream of random numbers, numpy's `SeedSequence(seed,
spawn_key=(index,))`, and no two pairs (seed, index) share one: a training set with seed 0 and a validation
set with seed 1 have no picture in common, however many they are. Nothing is kept from one picture to the
next, so that any thread may make any picture.
"""

from typing import NamedTuple

import numpy as np

from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.generated.painting import background, contrasting_colour, noisy, photographs, shading
from mrcnn_keras.data.generated.placing import place, random_numbers
from mrcnn_keras.detections import MaskCrop
from mrcnn_keras.errors import UserError

# name -> (corners, radius of the inner corners / radius of the outer corners); a circle has no corners.
SHAPES = {"circle": None, "square": (4, np.cos(np.pi / 4)), "triangle": (3, np.cos(np.pi / 3))}

DIAMETER = (0.28, 0.55)  # of the circle around a shape, as a part of the picture's short side
MIN_VISIBLE = 0.4  # of a shape's own area; a shape with less in sight is not drawn


class PlacedShape(NamedTuple):
    """A shape in a window of the picture, where the picture's sides cut it off."""

    class_id: int
    visible: MaskCrop  # the window, and in it the part that no other shape hides
    distance: np.ndarray  # `[h, w]` float32: pixels from a pixel's centre to the outline, negative inside


class ShapesDataset(Dataset):
    """Generated pictures of overlapping circles, squares and triangles.

    count: number of pictures. image_size: (height, width), pixels. seed: 0 or more; another seed gives other
    pictures. min_shapes, max_shapes: shapes in a picture; 3 % of the pictures have none, and one without room
    for more has fewer. It is prepared. Raises UserError for a number out of range.
    """

    def __init__(self, count=500, image_size=(128, 128), seed=0, min_shapes=1, max_shapes=5):
        super().__init__()
        if count < 1 or seed < 0:
            raise UserError(f"ShapesDataset(count={count}, seed={seed}): count starts at 1, seed at 0")
        if len(image_size) != 2 or min(image_size) < 32:
            raise UserError(f"ShapesDataset(image_size={image_size}): give (height, width), each 32 or more")
        if not 0 <= min_shapes <= max_shapes:
            limits = f"min_shapes={min_shapes}, max_shapes={max_shapes}"
            raise UserError(f"ShapesDataset({limits}): give 0 <= min_shapes <= max_shapes")
        self.image_size = tuple(image_size)
        self.seed = seed
        self.shape_counts = (min_shapes, max_shapes)
        for class_id, name in enumerate(SHAPES, start=1):
            self.add_class("shapes", class_id, name)
        for index in range(count):
            self.add_image("shapes", index, path=f"shapes-{seed}-{index}.png")
        self.prepare()
        photographs()  # read once here, so that the threads of a pipeline find them ready

    def load_image(self, image_id):
        """-> `[H, W, 3]` uint8, RGB."""
        rng = self._random_numbers(image_id)
        return paint(rng, self.image_size, place_shapes(rng, self.image_size, self.shape_counts))

    def load_mask(self, image_id):
        """-> masks `[H, W, N]` bool, class ids `[N]` int32; no pixel belongs to two shapes."""
        # The places come first from the stream of random numbers, so they need no painting.
        shapes = place_shapes(self._random_numbers(image_id), self.image_size, self.shape_counts)
        masks = np.zeros((*self.image_size, len(shapes)), bool)
        for i, shape in enumerate(shapes):
            masks[*shape.visible.window, i] = shape.visible.bits
        return masks, np.array([shape.class_id for shape in shapes], np.int32)

    def _random_numbers(self, image_id):
        return random_numbers(self.seed, self.image_info[image_id]["id"])


def place_shapes(rng, image_size, shape_counts):
    """Draws classes, places and sizes -> list of PlacedShape, the lowest first."""
    return place(rng, image_size, shape_counts, _random_shape, MIN_VISIBLE)


def paint(rng, image_size, shapes):
    """Draws a background and the shapes over it, the first one lowest -> `[H, W, 3]` uint8, RGB."""
    image = background(rng, image_size)
    for shape in shapes:
        below = image[shape.visible.window]
        edge = rng.uniform(1.0, 2.0)  # pixels from no paint to full paint; the outline lies at half
        cover = np.clip(0.5 - shape.distance / edge, 0, 1)[..., None]
        colour = contrasting_colour(rng, below[shape.distance < 0]) * shading(rng, shape.distance.shape)
        below += cover * (colour - below)
    return noisy(rng, image)


def _random_shape(rng, image_size, taken):
    """-> (PlacedShape, area in pixels of the whole shape, hidden parts included)"""
    height, width = image_size
    class_id = int(rng.integers(1, len(SHAPES) + 1))
    corners = list(SHAPES.values())[class_id - 1]
    radius = rng.uniform(*DIAMETER) * min(image_size) / 2
    cy, cx = rng.uniform(radius / 2, np.array(image_size) - radius / 2)  # up to a quarter over the side
    angle = rng.uniform(0, 2 * np.pi)

    reach = radius + 2
    top, left = max(0, int(cy - reach)), max(0, int(cx - reach))
    y = np.arange(top, min(height, int(cy + reach) + 1), dtype=np.float32)[:, None] + 0.5 - cy
    x = np.arange(left, min(width, int(cx + reach) + 1), dtype=np.float32)[None, :] + 0.5 - cx
    distance = outline_distance(y, x, radius, angle, corners)
    inside = MaskCrop(top, left, distance < 0)
    visible = inside._replace(bits=inside.bits & ~taken[inside.window])
    return PlacedShape(class_id, visible, distance), outline_area(radius, corners)


def outline_distance(y, x, radius, angle, corners):
    """Distance to the outline, negative inside, of points (y, x) seen from the shape's centre; all in pixels.

    corners: (number, inner radius / outer radius) or None for a circle. All corners look alike, so a point is
    turned to the first one and mirrored to one side of it; there the outline is the one straight line from
    the outer corner at (radius, 0) to the inner one. Near a sharp corner the distance is slightly too short.
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
