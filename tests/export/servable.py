"""A SavedModel as TensorFlow Serving has it: a session that is fed and asked by the names in its signatures."""

import tensorflow as tf

SERVE = "serve"


class Refused(Exception):
    """A request that does not fit the signature: InvalidArgument."""


class Servable:
    """Any number of threads may run it."""

    def __init__(self, path):
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            meta_graph = tf.compat.v1.saved_model.load(self.session, [SERVE], str(path))
        self.signatures = meta_graph.signature_def

    def signature(self, name):
        name = name or "serving_default"
        if name not in self.signatures:
            raise Refused(f'Serving signature key "{name}" not found.')
        return self.signatures[name]

    def run(self, name, inputs):
        """inputs: {name: array} -> {name: array}.

        The checks of tensorflow_serving/servables/tensorflow/predict_util.cc: no input but the signature's, and all of
        them but those that have a default.
        """
        signature = self.signature(name)
        wrong = {*inputs} - {*signature.inputs}
        missing = {*signature.inputs} - {*inputs} - {*signature.defaults}
        if wrong or missing:
            raise Refused(f"input size does not match signature: sent extra {wrong}, missing but required {missing}")
        inputs = {**{key: tf.make_ndarray(value) for key, value in signature.defaults.items()}, **inputs}
        feeds = {signature.inputs[key].name: value for key, value in inputs.items()}
        try:
            return self.session.run({key: value.name for key, value in signature.outputs.items()}, feeds)
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            raise Refused(str(error)) from error
