"""The RUN|MODEL argument of the commands."""

from mrcnn_keras.config import parse_setting
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN, in_words, model_file


def load_model(path, settings=(), precision=None):
    """A model from a .keras file or a run: best.keras, or last.keras where the training was interrupted early.

    settings: "NAME=VALUE" each, to be changed for this use of the model. precision: of --precision; None: as the
    settings say, or what is faster here, since nothing is written with it.
    """
    file = model_file(path)
    if file.is_dir():
        raise UserError(f"{path} holds no best.keras; give the folder of a training, or a .keras file")
    if not file.exists():
        raise UserError(f"{path} does not exist; give the folder of a training, or a .keras file")
    if file.suffix != ".keras":
        raise UserError(
            f"{path} is not a .keras file; give the folder of a training, or what `mrcnn convert` makes of it"
        )
    changes = {"PRECISION": "auto", **dict(parse_setting(text) for text in settings)}
    if precision:
        changes["PRECISION"] = precision
    model = MaskRCNN.load(file, **changes)
    if model.precision != "float32":
        print(f"computing in {in_words(changes['PRECISION'])}")
    if settings and not model.load_report.complete:
        lost = next(iter({**model.load_report.replaced, **model.load_report.missing})).rpartition("/")[0]
        raise UserError(
            f"--set {' --set '.join(settings)}: with these settings {lost} has other weights than in {file}; leave out "
            "what changes the network, or train with it"
        )
    return model


def lowest_score(model, wanted):
    """The lowest score to ask the model for; None, with a message, where its own limit is higher."""
    limit = model.config.DETECTION_MIN_CONFIDENCE
    if wanted >= limit:
        return wanted
    name = "DETECTION_MIN_CONFIDENCE"
    print(f"scores start at {limit:g}, the model's {name}; for lower ones add --set {name}={wanted:g}")
    return None


def class_names(model):
    """Names of the model's classes, background first."""
    return model.config.CLASS_NAMES or ("BG", *(f"class {i}" for i in range(1, model.config.NUM_CLASSES)))


def category_ids(model):
    """The annotation file's id of each class; index 0, the background, is 0."""
    return (0, *(model.config.CATEGORY_IDS or range(1, model.config.NUM_CLASSES)))
