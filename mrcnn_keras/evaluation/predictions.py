"""One pass of a model over a dataset: what is annotated and what was found, of which every measure is a function."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from mrcnn_keras.detections import Detections
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation.dataset_detection import classes_by_name, detect_in, renamed
from mrcnn_keras.evaluation.packed_detections import PackedDetections
from mrcnn_keras.evaluation.records import CocoRecords, coco_records
from mrcnn_keras.progress import ProgressLine

MOST_DETECTIONS = 100  # per picture and class, in COCO's tables


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """What is annotated in each picture of a dataset, and what a model found there.

    Args:
        class_names: Sequence of strings, background first.
        image_ids: Sequence of integers, the dataset's ids of the pictures.
        names: Sequence of strings, the pictures' names.
        truths: Sequence of `Detections`, what is annotated in each picture; class ids of crowd regions are negative.
        founds: Sequence of `Detections` with scores and the dataset's class ids, what was found in each picture.
        max_detections: Integer, how many of the best detections per picture and class count.
        keypoint_sigmas: Tuple of floats, how exact each keypoint is; empty without keypoints.

    Raises:
        UserError: If there are not as many of each, or detections do not fit their picture or classes.
    """

    class_names: Sequence[str]
    image_ids: Sequence[int]
    names: Sequence[str]
    truths: Sequence[Detections]
    founds: Sequence[Detections]
    max_detections: int = MOST_DETECTIONS
    keypoint_sigmas: Sequence[float] = ()
    _made: dict = field(default_factory=dict, init=False)

    def __post_init__(self):
        counts = [len(part) for part in (self.image_ids, self.names, self.truths, self.founds)]
        if len(set(counts)) > 1:
            raise UserError("there are {} image_ids, {} names, {} truths, {} founds; give one each".format(*counts))

    def __len__(self):
        return len(self.image_ids)

    def __repr__(self):
        return f"Predictions({len(self)} pictures of {len(self.class_names) - 1} classes)"

    def remembered(self, make, *arguments):
        """Calls a function of these predictions once; measures share what is long to compute, such as overlaps.

        Args:
            make: Function of (predictions, *arguments).
            *arguments: Further arguments, which can be keys of a dict.

        Returns:
            What it returned the first time.
        """
        key = make, *arguments
        if key not in self._made:
            self._made[key] = make(self, *arguments)
        return self._made[key]

    @property
    def records(self) -> CocoRecords:
        """All of it as COCO's records."""
        return self.remembered(coco_records)

    @property
    def kinds(self):
        """What can be measured: "bbox", "segm" where both sides have masks, "keypoints" where both have them."""
        return self.records.kinds

    def kind(self, kind=None):
        """Checks what is to be measured.

        Args:
            kind: "bbox", "segm", "keypoints", or `None`: masks where there are any, and boxes elsewhere.

        Returns:
            String, one of `kinds`.

        Raises:
            UserError: If there are none of that kind.
        """
        kind = kind or ("segm" if "segm" in self.kinds else "bbox")
        if kind not in self.kinds:
            raise UserError(f"kind {kind!r} cannot be measured here; there are {', '.join(self.kinds)}")
        return kind


def collect(model, dataset, *, limit=None, progress=None, batch_size=4, max_detections=None):
    """Detects in the pictures of a dataset, once for all measures.

    Masks are kept as run lengths, pictures are not kept, so that thousands fit into memory.

    Args:
        model: As in `evaluate`.
        dataset: As in `evaluate`.
        limit: Integer, use only the first `limit` pictures, or `None`.
        progress: `True` to print progress, or a function called with (finished pictures, total) after each batch.
        batch_size: Integer, pictures per call of the model; while it works the next ones are read, and no more are in
            memory.
        max_detections: Integer, the number of best detections per picture and class that count, or `None`: the model's
            `max_detections` (setting DETECTION_MAX_INSTANCES), or 100 as in COCO's tables.

    Returns:
        `Predictions`.

    Raises:
        UserError: If the model's detections do not fit the dataset's picture sizes, classes or keypoints.
    """
    same = classes_by_name(model, dataset)
    layout = getattr(dataset, "keypoint_layout", None)
    progress = ProgressLine().counting("measured picture") if progress is True else progress
    image_ids = [int(image_id) for image_id in dataset.image_ids[:limit]]
    names, truths, founds = [], PackedDetections(), PackedDetections()
    batches = [image_ids[start : start + batch_size] for start in range(0, len(image_ids), batch_size)]
    for batch, examples in zip(batches, _read_ahead(dataset, batches), strict=True):
        detected = detect_in(model, dataset, batch, [image for image, _ in examples])
        for image_id, (_, truth), found in zip(batch, examples, detected, strict=True):
            names.append(dataset.image_name(image_id))
            found = renamed(found, same)
            _check(found, truth, names[-1], len(dataset.class_names))
            truths.append(truth)
            founds.append(found)
        if progress:
            progress(len(names), len(image_ids))
    return Predictions(
        tuple(dataset.class_names),
        image_ids,
        names,
        truths,
        founds,
        max_detections or getattr(model, "max_detections", MOST_DETECTIONS),
        () if layout is None else tuple(getattr(model, "keypoint_sigmas", ()) or layout.sigmas),
    )


def _read_ahead(dataset, batches):
    """Yields the examples of each batch of ids; the next batch is read in another thread meanwhile."""

    def load(batch):
        return [dataset.load_example(image_id) for image_id in batch]

    with ThreadPoolExecutor(1) as reader:
        coming = None
        for batch in [*batches, None]:
            ready, coming = coming, batch and reader.submit(load, batch)
            if ready:
                yield ready.result()


def _check(found, truth, name, num_classes):
    if found.size != truth.size:
        raise UserError(
            f"image {name!r}: the detections are for {found.size[0]} x {found.size[1]} pixels but the picture has "
            f"{truth.size[0]} x {truth.size[1]}; give instances in the picture's own pixels"
        )
    largest = int(np.abs(np.concatenate([found.class_ids, truth.class_ids])).max(initial=0))
    if largest >= num_classes:
        raise UserError(
            f"image {name!r}: class id {largest}, but the dataset has {num_classes - 1} classes; evaluate "
            f"a model on data with the classes it was trained for"
        )
    if found.keypoints is not None and truth.keypoints is not None:
        theirs, ours = found.keypoints.shape[1], truth.keypoints.shape[1]
        if theirs != ours:
            raise UserError(
                f"image {name!r}: {theirs} keypoints per object were found, but the dataset has {ours}; evaluate "
                "a model on data with the keypoints it was trained for"
            )
