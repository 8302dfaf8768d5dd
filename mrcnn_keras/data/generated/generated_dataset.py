"""What the generated datasets share: pictures are functions of a seed and an index, and objects find places."""

import numpy as np

from mrcnn_keras.data.dataset import Dataset
from mrcnn_keras.data.generated.painting import photographs
from mrcnn_keras.errors import UserError

MIN_PIXELS = 60  # of an object in sight, at least
EMPTY = 0.03  # share of the pictures without an object
TRIES = 20  # places that are tried for an object before it is given up


class GeneratedDataset(Dataset):
    """Pictures of objects over photographs. A subclass says which objects there are and how they are painted.

    Nothing is stored: each picture has its own stream of random numbers, numpy's `SeedSequence(seed,
    spawn_key=(index,))`, and no two pairs (seed, index) share one. So a training set of seed 0 and a validation set of
    seed 1 have no picture in common, however many there are, and any thread may make any picture.
    """

    MIN_SIDE = 1  # of a picture, pixels
    MIN_VISIBLE = 0.0  # share of an object's area in sight

    def __init__(self, objects, classes, count, image_size, seed, counts):
        """objects: their name in the plural; counts: (least, most) objects in a picture."""
        super().__init__()
        name = type(self).__name__
        if count < 1 or seed < 0:
            raise UserError(f"{name}(count={count}, seed={seed}): count starts at 1, seed at 0")
        if len(image_size) != 2 or min(image_size) < self.MIN_SIDE:
            raise UserError(f"{name}(image_size={image_size}): give (height, width), each {self.MIN_SIDE} or more")
        if not 0 <= counts[0] <= counts[1]:
            limits = f"min_{objects}={counts[0]}, max_{objects}={counts[1]}"
            raise UserError(f"{name}({limits}): give 0 <= min_{objects} <= max_{objects}")
        self.image_size, self.seed, self.counts = tuple(image_size), seed, counts
        for class_id, class_name in enumerate(classes, start=1):
            self.add_class(objects, class_id, class_name)
        for index in range(count):
            self.add_image(objects, index, path=f"{objects}-{seed}-{index}.png")
        self.prepare()
        photographs()  # read once here, so that the threads of a pipeline find them ready

    def random_object(self, rng, taken):
        """Draws one object where it may hide behind others.

        taken: [H, W] bool, the pixels of the objects above it. Returns the object, with `class_id` and the MaskCrop
        `visible`, what is in sight outside of `taken`, and its area in pixels with the hidden parts.
        """
        raise NotImplementedError

    def paint(self, rng, objects):
        """Draws a background and the objects over it, the first one lowest -> `[H, W, 3]` uint8, RGB."""
        raise NotImplementedError

    def place(self, rng):
        """Draws how many objects there are and places them -> list of objects, the lowest first.

        They are placed from the uppermost down, so that the visible part of each is known at once: an object with too
        little in sight gets another place, and none is removed after it has hidden part of another.
        """
        taken = np.zeros(self.image_size, bool)
        wanted = 0 if rng.random() < EMPTY else rng.integers(self.counts[0], self.counts[1] + 1)
        placed = []
        for _ in range(wanted):
            for _ in range(TRIES):
                thing, area = self.random_object(rng, taken)
                if np.count_nonzero(thing.visible.bits) >= max(MIN_PIXELS, self.MIN_VISIBLE * area):
                    taken[thing.visible.window] |= thing.visible.bits
                    placed.append(thing)
                    break
        return placed[::-1]

    def placed(self, image_id):
        """The objects of a picture. They come first from its random numbers, so nothing has to be painted."""
        return self.place(self._random_numbers(image_id))

    def load_image(self, image_id):
        rng = self._random_numbers(image_id)
        return self.paint(rng, self.place(rng))

    def load_mask(self, image_id):
        placed = self.placed(image_id)
        masks = np.zeros((*self.image_size, len(placed)), bool)  # no pixel belongs to two objects
        for i, thing in enumerate(placed):
            masks[*thing.visible.window, i] = thing.visible.bits
        return masks, np.array([thing.class_id for thing in placed], np.int32)

    def _random_numbers(self, image_id):
        sequence = np.random.SeedSequence(self.seed, spawn_key=(self.image_info[image_id]["id"],))
        return np.random.default_rng(sequence)
