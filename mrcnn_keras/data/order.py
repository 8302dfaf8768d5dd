"""Which picture sample n of the endless training stream shows: a function of the seed and n alone."""

from functools import lru_cache

import numpy as np


class PictureOrder:
    """All pictures once per epoch, each epoch in another order; with `repeats`, rare classes more often.

    num_images: of the dataset. repeats: [num_images], how often an epoch shows each on average, at least 1, see
    `repeat_factors`; None: once. An epoch has as many pictures as they add up to, and each picture as often as its
    number says, rounded down or up at random (systematic sampling).
    """

    def __init__(self, num_images, seed, purpose, repeats=None):
        self.num_images, self.seed, self.purpose = num_images, seed, purpose
        self.repeats = repeats
        self.per_epoch = num_images if repeats is None else int(round(float(np.sum(repeats))))
        self._epoch = lru_cache(maxsize=8)(self._drawn)

    def image_id(self, number):
        """The internal id of the picture of sample `number`."""
        epoch, place = divmod(number, self.per_epoch)
        return int(self._epoch(epoch)[place])

    def of_step(self, step, batch_size):
        """The internal ids of the pictures of a step, from 0."""
        return [self.image_id(number) for number in range(step * batch_size, (step + 1) * batch_size)]

    def _drawn(self, epoch):
        rng = np.random.default_rng([self.seed, self.purpose, epoch])
        if self.repeats is None:
            return rng.permutation(self.num_images)
        ends = np.cumsum(self.repeats) * (self.per_epoch / np.sum(self.repeats))
        ids = np.searchsorted(ends, rng.random() + np.arange(self.per_epoch), side="right")
        return rng.permutation(np.minimum(ids, self.num_images - 1))


def repeat_factors(dataset, threshold):
    """How often an epoch shows each picture (repeat-factor sampling, Gupta et al. 2019, LVIS, section 4.2).

    A class on a share f of the pictures has the factor max(1, sqrt(threshold / f)), and a picture that of its rarest
    class.

    dataset: Dataset. threshold: 0 to 1, share of pictures below which a class counts as rare. Returns [N] float64, or
    None where that is once for all.
    """
    if not threshold:
        return None
    classes = [np.unique(ids[ids > 0]) for ids in (dataset.load_boxes(i).class_ids for i in dataset.image_ids)]
    pictures = np.bincount(np.concatenate([np.zeros(0, int), *classes]), minlength=dataset.num_classes)
    shares = np.maximum(pictures, 1) / max(1, len(classes))
    of_classes = np.maximum(1, np.sqrt(threshold / shares))
    factors = np.array([of_classes[ids].max(initial=1.0) for ids in classes])
    return factors if (factors > 1).any() else None
