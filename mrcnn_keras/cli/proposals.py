"""--proposals: boxes from another method, for a model that takes proposals."""

from mrcnn_keras.data import picture_keys
from mrcnn_keras.errors import UserError
from mrcnn_keras.model import read_proposals


def read_files(paths):
    """Returns the proposals of all files, {key: boxes}; if two files name the same picture, the last one counts."""
    found = {}
    for path in paths:
        found |= read_proposals(path)
    return found


def check_wanted(model, model_path, paths):
    """Raises UserError if the model takes proposals and none are given, or vice versa."""
    if model.takes_proposals and not paths:
        raise UserError(f"{model_path} takes proposals with each picture; give --proposals FILE")
    if paths and not model.takes_proposals:
        raise UserError(f"{model_path} finds its proposals itself; leave out --proposals")


def of_file(path, proposals):
    """Returns the boxes of the picture in a file; proposals: from read_files."""
    boxes = [proposals[key] for key in picture_keys(path) if key in proposals]
    if not boxes:
        raise UserError(f"there are no proposals for {path}; give them under the name of the file")
    return boxes[0]
