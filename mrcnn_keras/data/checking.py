"""Whether all pictures of a dataset can be read, found out before hours of work depend on it."""

import os
from concurrent.futures import ThreadPoolExecutor

from mrcnn_keras.errors import UserError


def broken_pictures(dataset, progress=None):
    """Reads every picture with its annotations -> {image id: sentence on what is wrong}, empty if all are well.

    progress: called with (pictures done, in all) after each.
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
    """Raises UserError, naming the first, where `broken_pictures` finds any."""
    found = broken_pictures(dataset, progress)
    if found:
        more = f" ({len(found)} of {dataset.num_images} pictures cannot be read)" if len(found) > 1 else ""
        raise UserError(f"{next(iter(found.values()))}{more}")
