"""An ONNX file of the whole model: uint8 pictures in, detections in their pixels out, by standard operators alone."""

import json
from pathlib import Path

import tensorflow as tf

from mrcnn_keras.errors import UserError
from mrcnn_keras.export.model_graph import check_model, with_mask_boxes
from mrcnn_keras.export.onnx_quantize import pictures_to_calibrate, quantize_convolutions
from mrcnn_keras.export.readers import require
from mrcnn_keras.files import replace_file
from mrcnn_keras.model import in_float32
from mrcnn_keras.ops.portability import portable

OPSET = 17  # onnxruntime 1.13 and newer
AXES = ("batch", "height", "width")
# What a client has to know, beside the class names: kept in the file.
CONVENTIONS = {
    "images": "uint8 RGB [batch, height, width, 3], pictures of one size, any size; resized and normalised inside",
    "boxes": "y1, x1, y2, x2, pixels of the picture; rows from num_detections on are padding",
    "class_ids": "places in class_names; 0 is the background, which padding has",
    "masks": "0 to 1, each spread over its mask box; at least 0.5 is object",
    "mask_boxes": "y1, x1, y2, x2, pixels of the picture",
    "keypoints": "y, x, score, pixels of the picture",
}


def onnx(model, path, *, quantize="none", calibrate=None):
    """Writes the inference of a MaskRCNN as an ONNX file. Needs tf2onnx and onnx, and for int8 onnxruntime.

    The file needs an ONNX runtime and nothing else: resizing, padding, normalisation and suppression are inside, the
    resizing by TensorFlow's rule to a rounding step.

    Its input is images `[B, H, W, 3]` uint8 RGB, photographs of one size, whatever it is; of a model that takes
    proposals also proposals `[B, R, (y1, x1, y2, x2)]` float32, pixels of the photograph, best first, padded with rows
    of zeros. Of the N = DETECTION_MAX_INSTANCES rows of its outputs the first num_detections are real:

        boxes           [B, N, (y1, x1, y2, x2)] float32, pixels of the photograph
        class_ids       [B, N] int32, 0 in rows that are not real
        scores          [B, N] float32, best first
        num_detections  [B] int32
        masks           [B, N, h, w] float32 0..1, each spread over its mask box; at least 0.5 is object
        mask_boxes      [B, N, (y1, x1, y2, x2)] float32, pixels of the photograph: the boxes, except in models that
                        paste as torchvision does
        keypoints       [B, N, K, (y, x, score)] float32, pixels of the photograph; the score by the setting
                        KEYPOINT_SCORE

    Outputs of a branch that the model does not have are absent. The file's metadata have class_names and
    keypoint_names, each a JSON list, and a sentence on each input and output.

    Args:
        model: A `MaskRCNN`.
        path: The file, with a name that ends in .onnx. It appears whole.
        quantize: String: `"none"`, float32; `"int8"`, convolutions in whole numbers of 8 bits, except the last ones of
            the heads: half the size, and about twice as fast on processors with instructions for it (VNNI).
        calibrate: For int8, an iterable of pictures as `detect` takes them, like those that the file will get: the
            ranges of numbers are measured on them. 10 to 100 do.

    Returns:
        Its path.

    Raises:
        UserError: If `model` is not a MaskRCNN, or has RoIPool, which needs an operation ONNX lacks; if the ending is
            another, a package is missing, `quantize` is unknown, int8 has no pictures, or `path` cannot be written.
    """
    standard, _ = require("onnx", "onnx"), require("tf2onnx", "onnx")
    path = Path(path)
    check_model(model, "onnx")
    if path.suffix != ".onnx":
        raise UserError(f"{path} does not end in .onnx; give a name such as {path.name}.onnx")
    if quantize not in ("none", "int8"):
        raise UserError(f"quantize = {quantize!r} is unknown for ONNX; choose none or int8")
    pictures = pictures_to_calibrate(model, calibrate) if quantize == "int8" else None
    if model.config.ROI_OPERATOR == "pool":
        raise UserError("ROI_OPERATOR='pool' has no ONNX form; export it as a SavedModel, or train with 'align'")
    written = _convert(model)
    foreign = sorted({node.op_type for node in written.graph.node if node.domain})
    if foreign:
        raise UserError(f"ONNX has no operation {', '.join(foreign)}; export this model as a SavedModel")
    if pictures is not None:
        written = quantize_convolutions(written, pictures)
    _describe(written, model.config, standard)
    try:
        with replace_file(path) as temporary:
            standard.save_model(written, str(temporary))
            standard.checker.check_model(str(temporary))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}); give a file in a folder with space") from error
    return path


def _convert(model):
    """The graph of the model as an ONNX ModelProto."""
    from tf2onnx import optimizer, tf_loader, tfonnx

    signature = [*model.answer_signature().values()]

    def answer(images, *proposals):
        return with_mask_boxes(model, model.answer(images, *proposals))

    with portable(), in_float32(model):
        traced = tf.function(answer, input_signature=signature, autograph=False).get_concrete_function()
    inputs, outputs = [
        [tensor.name for tensor in part if tensor.dtype != tf.resource] for part in (traced.inputs, traced.outputs)
    ]
    names = dict(zip(inputs + outputs, [*model.answer_signature(), *sorted(traced.structured_outputs)], strict=True))
    frozen = tf_loader.from_function(traced, inputs, outputs)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(frozen, name="")
        made = tfonnx.process_tf_graph(
            graph,
            opset=OPSET,
            custom_op_handlers={"SelectV2": (_choose, [])},
            input_names=inputs,
            output_names=outputs,
            tensors_to_rename=names,
        )
        # Without catch_errors it does not copy the whole graph dozens of times.
        return optimizer.optimize_graph(made, catch_errors=False).make_model(model.config.NAME)


def _choose(context, node, name, arguments):
    """tf.where as Where. tf2onnx multiplies by 0 what is not chosen, which makes nan of the score -inf."""
    from tf2onnx.onnx_opset.controlflow import Select

    del name, arguments
    if context.get_dtype(node.output[0]) == 1:  # float
        node.type = "Where"
    else:
        Select.version_9(context, node)


def _describe(written, config, standard):
    """Names of the axes, and the metadata."""
    for tensor in [*written.graph.input, *written.graph.output]:
        axes = AXES if tensor.name == "images" else AXES[:1]
        for axis, name in zip(tensor.type.tensor_type.shape.dim, axes, strict=False):
            axis.dim_param = name
    known = {tensor.name for tensor in [*written.graph.input, *written.graph.output]}
    facts = {name: sentence for name, sentence in CONVENTIONS.items() if name in known}
    facts |= {"class_names": json.dumps(config.CLASS_NAMES, ensure_ascii=False)}
    if config.KEYPOINT_NAMES:
        facts["keypoint_names"] = json.dumps(config.KEYPOINT_NAMES, ensure_ascii=False)
    standard.helper.set_model_props(written, facts)
