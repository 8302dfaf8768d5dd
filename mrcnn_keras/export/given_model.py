"""What every exporter is given."""

from mrcnn_keras.errors import UserError
from mrcnn_keras.model import MaskRCNN


def check_model(model, exporter):
    """Raises UserError for what is not a MaskRCNN. exporter: the name of the function that the user called."""
    if not isinstance(model, MaskRCNN):
        raise UserError(
            f"{exporter} got a {type(model).__name__}; give a MaskRCNN, such as MaskRCNN.load('mine.keras')"
        )
