"""What a program must know to use a TFLite file, inside the file: a zip archive behind the model, as TFLite's own tools
append it, so that Android's MetadataExtractor and Python's zipfile find it, and the runtime does not mind it."""

import json
import zipfile

from mrcnn_keras.errors import UserError
from mrcnn_keras.export.answers import name_lines

METADATA, LABELS = "metadata.json", "labels.txt"
FORMAT = 1


def metadata_of(model, size, quantize):
    """The content of metadata.json, as plain values.

    Names have their unit with them or are settings of Config in small letters. A photograph of h x w pixels is resized
    by the factor min(max(short_side / min(h, w), min_scale), long_side / max(h, w), height / h, width / w): as the
    model does it, and never to more than the input; the rest of the input is ignored.
    """
    config = model.config
    options = config.resize_options()
    if config.IMAGE_RESIZE_MODE == "crop":
        limits = {"short_side": 0, "min_scale": options["scale"], "long_side": options["limit"]}
    else:
        limits = {"short_side": options["min_dim"], "min_scale": options["min_scale"], "long_side": options["max_dim"]}
    return {
        "format": FORMAT,
        "name": config.NAME,
        "preset": config.PRESET,
        "quantize": quantize,
        "class_names": list(config.CLASS_NAMES),
        "input": {
            "height": size[0],
            "width": size[1],
            "channels": "RGB",
            "range": [0, 255],
            "normalisation": "inside the model: (pixel - mean) / deviation",
            "mean": list(config.MEAN_PIXEL),
            "deviation": list(config.STD_PIXEL),
        },
        "resize": {
            **limits,
            "rounding": config.IMAGE_ROUNDING,
            "place": config.IMAGE_PAD_PLACE,
            "method": config.resize_method(),
        },
        "box_corners": config.BOX_CORNERS,
        "detection_whole_pixels": config.DETECTION_WHOLE_PIXELS,
        "mask_paste": config.MASK_PASTE,
        "keypoint_names": list(config.KEYPOINT_NAMES),
        "keypoint_skeleton": [list(pair) for pair in config.KEYPOINT_SKELETON],
    }


def append_metadata(path, metadata):
    """Puts metadata.json and, where the classes have names, labels.txt behind the model in the file."""
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(METADATA, json.dumps(metadata, indent=1) + "\n")
        names = metadata["class_names"]
        if names:
            archive.writestr(LABELS, name_lines(names))


def read_metadata(path):
    """The metadata of a file that `tflite` wrote. Raises UserError for any other."""
    try:
        with zipfile.ZipFile(path) as archive:
            metadata = json.loads(archive.read(METADATA))
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); give a .tflite file of mrcnn_keras") from error
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UserError(f"{path} is not a TFLite file that mrcnn_keras.export.tflite wrote; give one") from error
    if metadata.get("format") != FORMAT:
        raise UserError(f"{path} has metadata of another format ({metadata.get('format')}); export the model again")
    return metadata
