"""The RUN|MODEL argument of the commands."""

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN, model_file


def load_model(path):
    """A model from a .keras file or a run: best.keras, or last.keras where the training was interrupted early."""
    file = model_file(path)
    if file.is_dir():
        raise UserError(f"{path} holds no best.keras; give the folder of a training, or a .keras file")
    if not file.exists():
        raise UserError(f"{path} does not exist; give the folder of a training, or a .keras file")
    if file.suffix != ".keras":
        raise UserError(
            f"{path} is not a .keras file; give the folder of a training, or what `mrcnn convert` makes of it"
        )
    return MaskRCNN.load(file)


def class_names(model):
    """Names of the model's classes, background first."""
    return model.config.CLASS_NAMES or ("BG", *(f"class {i}" for i in range(1, model.config.NUM_CLASSES)))


def category_ids(model):
    """The annotation file's id of each class; index 0, the background, is 0."""
    return (0, *(model.config.CATEGORY_IDS or range(1, model.config.NUM_CLASSES)))
