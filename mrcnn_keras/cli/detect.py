"""mrcnn detect: pictures and videos of the detections, and one JSON file in COCO's results format."""

import json
from collections import Counter, deque
from pathlib import Path

from mrcnn_keras.cli.detected_files import KINDS, DetectedFiles
from mrcnn_keras.cli.inputs import Live, find_files, live_source
from mrcnn_keras.cli.labelling_order import COMPARED, DOUBTFUL_FROM, LabellingOrder
from mrcnn_keras.cli.models import category_ids, class_names, load_model, lowest_score
from mrcnn_keras.cli.proposals import check_wanted, of_file, read_files
from mrcnn_keras.cli.saved_labels import SavedLabels
from mrcnn_keras.data import SUFFIXES as PICTURES
from mrcnn_keras.data import check_unused, read_image
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file, write_image
from mrcnn_keras.model import Tiled, graphs_as_made, lowest_scores
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.visualize import Frames, color_splash, draw_detections, draw_tracks

VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v"}


def detect_files(
    model_path,
    inputs,
    out,
    min_score,
    proposals=(),
    settings=(),
    precision=None,
    *,
    save=(),
    tolerance=1.0,
    suggest=0,
    tile=None,
    overlap=0.2,
    splash=False,
):
    """Draws the detections in each file, camera or stream to `out` and writes out/detections.json.

    A row of the JSON has COCO's fields and the file's name (its path if two files have the same name); of a video also
    the frame, from 0, and the object's number. image_id is the number in the file's name, as in COCO, if all files are
    named by different numbers, otherwise the file's position, counted from 1. Drawings are in folders like the
    pictures'. A file that cannot be read does not stop the others; the command then ends with its error message.
    proposals: files with the proposals of each picture, for a model that takes them. settings, precision: as in
    `load_model`. save: "csv" and "crops", see DetectedFiles, and formats of `save_dataset` in which the pictures and
    what was found are written to out/FORMAT, too, with outlines simplified by `tolerance`. suggest: how many pictures
    to name that are most worth labelling, see LabellingOrder. min_score: the lowest that is drawn and written, or
    "best": as saved for each class. tile, overlap: of `Tiled`, or None. splash: whether objects are shown in colour on
    grey instead of drawn.
    """
    for folder in {*save} - {"csv"}:
        check_unused(Path(out) / folder)
    formats = [kind for kind in save if kind not in KINDS]
    below = _find(inputs, out)
    files = [*below]
    targets = _targets(below, Path(out))
    names, ids = _names(files), _image_ids(files)
    model = load_model(model_path, settings, precision)
    limits = lowest_scores(model.config, min_score)
    lowest = float(limits.min())
    asked = lowest_score(model, min(lowest, DOUBTFUL_FROM) if suggest else lowest)
    check_wanted(model, model_path, proposals)
    given = _given(files, read_files(proposals)) if proposals else {}
    classes, categories = class_names(model), category_ids(model)
    pictures = [path for path in files if not _moves(path)]
    looker = _Looker(model, limits, classes, tile, overlap, splash)
    outcomes = _detected(looker, pictures, asked, given)
    broken = []
    order = LabellingOrder(classes)
    written = DetectedFiles(out, [kind for kind in save if kind in KINDS], classes, categories)
    labels = SavedLabels(formats, out, pictures, model.config, classes, categories, tolerance)
    films = len(pictures) < len(files)
    with written, labels, graphs_as_made(not films):
        for number, (path, target) in enumerate(zip(files, targets, strict=True)):
            place = f"{number + 1}/{len(files)} {path}"
            try:
                if _moves(path):
                    count = _detect_in_video(looker, path, target, place, names[number], ids[number], written)
                    print(f"{place}: {count} frames -> {target}", flush=True)
                    continue
                image, notes, found = next(outcomes)
                if found is None:
                    raise notes[0]
            except UserError as error:
                broken.append(str(error))
                print(f"{place}: left out: {error}", flush=True)
                continue
            if suggest:
                order.add(path, image, found)
            found = found[looker.shown(found)]
            labels.add(path, found)
            write_image(target, looker.drawn(image, found))
            written.add(names[number], ids[number], image, found)
            print(f"{place}: {len(found)} found -> {target}", *(f"(note: {note})" for note in notes), flush=True)
            del image  # so that no two large pictures are in memory
    print(f"wrote {written.count} detections of {len(files) - len(broken)} files to {written.json_path}")
    if not written.count and len(broken) < len(files) and lowest > DOUBTFUL_FROM:
        print(f"note: nothing has a score of {lowest:g} or more; try a lower one, as --min-score {DOUBTFUL_FROM:g}")
    written.report()
    labels.report()
    if formats and films:
        print(f"note: {', '.join(formats)}: of pictures only, not of videos")
    figures = {"files": len(files), "detections": written.count}
    if suggest:
        if len(order.pictures) > COMPARED:
            print(f"of {len(order.pictures)} pictures evenly spread ones were compared, no more than {COMPARED}")
        figures["suggested"] = _suggest(order.best(suggest), Path(out) / "suggestions.json")
    if broken:
        count = f" ({len(broken)} of {len(files)} files could not be read)" if len(broken) > 1 else ""
        raise UserError(f"{broken[0]}{count}")
    return figures


class _Looker:
    """What finds objects, decides which are shown, and draws them. limits: lowest score of each class."""

    def __init__(self, model, limits, classes, tile, overlap, splash):
        self.model, self.limits, self.classes, self.splash = model, limits, classes, splash
        self._tiled = tile and Tiled(model, tile, overlap)

    def each(self, images, min_score):
        """Detections of each image of an iterable."""
        if not self._tiled:
            return self.model.detect_each(images, min_score)
        return self._tiled.detect_each(images, min_score, progress=ProgressLine().counting("looked at tile"))

    def in_frames(self, frames, min_score):
        """`each`, where scores below the model's own limit are as good as this."""
        known = min_score >= self.model.config.DETECTION_MIN_CONFIDENCE
        return self.each(frames, min_score if known else None)

    def shown(self, found):
        return found.scores >= self.limits[found.class_ids]

    def drawn(self, image, found, tracks=None):
        if self.splash:
            return color_splash(image, found)
        skeleton = self.model.config.KEYPOINT_SKELETON
        if tracks is None:
            return draw_detections(image, found, self.classes, skeleton=skeleton)
        return draw_tracks(image, found, tracks, self.classes, skeleton=skeleton)


def _detect_in_video(looker, path, target, place, name, image_id, written):
    """-> number of frames"""
    from mrcnn_keras.cli.detect_video import detect_in_frames  # a quarter of a second, for SciPy's optimisation

    line = ProgressLine()
    with Frames(*(path.source, True) if isinstance(path, Live) else (path,)) as frames:

        def progress(done):
            if line.is_due():
                line.show(f"{place}: frame {done}" + (f" of {frames.count}" if frames.count else ""))

        def add(number, frame, found, tracks):
            written.add(name, image_id, frame, found, number, tracks)

        if frames.live:
            print(f"{place}: until Ctrl-C", flush=True)
        options = {"lowest": float(looker.limits.min()), "shown": looker.shown, "drawn": looker.drawn, "add": add}
        try:
            return detect_in_frames(frames, target, looker.in_frames, **options, progress=progress)
        finally:
            line.clear()


def _suggest(pictures, json_path):
    """Prints and writes the pictures that are most worth labelling, and returns them."""
    print("most worth labelling next:")
    for rank, picture in enumerate(pictures, start=1):
        print(f"{rank:3} {picture['file']}: {picture['reason']}")
    with replace_file(json_path) as temporary:
        temporary.write_text(json.dumps(pictures, indent=1))
    print(f"wrote {json_path}")
    return pictures


def _detected(looker, paths, min_score, given):
    """Yields (picture, notes on its file, Detections) of each path; of one that cannot be read (None, [error], None).

    given: {path: keyword arguments of detect}, where there are any.
    """
    read = deque()

    def pictures():
        for path in paths:
            notes = []
            try:
                image = read_image(path, note=notes.append)
            except UserError as error:
                image, notes = None, [error]
            read.append((image, notes))
            if image is not None:
                yield path, image

    if given:
        found = (looker.model.detect([image], min_score, **given[path])[0] for path, image in pictures())
    else:
        found = looker.each((image for _, image in pictures()), min_score)
    for one in found:
        while read[0][0] is None:
            yield *read.popleft(), None
        yield *read.popleft(), one
    while read:
        yield *read.popleft(), None


def _find(inputs, out):
    """{path or Live: name below what was given}; what never ends comes last."""
    live = dict.fromkeys(filter(None, map(live_source, inputs)))
    files = [given for given in inputs if not live_source(given)]
    wanted = "a picture, a video, a camera such as 0, a stream such as rtsp://..., or a folder of pictures"
    below = find_files(files, PICTURES | VIDEOS, wanted, out)
    return below | {source: Path(f"{source.name}.mp4") for source in live}


def _moves(path):
    """Whether it is a video, a camera or a stream."""
    return isinstance(path, Live) or path.suffix.lower() in VIDEOS


def _names(files):
    count = Counter(path.name for path in files)
    return [path.name if count[path.name] == 1 else str(path) for path in files]


def _image_ids(files):
    stems = {path.name if isinstance(path, Live) else path.stem for path in files}
    if len(stems) == len(files) and all(stem.isdecimal() for stem in stems):
        return [int(path.stem) for path in files]
    return list(range(1, len(files) + 1))


def _given(files, proposals):
    """Returns {file: keyword arguments of detect with its proposals}."""
    for path in files:
        if _moves(path):
            raise UserError(f"{path} is a video, for which proposals cannot be given; give pictures")
    return {path: {"proposals": [of_file(path, proposals)]} for path in files}


def _targets(files, out):
    """Returns a different path in `out` for each file, {path: name}, also if two have the same name."""
    targets, given = (
        {},
        {path.resolve() for path in files if isinstance(path, Path)},
    )  # a dict, to find one of thousands at once
    for path, name in files.items():
        suffix = ".mp4" if _moves(path) else ".png"
        target, number = out / name.with_suffix(suffix), 1
        while target in targets:
            number += 1
            target = out / name.with_name(f"{name.stem}-{number}{suffix}")
        if target.resolve() in given:
            raise UserError(f"{target} is one of the inputs and would be overwritten; give another folder with --out")
        targets[target] = path
    return [*targets]
