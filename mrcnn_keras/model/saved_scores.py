"""The best scores of a model, written into its file."""

import json
import shutil
import zipfile

from mrcnn_keras.config import Config
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.model.checkpoints import model_file, open_checkpoint

SETTINGS = "config.json"  # in a .keras file


def save_class_min_scores(path, scores):
    """Writes the setting CLASS_MIN_SCORES into the file of a model, whose other content stays, bit by bit.

    The file is replaced when the new one is complete.

    Args:
        path: A .keras file, or the folder of a training, for the file that `MaskRCNN.load` takes.
        scores: Sequence of floats, the lowest score of each class without background.

    Returns:
        Path of the file.

    Raises:
        UserError: If there is no such file, or not one score for each class.
    """
    file = model_file(path)
    if file.suffix != ".keras":
        raise UserError(f"{path} is not a .keras file; scores can be saved in what `mrcnn convert` makes of it")
    with open_checkpoint(file) as checkpoint:  # a damaged file is refused
        settings = Config.from_dict(checkpoint.settings).replace(CLASS_MIN_SCORES=scores).to_dict()
    with replace_file(file) as temporary, zipfile.ZipFile(file) as old, zipfile.ZipFile(temporary, "w") as new:
        for entry in old.infolist():
            if entry.filename == SETTINGS:
                saved = json.loads(old.read(entry))
                saved["config"]["config"] = settings
                new.writestr(entry, json.dumps(saved))
            else:
                with old.open(entry) as source, new.open(entry, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target)
    return file
