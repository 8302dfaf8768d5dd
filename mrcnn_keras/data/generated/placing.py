"""Where the objects of a generated picture go, and the random numbers that a picture is made of."""

import numpy as np

MIN_PIXELS = 60  # of an object in sight, at least
EMPTY = 0.03  # of the pictures have no object
TRIES = 20  # places tried for an object before the picture goes without it


def random_numbers(seed, index):
    """The generator of picture `index` of a data set: no two pairs (seed, index) share a stream."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))


def place(rng, image_size, counts, make, min_visible):
    """Draws how many objects there are, counts (least, most), and places them -> list of them, the lowest first.

    make: function (rng, image_size, taken [H, W] bool) -> an object with its MaskCrop `visible`, what is in sight
    outside of taken, and its area in pixels, hidden parts included. min_visible: share of the area in sight, at least.
    Objects are placed from the uppermost down, so that what is in sight of one is known at once: one with too little in
    sight gets another place, and none is taken away after it has hidden part of another.
    """
    taken = np.zeros(image_size, bool)
    wanted = 0 if rng.random() < EMPTY else rng.integers(counts[0], counts[1] + 1)
    placed = []
    for _ in range(wanted):
        for _ in range(TRIES):
            thing, area = make(rng, image_size, taken)
            if np.count_nonzero(thing.visible.bits) >= max(MIN_PIXELS, min_visible * area):
                taken[thing.visible.window] |= thing.visible.bits
                placed.append(thing)
                break
    return placed[::-1]
