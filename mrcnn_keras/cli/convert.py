"""mrcnn convert: another project's file as a .keras model."""

import tempfile
import zipfile
from pathlib import Path

import keras

from mrcnn_keras.config import Config, parse_setting
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.model import MaskRCNN


def convert_checkpoint(checkpoint, out, preset, settings):
    """Writes the model in the file `checkpoint`, or for "coco" the published one of `preset`, to `out`."""
    out = Path(out)
    if out.suffix != ".keras":
        raise UserError(f"--out {out}: a model is a .keras file; give {out.with_suffix('.keras')}")
    own = dict(parse_setting(text) for text in settings)
    if checkpoint == "coco":
        if not preset:
            raise UserError("coco needs --preset NAME, the model that the published weights are of")
        model = MaskRCNN(Config.preset(preset, **own))
        model.load_weights("coco")
    elif preset:
        raise UserError(f"--preset goes with coco; the preset of {checkpoint} is found in the file")
    else:
        model = MaskRCNN.from_checkpoint(checkpoint, **own)
    _save(model, out)
    print(f"wrote {out}: {model.config.NUM_CLASSES - 1} classes, preset {model.config.PRESET}")
    return {**model.load_report.as_dict(), "preset": model.config.PRESET, "out": str(out)}


def _save(model, out):
    """model.save(out) by way of a folder: Keras would collect the whole file in memory first."""
    with replace_file(out) as temporary, tempfile.TemporaryDirectory(dir=out.parent) as folder:
        keras.saving.save_model(model, folder, zipped=False)
        with zipfile.ZipFile(temporary, "w") as archive:
            for path in sorted(Path(folder).iterdir()):
                archive.write(path, path.name)
