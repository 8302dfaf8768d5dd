"""A TFLite file that finds objects where neither TensorFlow nor this package is installed, such as on a phone."""

import tempfile
from pathlib import Path

import tensorflow as tf

from mrcnn_keras.errors import UserError
from mrcnn_keras.export.model_graph import check_model
from mrcnn_keras.export.tflite_metadata import append_metadata, metadata_of
from mrcnn_keras.export.tflite_quantize import KINDS
from mrcnn_keras.files import replace_file
from mrcnn_keras.model import in_float32
from mrcnn_keras.ops.portability import portable

MULTIPLE = 32  # pixels: sides of the input; the coarsest map that the backbone makes has cells of this many


def tflite(model, path, *, image_size=None, quantize="none"):
    """Writes the inference of a MaskRCNN as a TFLite file with built-in operations only.

    The file's signature serving_default takes

        image           [1, H, W, 3] float32, RGB, 0..255: normalisation is inside
        image_size      [1, (height, width)] int32: the part of it that is picture, from its upper left corner on (in
                        its middle, where the setting IMAGE_PAD_PLACE says so). The rest is ignored, whatever its
                        colour. (0, 0), or what does not fit: the whole.
        proposals       [1, R, (y1, x1, y2, x2)] float32, pixels of `image`, best first, padded with rows of zeros: of a
                        model that takes them only; R = POST_NMS_ROIS_INFERENCE

    and gives, the first num_detections of the N = DETECTION_MAX_INSTANCES rows being real:

        boxes           [1, N, (y1, x1, y2, x2)] float32, pixels of `image`
        class_ids       [1, N] int32, 0 in rows that are not real
        scores          [1, N] float32, best first
        num_detections  [1] int32
        masks           [1, N, h, w] float32 0..1, each spread over its box; at least 0.5 is object. Absent where the
                        model has no mask branch.
        keypoints       [1, N, K, (y, x, score)] float32, pixels of `image`. Absent where it has no keypoint branch.

    The file is a zip archive, too: labels.txt has one name per line, the background first, so that class id i is line
    i + 1, and metadata.json what a program needs to bring a photograph to the input: see export/tflite_metadata.py.
    `export.load_tflite` reads it, samples/tflite/detect.py shows how to do it without this package.

    Args:
        model: A `MaskRCNN`.
        path: The file.
        image_size: (height, width) of the picture that the file takes, multiples of 32; `None`: the square that the
            model was trained on.
        quantize: String: `"none"`, float32; `"fp16"`, weights of half the size; `"int8"`, weights of a quarter,
            products in whole numbers (dynamic range); `"int8_weights"`, weights of a quarter, products in float32.
            The last two need ai-edge-quantizer: pip install "mrcnn_keras[tflite]".

    Returns:
        Its path.

    Raises:
        UserError: If `model` is not a MaskRCNN or has operations that TFLite lacks (RoIPool), if the size or kind does
            not exist, or `path` cannot be written.
    """
    check_model(model, "tflite")
    if quantize not in KINDS:
        raise UserError(f"quantize = {quantize!r} is unknown; choose one of {', '.join(KINDS)}")
    if model.config.ROI_OPERATOR == "pool":
        raise UserError(
            "ROI_OPERATOR = 'pool': TFLite has no RoIPool; export a model with ROI_OPERATOR 'align' or 'warp'"
        )
    path, size = Path(path), _checked_size(image_size, model.config)
    if path.is_dir():
        raise UserError(f"{path} is a folder; give a file, such as {path / 'model.tflite'}")
    kind = KINDS[quantize]
    kind.require()
    content = kind.finish(_convert(_Exported(model, size), kind.prepare))
    try:
        with replace_file(path) as temporary:
            temporary.write_bytes(content)
            append_metadata(temporary, metadata_of(model, size, quantize))
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror}); give a file that you may write") from error
    return path


def _checked_size(image_size, config):
    """(height, width) of the input, from the argument or the settings."""
    if image_size is None:
        if config.IMAGE_RESIZE_MODE != "square":
            raise UserError(
                f"a model with IMAGE_RESIZE_MODE {config.IMAGE_RESIZE_MODE!r} takes pictures of many sizes, a "
                "TFLite file one: give image_size=(height, width), such as (512, 512)"
            )
        image_size = (config.IMAGE_MAX_DIM, config.IMAGE_MAX_DIM)
    try:
        height, width = (int(side) for side in image_size)
        fits = all(side > 0 and side % MULTIPLE == 0 for side in (height, width)) and [height, width] == [*image_size]
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise UserError(
            f"image_size = {image_size!r} is not (height, width) in multiples of {MULTIPLE} pixels, such as (320, 320)"
        )
    return height, width


class _Exported(tf.Module):
    """The weights of the inference mode, and a graph for pictures of one size."""

    def __init__(self, model, size):
        super().__init__()
        self.weights = [variable.value for variable in model.weights]

        def detect(image, image_size, *proposals):
            whole = tf.constant([size])
            fits = tf.reduce_all((image_size > 0) & (image_size <= whole))
            inputs = {"image": image, "image_size": tf.where(fits, image_size, whole)}
            if proposals:
                [inputs["proposals"]] = proposals
            with portable(), in_float32(model):
                return model.network.detect(**inputs)[0]

        signature = [
            tf.TensorSpec((1, *size, 3), tf.float32, name="image"),
            tf.TensorSpec((1, 2), tf.int32, name="image_size"),
        ]
        if model.takes_proposals:
            shape = 1, model.config.POST_NMS_ROIS_INFERENCE, 4
            signature.append(tf.TensorSpec(shape, tf.float32, name="proposals"))
        self.detect = tf.function(detect, input_signature=signature, autograph=False)


def _convert(exported, prepare):
    """The TFLite file of an _Exported. prepare: what to set in the converter.

    By way of a SavedModel: the converter of functions leaves the variables of Keras 3 without their values.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            tf.saved_model.save(exported, folder, signatures={"serving_default": exported.detect})
        except (OSError, tf.errors.OpError) as error:
            raise UserError(f"{folder} cannot be written ({error}); make room there, or set TMPDIR") from error
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        prepare(converter)
        return _converted(converter)


def _converted(converter):
    from tensorflow.lite.python.convert_phase import ConverterError

    try:
        return converter.convert()
    except ConverterError as error:
        reason = next((line for line in str(error).splitlines() if "error:" in line), str(error))
        raise UserError(
            f"this model has operations that TFLite lacks ({reason.strip()[-300:]}); export it as a SavedModel"
        ) from error
