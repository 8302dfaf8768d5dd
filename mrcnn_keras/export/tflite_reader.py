"""Runs a TFLite file as a program on a phone would, and gives Detections."""

import importlib.util

import numpy as np
import tensorflow as tf

from mrcnn_keras.detections import Detections, as_boxes
from mrcnn_keras.errors import UserError
from mrcnn_keras.export.tflite_metadata import read_metadata
from mrcnn_keras.mask_crop import paste_mask
from mrcnn_keras.ops import images as image_ops
from mrcnn_keras.ops import masks as mask_ops


def load_tflite(path, threads=None):
    """Reads what `tflite` wrote -> a function from a picture [H, W, 3] uint8 RGB to Detections.

    The picture is resized as the model itself does it, if the file's input is large enough for that, else to what
    fits. Where the model takes proposals, the function does so, too: [N, (y1, x1, y2, x2)] in the picture's pixels.
    threads: of the processor; None: LiteRT decides. Needs ai-edge-litert.
    """
    if importlib.util.find_spec("ai_edge_litert") is None:
        raise UserError(
            'a TFLite file is run by ai-edge-litert, which is not installed: run pip install "mrcnn_keras[tflite]"'
        )
    from ai_edge_litert.interpreter import Interpreter

    metadata = read_metadata(path)
    try:
        interpreter = Interpreter(str(path), num_threads=threads)
    except ValueError as error:
        raise UserError(f"{path} is no TFLite model that LiteRT can read ({error}); export it again") from error
    run = interpreter.get_signature_runner("serving_default")
    proposal_shape = run.get_input_details().get("proposals", {}).get("shape")

    def answer(image, proposals=None):
        size, plan = image.shape[:2], plan_input(*image.shape[:2], metadata)
        inputs = {
            "image": image_ops.resize_images(image[None], *plan, metadata["resize"]["method"]).numpy(),
            "image_size": plan[0][None],
        }
        if proposal_shape is not None:
            inputs["proposals"] = _padded(proposals, size, plan, proposal_shape)
        found = {name: value[0] for name, value in run(**inputs).items()}
        return _as_detections(found, size, plan, metadata)

    return answer


def plan_input(height, width, metadata):
    """How a photograph comes to the input of a file.

    metadata: of tflite_metadata.metadata_of. Returns three int32 arrays of two: the sizes (height, width) of the
    resized photograph and of the input, and (top, left), the place of the one in the other.
    """
    rule, network = metadata["resize"], np.array([metadata["input"]["height"], metadata["input"]["width"]], np.int32)
    size = np.array([height, width], np.float64)
    factor = min(max(rule["short_side"] / size.min(), rule["min_scale"]), rule["long_side"] / size.max())
    factor = min(factor, *(network / size))
    resized = np.clip(image_ops.ROUNDING[rule["rounding"]](size * factor), 1, network).astype(np.int32)
    return resized, network, image_ops.PLACES[rule["place"]](tf.constant(network - resized)).numpy()


def _padded(proposals, size, plan, shape):
    """Proposals in the photograph's pixels, None for none, as the input `proposals` of the file."""
    boxes = np.zeros((0, 4), np.float32) if proposals is None else as_boxes(proposals)
    boxes = image_ops.boxes_to_network(tf.constant(boxes[None]), size, plan[0], plan[2]).numpy()[:, : shape[1]]
    return np.pad(boxes, [(0, 0), (0, shape[1] - boxes.shape[1]), (0, 0)])


def _as_detections(found, size, plan, metadata):
    """The answers for one picture of `size` (height, width), in its pixels."""
    found = {name: value[: found["num_detections"]] for name, value in found.items() if value.ndim}
    corners = metadata["box_corners"]
    boxes = image_ops.boxes_to_photograph(
        found["boxes"][None],
        tf.constant(size),
        plan[0],
        plan[2],
        corners=corners,
        whole_pixels=metadata["detection_whole_pixels"],
    ).numpy()[0]
    # In a photograph's pixels a box can have lost its area.
    real = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
    boxes, found = boxes[real], {name: value[real] for name, value in found.items()}
    crops = keypoints = None
    if "masks" in found:
        masks = found["masks"]
        spread = mask_ops.paste_boxes(tf.constant(boxes), masks.shape[1], metadata["mask_paste"]).numpy()
        crops = [paste_mask(mask, box, size) for mask, box in zip(masks, spread, strict=True)]
    if "keypoints" in found:
        keypoints = image_ops.keypoints_to_photograph(found["keypoints"], size, plan[0], plan[2], corners=corners)
        keypoints = keypoints.numpy()
    return Detections(size, boxes, found["class_ids"], found["scores"], crops, keypoints)
