"""A SavedModel that takes photographs and answers in their pixels, where this package is not installed."""

import tempfile
from pathlib import Path

import tensorflow as tf

from mrcnn_keras.errors import UserError
from mrcnn_keras.export.full_masks import full_masks
from mrcnn_keras.files import replace_folder
from mrcnn_keras.model import MaskRCNN

MASKS = ("full", "small")
CLASS_NAMES_FILE = "class_names.txt"


def saved_model(model, path, *, masks="full"):
    """Writes the inference of a MaskRCNN as a TensorFlow SavedModel; returns its path.

    path: the folder of the SavedModel itself. TensorFlow Serving looks for folders whose name is a version:
    give "serving/mine/1" and serve "serving/mine". It appears whole; a SavedModel that is there is replaced.

    Its signature serving_default takes images [B, H, W, 3] uint8 RGB, photographs of one size, whatever it
    is, and answers as model.detect does. A model that takes proposals has them as a second input: proposals
    [B, R, (y1, x1, y2, x2)] float32, pixels of the photograph, best first, padded with rows of zeros. Of the
    N = DETECTION_MAX_INSTANCES rows of the answer the first num_detections are real:

        boxes           [B, N, (y1, x1, y2, x2)] float32, pixels of the photograph
        class_ids       [B, N] int32, 0 in rows that are not real
        scores          [B, N] float32, best first
        num_detections  [B] int32
        masks           "full": [B, N, H, W] uint8, 0 or 1. These are B N H W bytes: 100 MB for 100
                        instances on 1000 x 1000 pixels. "small": [B, N, h, w] float32 0..1, each spread
                        over its box; at least 0.5 is object. Absent where the model has no mask branch.
        keypoints       [B, N, K, (y, x, score)] float32, pixels of the photograph; the score by the setting
                        KEYPOINT_SCORE. Absent where the model has no keypoint branch.

    assets/class_names.txt has one name a line, the background first, so that class id i is line i + 1; it is
    absent where the setting CLASS_NAMES is empty. Raises UserError for what is not a MaskRCNN, for an unknown
    `masks`, and where `path` cannot be written or holds something else.
    """
    if not isinstance(model, MaskRCNN):
        raise UserError(
            f"saved_model got a {type(model).__name__}; give a MaskRCNN, such as MaskRCNN.load('mine.keras')"
        )
    if masks not in MASKS:
        raise UserError(f"masks = {masks!r} is unknown; choose one of {', '.join(MASKS)}")
    path = Path(path)
    _refuse_other_content(path)
    served = _Served(model, masks)
    try:
        with tempfile.TemporaryDirectory() as assets, replace_folder(path) as folder:
            served.track_class_names(Path(assets) / CLASS_NAMES_FILE, model.config.CLASS_NAMES)
            tf.saved_model.save(served, str(folder), signatures={"serving_default": served.detect})
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
        raise UserError(
            f"{path} cannot be written ({reason}); give a folder with space that you may write to"
        ) from error
    return path


def _refuse_other_content(path):
    """What is replaced is an older SavedModel, never somebody's folder of something else."""
    if path.is_dir():
        replaceable = (path / "saved_model.pb").exists() or not any(path.iterdir())
        if not replaceable:
            raise UserError(f"{path} holds other files; give a new folder, such as {path / '1'}")
    elif path.exists():
        raise UserError(f"{path} is a file; give a folder, such as {path.with_name(path.name + '-serving') / '1'}")


class _Served(tf.Module):
    """What the SavedModel consists of: the weights of the inference mode, and the graph."""

    def __init__(self, model, masks):
        super().__init__()
        self.weights = [variable.value for variable in model.inference.variables]
        self.detect = _detect_function(model, masks)
        self.class_names = None

    def track_class_names(self, file, names):
        """Makes the names a file of the SavedModel; `file` is read when it is saved."""
        if names:
            file.write_text("".join(f"{' '.join(name.split())}\n" for name in names), encoding="utf-8")
            self.class_names = tf.saved_model.Asset(str(file))


def _detect_function(model, masks):
    def detect(images, *proposals):
        found = model.answer(images, *proposals)
        if "masks" in found and masks == "full":
            height, width = tf.unstack(tf.shape(images)[1:3])
            boxes = model.mask_boxes(found["boxes"])
            pasted = full_masks(found["masks"], boxes, found["class_ids"], height, width)
            found = {**found, "masks": pasted}
        return found

    return tf.function(detect, input_signature=[*model.answer_signature().values()])
