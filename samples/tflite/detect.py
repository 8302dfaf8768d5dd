"""Finds and draws objects with a TFLite file of mrcnn_keras: needs numpy, Pillow and ai-edge-litert, no TensorFlow.

    python detect.py mine.tflite photo.jpg --out found.png

On two cores with other work, a picture with ten objects took 0.14 s with `mobilenet_fpn` at 320 x 320 in float16, a
file of 11 MB, and 2.6 s with `resnet50_fpn` at 512 x 512 (benchmarks/phones.py). On a phone it was not measured.
"""

import argparse
import json
import zipfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image, ImageDraw

COLOURS = [(230, 60, 60), (60, 160, 240), (70, 200, 90), (240, 170, 30), (170, 90, 230), (30, 200, 200)]


def prepare(picture, about):
    """Returns the inputs for a Pillow picture, the factor of its size, and its place (top, left) in the input."""
    rule, height, width = about["resize"], about["input"]["height"], about["input"]["width"]
    sides = picture.height, picture.width
    factor = min(max(rule["short_side"] / min(sides), rule["min_scale"]), rule["long_side"] / max(sides))
    factor = min(factor, height / picture.height, width / picture.width)
    h, w = (max(int(side * factor + 0.5), 1) for side in sides)
    top, left = ((height - h) // 2, (width - w) // 2) if rule["place"] == "centre" else (0, 0)
    image = np.zeros((1, height, width, 3), np.float32)
    image[0, top : top + h, left : left + w] = picture.resize((w, h), Image.Resampling.BILINEAR)
    size = np.array([[h, w]], np.int32)
    return {"image": image, "image_size": size}, np.array([h, w] * 2) / [*sides, *sides], np.array([top, left] * 2)


def draw(picture, box, mask, text, colour):
    """Draws a mask [h, w], 0 to 1 (or None), that covers the box (y1, x1, y2, x2), the box and a text."""
    y1, x1, y2, x2 = (int(round(float(edge))) for edge in box)
    if mask is not None and y2 > y1 and x2 > x1:
        full = np.asarray(Image.fromarray(mask).resize((x2 - x1, y2 - y1), Image.Resampling.BILINEAR))
        picture.paste(colour, (x1, y1), Image.fromarray(np.uint8(full >= 0.5) * 120))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((x1, y1, x2, y2), outline=colour, width=2)
    pen.text((x1 + 3, y1 + 2), text, fill="white", stroke_width=1, stroke_fill="black")


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("model", help="a .tflite file of `mrcnn export --to tflite`")
    parser.add_argument("picture")
    parser.add_argument("--out", default="found.png", help="the drawing (default: found.png)")
    parser.add_argument("--min-score", type=float, default=0.5, help="lowest score (default: 0.5)")
    options = parser.parse_args()

    with zipfile.ZipFile(options.model) as archive:  # the file is a model followed by a zip archive
        about = json.loads(archive.read("metadata.json"))
    picture = Image.open(options.picture).convert("RGB")
    inputs, factor, place = prepare(picture, about)
    found = Interpreter(options.model).get_signature_runner()(**inputs)
    names = dict(enumerate(about["class_names"]))
    for i in range(int(found["num_detections"][0])):
        score, class_id = float(found["scores"][0, i]), int(found["class_ids"][0, i])
        if score >= options.min_score:
            box = (found["boxes"][0, i] - place) / factor
            text = f"{names.get(class_id, f'class {class_id}')} {score:.2f}"
            draw(picture, box, found["masks"][0, i] if "masks" in found else None, text, COLOURS[i % len(COLOURS)])
            print(text, "at y {:.0f} to {:.0f}, x {:.0f} to {:.0f}".format(*box[[0, 2, 1, 3]]))
    picture.save(options.out)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
