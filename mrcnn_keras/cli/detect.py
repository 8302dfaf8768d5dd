"""mrcnn detect: pictures of the detections, and one JSON file in COCO's results format."""

import json
from collections import Counter, deque
from pathlib import Path

from mrcnn_keras.cli.inputs import find_files
from mrcnn_keras.cli.labelling_order import DOUBTFUL_FROM, LabellingOrder
from mrcnn_keras.cli.models import category_ids, class_names, load_model, lowest_score
from mrcnn_keras.cli.proposals import check_wanted, of_file, read_files
from mrcnn_keras.cli.saved_labels import SavedLabels
from mrcnn_keras.data import SUFFIXES as PICTURES
from mrcnn_keras.data import check_unused, read_image
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file, write_image
from mrcnn_keras.model import class_limits
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.visualize import draw_detections
from mrcnn_keras.visualize.video import draw_video

VIDEOS = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v"}


def detect_files(
    model_path, inputs, out, min_score, proposals=(), settings=(), precision=None, save=(), tolerance=1.0, suggest=0
):
    """Draws the detections in each file to `out` and writes out/detections.json.

    A row of the JSON has COCO's fields and the file's name (its path if two files have the same name). image_id is the
    number in the file's name, as in COCO, if all files are named by different numbers, otherwise the file's position,
    counted from 1. Videos are only drawn. Drawings are in folders like the pictures'. A file that cannot be read
    does not stop the others; the command then ends with its error message. proposals: files with the proposals of each
    picture, for a model that takes them. settings, precision: as of `load_model`. save: formats of `save_dataset` in
    which the pictures and what was found are written to out/FORMAT, too, with outlines simplified by `tolerance`.
    suggest: how many pictures to name that are most worth labelling, see LabellingOrder. min_score: the lowest that is
    drawn and written, or "best": as saved for each class.
    """
    for format in save:
        check_unused(Path(out) / format)
    below = find_files(inputs, PICTURES | VIDEOS, "a picture, a video or a folder of them", out)
    files = [*below]
    targets = _targets(below, Path(out))
    names, ids = _names(files), _image_ids(files)
    model = load_model(model_path, settings, precision)
    limits = class_limits(model.config, min_score)
    lowest = float(limits.min())
    asked = lowest_score(model, min(lowest, DOUBTFUL_FROM) if suggest else lowest)
    check_wanted(model, model_path, proposals)
    given = _given(files, read_files(proposals)) if proposals else {}
    classes, categories = class_names(model), category_ids(model)

    def drawn(image, found):
        return draw_detections(image, found, classes, skeleton=model.config.KEYPOINT_SKELETON)

    def shown(found):
        return found.above(limits[found.class_ids])

    def of_frame(image):
        return drawn(image, shown(model.detect([image], asked)[0]))

    pictures = [path for path in files if path.suffix.lower() not in VIDEOS]
    outcomes = _detected(model, pictures, asked, given)
    results, broken = [], []
    order = LabellingOrder(classes)
    labels = SavedLabels(save, out, pictures, model.config, classes, categories, tolerance)
    with labels:
        for number, (path, target) in enumerate(zip(files, targets, strict=True)):
            place = f"{number + 1}/{len(files)} {path}"
            try:
                if path.suffix.lower() in VIDEOS:
                    progress = ProgressLine().counting(f"{place}: drew frame")
                    count = draw_video(path, target, of_frame, progress)
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
            found = shown(found)
            labels.add(path, found)
            write_image(target, drawn(image, found))
            rows = found.coco_results(ids[number], categories)
            results += [{**row, "file_name": names[number]} for row in rows]
            print(f"{place}: {len(found)} found -> {target}", *(f"(note: {note})" for note in notes), flush=True)
    json_path = Path(out) / "detections.json"
    with replace_file(json_path) as temporary:
        temporary.write_text(json.dumps(results))
    print(f"wrote {len(results)} detections of {len(files) - len(broken)} files to {json_path}")
    labels.report()
    figures = {"files": len(files), "detections": len(results)}
    if suggest:
        figures["suggested"] = _suggest(order.best(suggest), Path(out) / "suggestions.json")
    if broken:
        count = f" ({len(broken)} of {len(files)} files could not be read)" if len(broken) > 1 else ""
        raise UserError(f"{broken[0]}{count}")
    return figures


def _suggest(pictures, json_path):
    """Prints and writes the pictures that are most worth labelling, and returns them."""
    print("most worth labelling next:")
    for rank, picture in enumerate(pictures, start=1):
        print(f"{rank:3} {picture['file']}: {picture['reason']}")
    with replace_file(json_path) as temporary:
        temporary.write_text(json.dumps(pictures, indent=1))
    print(f"wrote {json_path}")
    return pictures


def _detected(model, paths, min_score, given):
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
        found = (model.detect([image], min_score, **given[path])[0] for path, image in pictures())
    else:
        found = model.detect_each((image for _, image in pictures()), min_score)
    for one in found:
        while read[0][0] is None:
            yield *read.popleft(), None
        yield *read.popleft(), one
    while read:
        yield *read.popleft(), None


def _names(files):
    count = Counter(path.name for path in files)
    return [path.name if count[path.name] == 1 else str(path) for path in files]


def _image_ids(files):
    stems = {path.stem for path in files}
    if len(stems) == len(files) and all(stem.isdecimal() for stem in stems):
        return [int(path.stem) for path in files]
    return list(range(1, len(files) + 1))


def _given(files, proposals):
    """Returns {file: keyword arguments of detect with its proposals}."""
    for path in files:
        if path.suffix.lower() in VIDEOS:
            raise UserError(f"{path} is a video, for which proposals cannot be given; give pictures")
    return {path: {"proposals": [of_file(path, proposals)]} for path in files}


def _targets(files, out):
    """Returns a different path in `out` for each file, {path: name}, also if two have the same name."""
    targets, given = {}, {path.resolve() for path in files}  # a dict, to find one of thousands at once
    for path, name in files.items():
        suffix = ".mp4" if path.suffix.lower() in VIDEOS else ".png"
        target, number = out / name.with_suffix(suffix), 1
        while target in targets:
            number += 1
            target = out / name.with_name(f"{name.stem}-{number}{suffix}")
        if target.resolve() in given:
            raise UserError(f"{target} is one of the inputs and would be overwritten; give another folder with --out")
        targets[target] = path
    return [*targets]
