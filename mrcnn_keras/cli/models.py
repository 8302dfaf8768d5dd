"""The RUN|MODEL argument of the commands."""

from pathlib import Path

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN


def load_model(path):
    """A model from a .keras file or a run: best.keras, or last.keras where the training was interrupted early."""
    path = Path(path)
    if path.is_dir():
        files = [path / name for name in ("best.keras", "last.keras") if (path / name).exists()]
        if not files:
            raise UserError(f"{path} holds no best.keras; give the folder of a training, or a .keras file")
        path = files[0]
    if not path.exists():
        raise UserError(f"{path} does not exist; give the folder of a training, or a .keras file")
    if path.suffix != ".keras":
        raise UserError(
            f"{path} is not a .keras file; give the folder of a training, or what `mrcnn convert` makes of it"
        )
    return MaskRCNN.load(path)


def class_names(model):
    """Names of the model's classes, background first."""
    return model.config.CLASS_NAMES or ("BG", *(f"class {i}" for i in range(1, model.config.NUM_CLASSES)))


def category_ids(model):
    """The annotation file's id of each class; index 0, the background, is 0."""
    return (0, *(model.config.CATEGORY_IDS or range(1, model.config.NUM_CLASSES)))
