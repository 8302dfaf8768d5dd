"""An automatic annotation function of CVAT's own server, as a container of Nuclio.

    python cvat_nuclio.py run --out mine                                   # fills the folder mine with what it needs
    nuctl deploy --project-name cvat --path mine --platform local          # on the machine of CVAT

run is a training's folder or a .keras file. The page of CVAT then offers the model under "AI tools". CVAT sends each
picture as base64, with the lowest score that was chosen, and gets masks and polygons. A photograph of 800 x 600 pixels
with 14 objects took 0.2 s on two idle cores with `resnet18_fpn`, without CVAT's part.
"""

import argparse
import base64
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

import mrcnn_keras as mk

MIN_SCORE = 0.5  # where CVAT asks for none
TOLERANCE = 1.0  # pixels by which polygons may be simplified, so that they can be edited


def init_context(context):
    """Called once by Nuclio, when the container starts."""
    context.user_data.model = mk.MaskRCNN.load(os.environ["MRCNN_MODEL"])
    context.logger.info("the model is ready")


def handler(context, event):
    """Called by Nuclio for each picture."""
    model = context.user_data.model
    picture = Image.open(io.BytesIO(base64.b64decode(event.body["image"])))
    threshold = event.body.get("threshold")
    found = find(model, picture, MIN_SCORE if threshold is None else float(threshold))
    body = json.dumps(objects_of(found, names_of(model)))
    return context.Response(body=body, headers={}, content_type="application/json", status_code=200)


def find(model, picture, min_score):
    """Detections of a Pillow image, from CVAT's lowest score on, where the model can."""
    return model.detect([picture], max(min_score, model.config.DETECTION_MIN_CONFIDENCE))[0]


def objects_of(found, names):
    """What CVAT's server reads: for each object its label, score, polygon and mask; of a model without masks its box.

    A mask is 0 or 1 for each pixel of a window, row by row, and then the window's first and last column and row. Where
    polygons are asked for, the server takes the points: of a mask in pieces those of the largest.
    """
    objects = []
    for i, score in enumerate(found.scores.tolist()):
        pieces = found[i].to_labelme(names, TOLERANCE)
        if not pieces:
            continue  # no pixel
        points = max((np.asarray(piece["points"], float) for piece in pieces), key=lambda xy: np.ptp(xy, axis=0).prod())
        known = {"label": pieces[0]["label"], "confidence": str(score), "points": points.ravel().tolist()}
        if found.mask_crops is None:
            objects.append({**known, "type": "rectangle"})
        else:
            crop = found.mask_crops[i]
            height, width = crop.bits.shape
            window = [crop.left, crop.top, crop.left + width - 1, crop.top + height - 1]
            objects.append({**known, "type": "mask", "mask": [*crop.bits.ravel().astype(int).tolist(), *window]})
    return objects


def names_of(model):
    """Names of the classes, background first."""
    return list(model.class_names) or ["BG", *(f"class {i}" for i in range(1, model.config.NUM_CLASSES))]


def prepare(run, out):
    """Fills a folder for `nuctl deploy`: this file, the model, and function.yaml with its labels."""
    model = mk.MaskRCNN.load(run)
    kind = "mask" if model.config.MASKS else "rectangle"
    labels = [{"id": i, "name": name, "type": kind} for i, name in enumerate(names_of(model)) if i]
    text = Path(__file__).with_name("function.yaml").read_text(encoding="utf-8")
    out.mkdir(parents=True)
    (out / "function.yaml").write_text(text.replace("[]", json.dumps(labels, ensure_ascii=False)), encoding="utf-8")
    shutil.copy(__file__, out / "cvat_nuclio.py")
    model.save(out / "model.keras")


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("run", help="folder of a training, or .keras file")
    parser.add_argument("--out", type=Path, required=True, help="new folder to write")
    args = parser.parse_args()
    prepare(args.run, args.out)
    print(f"wrote {args.out}: nuctl deploy --project-name cvat --path {args.out} --platform local")


if __name__ == "__main__":
    main()
