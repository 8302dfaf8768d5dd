"""Which samples of each batch one of several processes makes, so that together they have those of one."""

from typing import NamedTuple

import tensorflow as tf


class Shard(NamedTuple):
    """One of `count` processes that share each batch; its part goes to its `devices`, in equal parts again.

    Args:
        index: Integer, number of the process, from 0.
        count: Integer, how many processes there are.
        devices: Integer, how many devices each has.
    """

    index: int = 0
    count: int = 1
    devices: int = 1

    def size(self, batch_size):
        """Returns how many pictures of a batch one device gets."""
        return batch_size // self.count // self.devices

    def numbers(self, batch_size, start_step, num_images=None):
        """The numbers of this process's samples.

        Args:
            batch_size: Integer, of all processes together.
            start_step: Integer, the batches left out at the start.
            num_images: Integer, or `None`: without end. The last batch is filled up with the last picture.

        Returns:
            `tf.data.Dataset` of int64 scalars.
        """
        share = batch_size // self.count

        def number(n):
            found = n // share * batch_size + self.index * share + n % share
            return found if num_images is None else tf.minimum(found, num_images - 1)

        counter = tf.data.Dataset.counter(start_step * share)
        if num_images is not None:
            counter = tf.data.Dataset.range(start_step * share, -(-num_images // batch_size) * share)
        return counter.map(number)

    def without_filling(self, batches, batch_size, start_step, num_images):
        """Drops the rows that only fill up the last batch.

        Args:
            batches: `tf.data.Dataset` of dicts, each of `size` of the samples that `numbers` names.
            batch_size: Integer, as in `numbers`.
            start_step: Integer, as in `numbers`.
            num_images: Integer, as in `numbers`.

        Returns:
            `tf.data.Dataset` of dicts. As many as in every other process; perhaps without a row.
        """
        size = self.size(batch_size)

        def cut(n, batch):
            step, device = start_step + n // self.devices, self.index * self.devices + n % self.devices
            left = tf.clip_by_value(num_images - step * batch_size - device * size, 0, size)
            return {name: value[:left] for name, value in batch.items()}

        return batches.enumerate().map(cut)
