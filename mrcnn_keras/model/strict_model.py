"""A Keras model that refuses those arguments of Keras's methods that it cannot follow, and names the cure."""

import inspect
import re
from pathlib import Path

import keras
import tensorflow as tf
from keras.src.backend.common import global_state

from mrcnn_keras.backend import check_process
from mrcnn_keras.errors import UserError
from mrcnn_keras.model.fit_arguments import complete_fit, epoch_steps
from mrcnn_keras.model.fixed_sizes import with_fixed_sizes
from mrcnn_keras.model.trainability import layers_by_path

MEASURE = "measure COCO AP with mk.evaluate, or pass mk.CocoMetrics(dataset) to fit as a callback"
WEIGH = "leave it out: the setting LOSS_WEIGHTS weighs the parts of the loss"
CURES = {
    "loss": "leave it out: the model computes its own",
    "loss_weights": "use the setting LOSS_WEIGHTS",
    "metrics": MEASURE,
    "weighted_metrics": MEASURE,
    "class_weight": WEIGH,
    "sample_weight": WEIGH,
}
EXPORT = "write a quantised file with mk.export.tflite(model, path, quantize='int8'), or `mrcnn export --quantize int8`"


def refuse_hdf5():
    """Raises UserError while Keras writes a whole model to an HDF5 file, past `save`: it asks for the settings then."""
    if global_state.get_global_attribute("use_legacy_config", False):
        raise UserError(
            "a MaskRCNN in an HDF5 file could not be loaded again, and the file is empty; save the model to one file "
            "NAME.keras, or its weights with save_weights(NAME.weights.h5)"
        )


def refuse_arguments(method, arguments):
    """Raises UserError for an argument of a method of Keras that has a value and would do nothing."""
    for name, value in arguments.items():
        if name in CURES and value is not None:
            raise UserError(f"{method}({name}={value!r:.80}) has no effect on a MaskRCNN; {CURES[name]}")


class StrictModel(keras.Model):
    """A functional model with losses of its own, whose files can all be read again."""

    def fit(self, *args, **kwargs):
        """Keras's fit. The setting CLASS_MIN_SCORES, measured with other weights, is emptied.

        An epoch of a training pipeline ends after its `steps_per_epoch`, unless another number is given. Callbacks may
        monitor any part of the loss, and the AP that `mk.CocoMetrics` measures, without `mode=`.

        Args:
            *args: As in Keras.
            **kwargs: As in Keras, without `class_weight` and `sample_weight`.

        Returns:
            Keras's `History`.

        Raises:
            UserError: If weights of classes or samples are given, the batches have no end and no steps are given, or
                XLA compiles the step and the pictures may have different sizes.
        """
        check_process()
        given = inspect.signature(super().fit).bind(*args, **kwargs)
        refuse_arguments("fit", given.arguments)
        complete_fit(given.arguments, self.loss_names)
        if isinstance(given.arguments.get("x"), tf.data.Dataset):
            self._fix_sizes(given.arguments)
        if self.config.CLASS_MIN_SCORES:
            self._config = self.config.replace(CLASS_MIN_SCORES=())
        return super().fit(*given.args, **given.kwargs)

    def evaluate(self, *args, **kwargs):
        """Keras's evaluate: the losses; for AP see `mrcnn_keras.evaluate`.

        Args:
            *args: As in Keras.
            **kwargs: As in Keras.

        Returns:
            As Keras's: a list, or with `return_dict=True` a dict.

        Raises:
            UserError: If the batches have no end and no steps are given.
        """
        check_process()
        given = inspect.signature(super().evaluate).bind(*args, **kwargs)
        given.arguments["steps"] = epoch_steps(given.arguments.get("x"), given.arguments.get("steps"), "steps")
        return super().evaluate(*given.args, **given.kwargs)

    def train_on_batch(self, *args, **kwargs):
        """Keras's train_on_batch, of a dict as `make_pipeline` makes it.

        Args:
            *args: As in Keras.
            **kwargs: As in Keras, without `class_weight` and `sample_weight`.

        Returns:
            As in Keras.

        Raises:
            UserError: If weights of classes or samples are given.
        """
        check_process()
        given = inspect.signature(super().train_on_batch).bind(*args, **kwargs)
        refuse_arguments("train_on_batch", given.arguments)
        self._fix_sizes(given.arguments)
        return super().train_on_batch(*given.args, **given.kwargs)

    def _fix_sizes(self, arguments):
        if self.jit_compile:
            arguments["x"] = with_fixed_sizes(arguments["x"], self.config)

    def save(self, filepath, overwrite=True, zipped=None, **kwargs):
        """Keras's save, to a `.keras` file.

        Args:
            filepath: Path of the file, in a folder that exists.
            overwrite: Boolean; `False`: ask before a file is replaced.
            zipped: As in Keras, except `False`.
            **kwargs: As in Keras.

        Raises:
            UserError: If the file could not be loaded again.
        """
        path = Path(filepath)
        if not str(filepath).endswith(".keras") or zipped is False:
            whole = path.with_name(f"{re.sub(r'(.weights)?[.](h5|hdf5|keras|tf)$', '', path.name)}.keras")
            raise UserError(
                f"save({str(filepath)!r}) would write what cannot be loaded again; save the model to one file, such as "
                f"{whole}, or its weights with save_weights(NAME.weights.h5)"
            )
        if "://" not in str(filepath) and not path.parent.is_dir():
            raise UserError(f"save({str(filepath)!r}): there is no folder {path.parent}; create it first")
        quantized = [name for name, layer in layers_by_path(self).items() if layer.dtype_policy.quantization_mode]
        if quantized:
            raise UserError(
                f"save({str(filepath)!r}): {quantized[0]} is quantised, and the file could not be read again; {EXPORT}"
            )
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath, overwrite=True, max_shard_size=None):
        """Keras's save_weights, to one `.weights.h5` file.

        Args:
            filepath: Path of the file.
            overwrite: Boolean; `False`: ask before a file is replaced.
            max_shard_size: `None` only.

        Raises:
            UserError: If the file could not be loaded again.
        """
        path = Path(filepath)
        if max_shard_size is not None or not path.name.endswith(".weights.h5"):
            whole = path.with_name(f"{path.name.partition('.')[0]}.weights.h5")
            raise UserError(f"save_weights({str(filepath)!r}): only one whole .weights.h5 is read again; give {whole}")
        super().save_weights(filepath, overwrite=overwrite)

    def quantize(self, *args, **kwargs):
        """Refused, since Keras could not load the model's file; exported files can be quantised.

        Args:
            *args: As in Keras.
            **kwargs: As in Keras.

        Raises:
            UserError: Always.
        """
        raise UserError(f"a quantised MaskRCNN could be saved, but not loaded again; {EXPORT}")

    def _run_through_graph(self, inputs, operation_fn=lambda layer: layer, call_fn=None):
        # keras.models.clone_model asks nothing else of a model: it runs through the graph with other layers.
        own = next(layer for layer in self.layers if not isinstance(layer, keras.layers.InputLayer))
        other = operation_fn(own)
        if isinstance(other, keras.layers.Layer) and other is not own:
            raise UserError(
                "keras.models.clone_model would make a plain network, which neither detects nor trains; "
                "copy.deepcopy(model) copies a MaskRCNN with its weights, and MaskRCNN(model.config) makes a new one"
            )
        return super()._run_through_graph(inputs, operation_fn, call_fn)
