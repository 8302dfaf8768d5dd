"""How generated pictures are painted: photographs as backgrounds, colours that stand out, light and noise."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image

# Files in the wheel of scikit-image, opened by path because functions of skimage.data may download what a later wheel
# does not contain.
PHOTOGRAPHS = (
    "astronaut.png",
    "brick.png",
    "chelsea.png",
    "coffee.png",
    "grass.png",
    "gravel.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)

ZOOM = (0.5, 3.0)  # photograph pixels per picture pixel
COLOURS = 5  # candidates for a shape's colour; the one farthest from what is below is taken


@cache
def photographs():
    """The backgrounds -> tuple of `[H, W, 3]` uint8, RGB, read once per process."""
    folder = Path(skimage.data.__file__).parent
    return tuple(np.asarray(Image.open(folder / name).convert("RGB")) for name in PHOTOGRAPHS)


def background(rng, image_size):
    """A random window of a photograph, randomly scaled, mirrored and lit -> `[H, W, 3]` float32."""
    photograph = photographs()[rng.integers(len(PHOTOGRAPHS))]
    largest = np.divide(photograph.shape[:2], image_size).min()
    zoom = min(largest, np.exp(rng.uniform(*np.log(ZOOM))))
    size = np.maximum(1, np.round(np.multiply(image_size, zoom)).astype(int))
    top, left = rng.integers(0, np.array(photograph.shape[:2]) - size + 1)
    window = photograph[top : top + size[0], left : left + size[1], :]
    how = cv2.INTER_AREA if zoom > 1 else cv2.INTER_LINEAR
    image = cv2.resize(window, tuple(image_size[::-1]), interpolation=how)
    if rng.random() < 0.5:
        image = image[:, ::-1]
    return image.astype(np.float32) * np.float32(rng.uniform(0.7, 1.1))


def contrasting_colour(rng, below):
    """The one of a few random colours that is farthest from the nearest tenth of `below`, [K, RGB]."""
    colours = rng.uniform(15, 240, (COLOURS, 3)).astype(np.float32)
    sample = below[:: max(1, len(below) // 100)]
    distances = np.linalg.norm(colours[:, None] - sample[None], axis=-1)
    return colours[np.argmax(np.quantile(distances, 0.1, axis=1))]


def shading(rng, shape):
    """Brightness, about 1, of a lit and slightly rippled surface -> `[h, w, 1]` float32."""
    y = np.linspace(-1, 1, shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, shape[1], dtype=np.float32)
    light, ripple = rng.uniform(0, 2 * np.pi, 2)
    waves, phase = rng.uniform(5, 25), rng.uniform(0, 2 * np.pi)
    slope = 0.2 * (y * np.sin(light) + x * np.cos(light))
    relief = rng.uniform(0, 0.1) * np.sin(waves * (y * np.sin(ripple) + x * np.cos(ripple)) + phase)
    return (1 + slope + relief).astype(np.float32)[..., None]


def noisy(rng, image):
    """A float32 picture with a camera's noise -> uint8."""
    image = image + rng.uniform(2, 8) * rng.standard_normal(image.shape, np.float32)
    return np.clip(image, 0, 255).astype(np.uint8)
