"""Finds the pictures of a dataset that cannot be read, before hours of work depend on them."""

import os
from concurrent.futures import ThreadPoolExecutor

from mrcnn_keras.errors import UserError


def broken_pictures(dataset, progress=None):
    """Reads every picture with its annotations.

    Args:
        dataset: `Dataset`.
        progress: Function that is called with (pictures read, pictures in all) after each, or `None`.

    Returns:
        Dict of sentences by internal id, one for each picture that cannot be read.
    """

    def fault(image_id):
        try:
            dataset.load_example(image_id)
        except UserError as error:
            return str(error)
        return None

    image_ids = [int(image_id) for image_id in dataset.image_ids]
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        found = {}
        for done, (image_id, sentence) in enumerate(zip(image_ids, pool.map(fault, image_ids), strict=True), start=1):
            if sentence:
                found[image_id] = sentence
            if progress:
                progress(done, len(image_ids))
        return found
    finally:
        pool.shutdown(cancel_futures=True)


def check_pictures(dataset, progress=None):
    """Reads every picture with its annotations, as `broken_pictures` does.

    Args:
        dataset: `Dataset`.
        progress: As of `broken_pictures`.

    Raises:
        UserError: If a picture cannot be read. It names the first and counts all.
    """
    found = broken_pictures(dataset, progress)
    if found:
        more = f" ({len(found)} of {dataset.num_images} pictures cannot be read)" if len(found) > 1 else ""
        raise UserError(f"{next(iter(found.values()))}{more}")
