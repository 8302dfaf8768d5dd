"""Runs what saved_model wrote."""

import tensorflow as tf

from mrcnn_keras.backend import check_process
from mrcnn_keras.errors import UserError
from mrcnn_keras.export.answers import as_detections, for_pictures


def load_saved_model(path):
    """Reads what `saved_model` wrote.

    Args:
        path: Its folder.

    Returns:
        Function from a picture `[H, W, 3]` uint8 RGB, or what else `MaskRCNN.detect` takes as one, to `Detections`, and
        from a list or batch of pictures to a list. Where the model takes proposals, it takes them as second argument,
        `[N, (y1, x1, y2, x2)]` in the picture's pixels.

    Raises:
        UserError: If it cannot be read.
    """
    try:
        loaded = tf.saved_model.load(str(path))
    except (OSError, tf.errors.OpError) as error:
        raise UserError(f"{path} holds no SavedModel that can be read; give the folder with saved_model.pb") from error
    if "serving_default" not in loaded.signatures:
        raise UserError(f"the SavedModel {path} has no signature serving_default; give one of mrcnn_keras.export")

    signature = loaded.signatures["serving_default"]

    def run(image, proposals):
        check_process()
        inputs = {"images": image} | ({} if proposals is None else {"proposals": proposals})
        answers = signature(**{name: tf.constant(value[None]) for name, value in inputs.items()})
        return as_detections({name: value[0].numpy() for name, value in answers.items()}, image.shape[:2])

    return for_pictures(run, "proposals" in signature.structured_input_signature[1])
