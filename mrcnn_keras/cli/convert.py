"""mrcnn convert: a .keras model out of another project's file."""

import tempfile
import zipfile
from pathlib import Path

from mrcnn_keras.config import Config, parse_setting
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file
from mrcnn_keras.model import MaskRCNN


def convert_checkpoint(checkpoint, out, preset, settings):
    """Writes the model that the file `checkpoint` holds, or the published one of `preset` for "coco", to `out`."""
    out = Path(out)
    if out.suffix != ".keras":
        raise UserError(f"--out {out}: a model is a .keras file; give {out.with_suffix('.keras')}")
    own = dict(parse_setting(text) for text in settings)
    if checkpoint == "coco":
        if not preset:
            raise UserError("coco needs --preset NAME, the model whose published weights are wanted")
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
    """model.save(out), but over a folder: where Keras writes the file itself, it first collects it in memory."""
    with replace_file(out) as temporary, tempfile.TemporaryDirectory(dir=out.parent) as folder:
        model.save(folder, zipped=False)
        with zipfile.ZipFile(temporary, "w") as archive:
            for path in sorted(Path(folder).iterdir()):
                archive.write(path, path.name)
