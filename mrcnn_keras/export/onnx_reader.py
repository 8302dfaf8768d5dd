"""Runs what onnx wrote, by onnxruntime alone."""

import os
from pathlib import Path

from mrcnn_keras.errors import UserError, forked
from mrcnn_keras.export.answers import as_detections, for_pictures
from mrcnn_keras.export.readers import require


def load_onnx(path):
    """Reads what `onnx` wrote.

    Args:
        path: The .onnx file.

    Returns:
        Function from a picture `[H, W, 3]` uint8 RGB, or what else `MaskRCNN.detect` takes as one, to `Detections`, and
        from a list or batch of pictures to a list. Where the model takes proposals, it takes them as second argument,
        `[N, (y1, x1, y2, x2)]` in the picture's pixels.

    Raises:
        UserError: If it cannot be read, or onnxruntime is not installed.
    """
    runtime = require("onnxruntime", "onnx")
    if not Path(path).is_file():
        what = "is a folder" if Path(path).is_dir() else "does not exist"
        raise UserError(f"{path} {what}; give the .onnx file that mrcnn_keras.export.onnx wrote")
    try:
        session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception of its own for each of its codes
        raise UserError(f"{path} cannot be read as an ONNX model ({error}); write it again") from error
    names = [output.name for output in session.get_outputs()]
    if "num_detections" not in names:
        raise UserError(f"the ONNX model {path} has no output num_detections; give one of mrcnn_keras.export")

    process = os.getpid()

    def run(image, proposals):
        if os.getpid() != process:
            raise forked("onnxruntime")
        inputs = {"images": image[None]} | ({} if proposals is None else {"proposals": proposals[None]})
        values = session.run(names, inputs)
        return as_detections({name: value[0] for name, value in zip(names, values, strict=True)}, image.shape[:2])

    return for_pictures(run, any(given.name == "proposals" for given in session.get_inputs()))
