"""mrcnn export: a model as a file for serving."""

from mrcnn_keras.commands.models import load_model
from mrcnn_keras.export.saved_model import saved_model


def export_model(model_path, kind, out):
    """Writes the model in the form `kind` to `out`."""
    writers = {"savedmodel": saved_model}
    model = load_model(model_path)
    writers[kind](model, out)
    print(f"wrote {out}")
    return {"out": str(out)}
