"""mrcnn detect: overlays and one JSON in COCO results form."""

import json
from pathlib import Path

from mrcnn_keras.commands.models import category_ids, class_names, load_model
from mrcnn_keras.data.images import read_image
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.images_out import write_image
from mrcnn_keras.visualize import draw_detections

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif")
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")


def detect_files(model_path, inputs, out, min_score):
    """Draws what the model finds in each file to `out` and writes out/detections.json.

    A picture that cannot be read does not stop the others; the command then ends with its sentence.
    """
    files = _files(inputs)
    model = load_model(model_path)
    names, out = class_names(model), Path(out)
    results, broken = [], []
    for number, (path, target) in enumerate(zip(files, _targets(files, out), strict=True), start=1):
        try:
            if path.suffix.lower() in VIDEOS:
                from mrcnn_keras.video import draw_video

                draw_video(path, target.with_suffix(".mp4"), lambda image: _draw(model, image, min_score, names))
                print(f"{number}/{len(files)} {path} -> {target.with_suffix('.mp4')}")
                continue
            image = read_image(path)
        except UserError as error:
            broken.append(str(error))
            print(f"{number}/{len(files)} {path}: cannot be read")
            continue
        found = model.detect([image], min_score)[0]
        write_image(target, draw_detections(image, found, names))
        image_id = int(path.stem) if path.stem.isdecimal() else number
        for row in found.coco_results(image_id, category_ids(model)):
            results.append({**row, "file_name": path.name})
        print(f"{number}/{len(files)} {path}: {len(found)} found -> {target}", flush=True)
    json_path = out / "detections.json"
    with replace_file(json_path) as temporary:
        temporary.write_text(json.dumps(results))
    print(f"wrote {len(results)} detections of {len(files) - len(broken)} files to {json_path}")
    if broken:
        raise UserError(broken[0] + (f" ({len(broken)} files could not be read)" if len(broken) > 1 else ""))
    return {"files": len(files), "detections": len(results)}


def _draw(model, image, min_score, names):
    return draw_detections(image, model.detect([image], min_score)[0], names)


def _files(inputs):
    files = []
    for given in map(Path, inputs):
        if given.is_dir():
            inside = sorted(p for p in given.iterdir() if p.suffix.lower() in PICTURES + VIDEOS)
            if not inside:
                raise UserError(f"{given} holds no picture; give a folder with {', '.join(PICTURES[:3])} files in it")
            files += inside
        elif given.exists():
            files.append(given)
        else:
            raise UserError(f"{given} does not exist; give a picture, a video or a folder of them")
    return files


def _targets(files, out):
    """One file name in `out` each, also where two folders hold files of the same name."""
    taken = set()
    for path in files:
        name, number = f"{path.stem}.png", 1
        while name in taken:
            number += 1
            name = f"{path.stem}-{number}.png"
        taken.add(name)
        yield out / name
