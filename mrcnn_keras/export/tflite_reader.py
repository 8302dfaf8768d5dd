"""Runs a TFLite file as a program on a phone would, and gives Detections."""

import importlib.util

import numpy as np
import tensorflow as tf

from mrcnn_keras.backend import check_process
from mrcnn_keras.errors import UserError
from mrcnn_keras.export.answers import as_detections, for_pictures
from mrcnn_keras.export.tflite_metadata import read_metadata
from mrcnn_keras.ops import images as image_ops
from mrcnn_keras.ops import masks as mask_ops
from mrcnn_keras.resize import padding_before, rounded


def load_tflite(path, threads=None):
    """Reads what `tflite` wrote.

    Args:
        path: The .tflite file.
        threads: Integer, threads of the processor; `None`: LiteRT decides.

    Returns:
        Function from a picture `[H, W, 3]` uint8 RGB, or what else `MaskRCNN.detect` takes as one, to `Detections`, and
        from a list or batch of pictures to a list. It resizes the picture as the model itself does, if the file's input
        is large enough for that, else to what fits. Where the model takes proposals, it takes them as second argument,
        `[N, (y1, x1, y2, x2)]` in the picture's pixels.

    Raises:
        UserError: If it cannot be read, or ai-edge-litert is not installed.
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
        raise UserError(f"{path} is not a TFLite model that LiteRT can read ({error}); export it again") from error
    run = interpreter.get_signature_runner("serving_default")
    proposals = run.get_input_details().get("proposals")
    return _answering(run, metadata, 0 if proposals is None else proposals["shape"][1])


def has_own_size(config, path):
    """Whether the file's input has the size that the model with these settings gives every picture."""
    taken = read_metadata(path)["input"]
    own = config.IMAGE_MAX_DIM if config.IMAGE_RESIZE_MODE == "square" else None
    return taken["height"] == taken["width"] == own


def as_the_file_is_fed(model, path):
    """What the file `path` should find: the network of `model` itself, given what load_tflite gives the file.

    For files with an input of another size than the model's own, in which pictures are smaller or larger than in
    model.detect. Returns a function as load_tflite does.
    """
    inference = tf.function(model.inference, autograph=False)

    def run(**inputs):
        found = inference({name: tf.constant(value) for name, value in inputs.items()})
        return {name: value.numpy() for name, value in found.items()}

    count = model.config.POST_NMS_ROIS_INFERENCE if model.takes_proposals else 0
    return _answering(run, read_metadata(path), count)


def _answering(run, metadata, proposal_count):
    """What answers.for_pictures gives, by run(image=..., image_size=...), whose outputs are those of a file.

    proposal_count: proposals that it takes besides; 0: none.
    """

    def answer(image, proposals):
        check_process()
        size, plan = image.shape[:2], plan_input(*image.shape[:2], metadata)
        inputs = {
            "image": image_ops.resize_images(image[None], *plan, metadata["resize"]["method"]).numpy(),
            "image_size": plan[0][None],
        }
        if proposal_count:
            inputs["proposals"] = _padded(proposals, size, plan, proposal_count)
        found = {name: value[0] for name, value in run(**inputs).items()}
        return _in_photograph(found, size, plan, metadata)

    return for_pictures(answer, None if proposal_count else False)


def plan_input(height, width, metadata):
    """How a photograph comes to the input of a file.

    metadata: of tflite_metadata.metadata_of. Returns three int32 arrays of two: the sizes (height, width) of the
    resized photograph and of the input, and (top, left), the place of the one in the other.
    """
    rule, network = metadata["resize"], np.array([metadata["input"]["height"], metadata["input"]["width"]], np.int32)
    size = np.array([height, width], np.float64)
    factor = min(max(rule["short_side"] / size.min(), rule["min_scale"]), rule["long_side"] / size.max())
    factor = min(factor, *(network / size))
    resized = np.clip(rounded(np, size * factor, rule["rounding"]), 1, network).astype(np.int32)
    return resized, network, padding_before(network - resized, rule["place"])


def _padded(proposals, size, plan, count):
    """Proposals in the photograph's pixels, None for none, as the input `proposals` of the file."""
    boxes = np.zeros((0, 4), np.float32) if proposals is None else proposals
    boxes = image_ops.boxes_to_network(tf.constant(boxes[None]), size, plan[0], plan[2]).numpy()[:, :count]
    return np.pad(boxes, [(0, 0), (0, count - boxes.shape[1]), (0, 0)])


def _in_photograph(found, size, plan, metadata):
    """The outputs of a file for one picture of `size` (height, width), in its pixels, as Detections."""
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
    found = {name: value[real] for name, value in {**found, "boxes": boxes}.items()}
    if "masks" in found:
        cells = found["masks"].shape[1]
        found["mask_boxes"] = mask_ops.paste_boxes(tf.constant(found["boxes"]), cells, metadata["mask_paste"]).numpy()
    if "keypoints" in found:
        points = image_ops.keypoints_to_photograph(found["keypoints"], size, plan[0], plan[2], corners=corners)
        found["keypoints"] = points.numpy()
    return as_detections({**found, "num_detections": len(found["boxes"])}, size)
