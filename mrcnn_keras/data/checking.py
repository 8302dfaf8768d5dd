"""Finds the pictures of a dataset that cannot be read, before hours of work depend on them, and says what was found."""

import os
from concurrent.futures import ThreadPoolExecutor

from mrcnn_keras.data.formats.bad_entries import BadEntries
from mrcnn_keras.data.object_checks import OUTLINED_CROWD
from mrcnn_keras.errors import UserError, listing

NAMED = 10  # entries that were left out
OBJECTS = 5  # of a picture, that are named


def broken_pictures(dataset, progress=None, look=None):
    """Reads every picture with its annotations.

    Args:
        dataset: `Dataset`.
        progress: Function that is called with (pictures read, pictures in all) after each, or `None`.
        look: Function that is called with (internal id, image, `Detections`) of each that can be read, from several
            threads, or `None`.

    Returns:
        Dict of sentences by internal id, one for each picture that cannot be read.
    """

    def fault(image_id):
        try:
            example = dataset.load_example(image_id)
        except UserError as error:
            return str(error)
        if look:
            look(image_id, *example)
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


def readable_pictures(dataset, skip_bad, progress=None):
    """Reads every picture with its annotations, and leaves out those that cannot be read.

    Args:
        dataset: `Dataset`; those left out are in its `skipped`.
        skip_bad: Float, the share that may be left out, as in `load_dataset`.
        progress: As in `broken_pictures`.

    Returns:
        `dataset`, or a view of the rest.

    Raises:
        UserError: If more pictures, or all, cannot be read.
    """
    broken = broken_pictures(dataset, progress)
    if not broken:
        return dataset
    bad = BadEntries(dataset, skip_bad)
    bad.count("pictures", dataset.num_images)
    for sentence in broken.values():
        bad.skip("pictures", sentence)
    bad.check()
    return without_broken(dataset, broken)


def without_broken(dataset, broken):
    """Leaves out pictures.

    Args:
        dataset: `Dataset`.
        broken: Dict of sentences by internal id, as `broken_pictures` returns it.

    Returns:
        A view of the rest.

    Raises:
        UserError: If no picture is left.
    """
    if broken and len(broken) == dataset.num_images:
        raise UserError(f"none of the {len(broken)} pictures can be read: {next(iter(broken.values()))}")
    return dataset.subset([image_id for image_id in dataset.image_ids if image_id not in broken])


def no_object(dataset):
    """Returns why there is no object in a dataset.

    Args:
        dataset: `Dataset`.

    Returns:
        String, the reason in words that fit after a colon; "" if there is an object that is not a crowd region.
    """
    crowds = 0
    for image_id in dataset.image_ids:
        class_ids = dataset.load_boxes(image_id).class_ids
        if (class_ids > 0).any():
            return ""
        crowds += len(class_ids)
    reasons = [f"{crowds} crowd region{'s' * (crowds > 1)} (iscrowd 1), which are not single objects"] if crowds else []
    reasons += [sentence for sentence in dataset.contradictions if not sentence.startswith(OUTLINED_CROWD)]
    reasons += [f"{len(dataset.skipped)} entries that cannot be read"] if dataset.skipped else []
    pictures = f"{dataset.num_images} picture{'s' * (dataset.num_images > 1)} with "
    return pictures + (", ".join(reasons[:4]) or "no annotation")


def check_objects(dataset):
    """Checks that there is an object to learn from.

    Args:
        dataset: `Dataset` to train on.

    Raises:
        UserError: If there is none. It says why.
    """
    reason = no_object(dataset)
    if reason:
        cure = "mend their annotations" if dataset.contradictions else "annotate single objects in them"
        raise UserError(f"the training data have no object to learn from: {reason}; {cure}")


def findings(*datasets, places=0):
    """Returns what was mended, looks wrong or was left out.

    Args:
        *datasets: `Dataset`s; what several have in common, as views of one do, is listed once.
        places: Integer, of how many pictures the name and the objects follow each finding, in lines of their own.

    Returns:
        List of lines. Of the entries that were left out, the first ten are named and the rest counted.
    """
    notes = {}
    for dataset in datasets:
        notes |= {found["note"]: places_of(found, places) for found in dataset.noted}
    skipped = list(dict.fromkeys(sentence for dataset in datasets for sentence in dataset.skipped))
    lines = []
    for note, where in notes.items():
        lines += [f"note: {note}", *(f"      {line}" for line in where)]
    if skipped:
        lines.append(f"skipped: {len(skipped)} {'entry' if len(skipped) == 1 else 'entries'} that cannot be read")
    lines += [f"skipped: {sentence}" for sentence in skipped[:NAMED]]
    if len(skipped) > NAMED:
        lines.append(f"skipped: and {len(skipped) - NAMED} more")
    return lines


def places_of(finding, limit):
    """Names the places of a finding.

    Args:
        finding: Dict of `Dataset.noted`.
        limit: Integer, the number of pictures that are named; the rest is counted.

    Returns:
        List of lines, such as "coco image 'a.jpg': annotation 3, annotation 5".
    """
    pictures = finding["pictures"]
    lines = []
    for place in pictures[:limit]:
        objects = listing([name for name, _ in place["objects"]], OBJECTS)
        lines.append(f"{place['picture']}: {objects}" if objects else place["picture"])
    if lines == [place["picture"] for place in pictures[:1]]:  # which the sentence itself says
        return []
    more = len(pictures) - limit
    return [*lines, f"and {more} more picture{'s' * (more > 1)}"] if limit and more > 0 else lines
