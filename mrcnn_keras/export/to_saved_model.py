"""A SavedModel that takes photographs and gives detections in their pixels, where this package is not installed."""

import contextlib
import tempfile
from pathlib import Path

import tensorflow as tf

from mrcnn_keras.errors import UserError
from mrcnn_keras.export.answers import name_lines
from mrcnn_keras.export.model_graph import check_model
from mrcnn_keras.export.signatures import MASKS, Signatures
from mrcnn_keras.export.warm_up import write_warm_up
from mrcnn_keras.files import replace_folder
from mrcnn_keras.model import in_float32

CLASS_NAMES_FILE = "class_names.txt"


def saved_model(model, path, *, masks="small", precision="float32"):
    """Writes the inference of a MaskRCNN as a TensorFlow SavedModel.

    It has four signatures, which give what model.detect does:

        serving_default  images [B, H, W, 3] uint8 RGB, photographs of one size, whatever it is
        serving_bytes    image_bytes [B] string, JPEG or PNG files of any sizes; a photograph is turned upright as its
                         EXIF says, and run by itself. Any other file ends the request with InvalidArgument.
        detect           as serving_default, with two optional inputs, each [B] or one number: score_threshold
                         float32 (default: the setting DETECTION_MIN_CONFIDENCE, below which nothing is found) and
                         max_detections int32 (default and most: DETECTION_MAX_INSTANCES)
        detect_bytes     as serving_bytes, with the same two

    gRPC and TensorFlow's C and C++ sessions may leave out what is optional. REST and, in Python,
    `loaded.signatures` ask for every input; so there are signatures without these inputs, and in Python
    `loaded.detect(images, score_threshold=0.5)` and `loaded.detect_bytes` have the defaults, too.

    A model that takes proposals has them as the next input: proposals [B, R, (y1, x1, y2, x2)] float32, pixels of the
    photograph, best first, padded with rows of zeros. Of the N = DETECTION_MAX_INSTANCES rows of the outputs the first
    num_detections are real:

        boxes           [B, N, (y1, x1, y2, x2)] float32, pixels of the photograph
        class_ids       [B, N] int32, 0 in rows that are not real
        scores          [B, N] float32, best first
        num_detections  [B] int32
        image_size      [B, (height, width)] int32, of the photograph, upright
        masks           [B, N, h, w] float32 0..1, each spread over its mask box; at least 0.5 is object
        mask_boxes      [B, N, (y1, x1, y2, x2)] float32, pixels of the photograph: the boxes, except in models that
                        paste as torchvision does
        keypoints       [B, N, K, (y, x, score)] float32, pixels of the photograph; the score by the setting
                        KEYPOINT_SCORE

    Outputs of a branch that the model does not have are absent. assets/class_names.txt has one name per line, the
    background first, so that class id i is line i + 1; it is absent where the setting CLASS_NAMES is empty.
    assets.extra has requests by which TensorFlow Serving warms up.

    Args:
        model: A `MaskRCNN`.
        path: The folder of the SavedModel itself. TensorFlow Serving looks for folders whose name is a version: give
            "serving/mine/1" and serve "serving/mine". It appears whole; a SavedModel that is there is replaced.
        masks: String, the form of masks: `"small"`, as above, or instead of masks and mask_boxes
            `"full"`: masks [B, N, H, W] uint8, 0 or 1, in pixels of the largest photograph. These are B N H W bytes:
            100 MB for 100 instances on 1000 x 1000 pixels;
            `"png"`: masks_bytes [B, N] string, grey PNG files of 0 and 255, each as large as its photograph, "" in rows
            that are not real; REST gives a name that ends in _bytes as base64. A mask of 12 megapixels takes a core
            80 ms.
        precision: String, what the file computes in: `"float32"`, whatever the model does, or the model's own
            `precision`.

    Returns:
        Its path.

    Raises:
        UserError: If `model` is not a MaskRCNN or does not compute in `precision`, `masks` is unknown, or `path` cannot
            be written or holds something else.
    """
    check_model(model, "saved_model")
    if precision not in ("float32", model.precision):
        raise UserError(
            f"precision = {precision!r}, and this model computes in {model.precision}; open it with "
            f"MaskRCNN.load(path, PRECISION={precision!r})"
        )
    if masks not in MASKS:
        raise UserError(f"masks = {masks!r} is unknown; choose one of {', '.join(MASKS)}")
    path = Path(path)
    _refuse_other_content(path)
    functions = Signatures(model, masks).functions
    served = _Served(model, functions)
    computing = in_float32(model) if precision == "float32" else contextlib.nullcontext()
    try:
        with computing, tempfile.TemporaryDirectory() as assets, replace_folder(path) as folder:
            served.track_class_names(Path(assets) / CLASS_NAMES_FILE, model.config.CLASS_NAMES)
            tf.saved_model.save(served, str(folder), signatures=functions)
            write_warm_up(folder, model.config.IMAGE_MIN_DIM, model.takes_proposals)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "message", None) or error
        raise UserError(
            f"{path} cannot be written ({reason}); give a folder with space that you may write to"
        ) from error
    return path


def _refuse_other_content(path):
    """Only an older SavedModel is replaced, never a folder of something else."""
    if path.is_dir():
        replaceable = (path / "saved_model.pb").exists() or not any(path.iterdir())
        if not replaceable:
            raise UserError(f"{path} holds other files; give a new folder, such as {path / '1'}")
    elif path.exists():
        raise UserError(f"{path} is a file; give a folder, such as {path.with_name(path.name + '-serving') / '1'}")


class _Served(tf.Module):
    """What the SavedModel consists of: the weights of the inference mode, and what may be called in Python."""

    def __init__(self, model, functions):
        super().__init__()
        self.weights = [variable.value for variable in model.weights]
        self.detect, self.detect_bytes = functions["detect"], functions["detect_bytes"]
        self.class_names = None

    def track_class_names(self, file, names):
        """Makes the names a file of the SavedModel; `file` is read when it is saved."""
        if names:
            file.write_text(name_lines(names), encoding="utf-8")
            self.class_names = tf.saved_model.Asset(str(file))
