"""Which variable of the model is made of which tensors of a file, layer by layer, with all shapes checked.

The shapes suffice for that, and nothing else is read: a file whose shapes do not fit together is refused before its
numbers take memory.
"""

import re
from dataclasses import dataclass
from functools import partial

import numpy as np

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps import orders


@dataclass(frozen=True)
class Dialect:
    """How a framework names the tensors of a layer, and `axes`, {rank: transposition} that gives Keras's kernels."""

    kernel: str
    bias: str
    gamma: str
    beta: str
    moving_mean: str
    moving_variance: str
    axes: dict


# (out, in, height, width) -> (height, width, in, out); the same transposition turns a transposed convolution's
# (in, out, height, width) into Keras's (height, width, out, in).
TORCH = Dialect(
    "{}.weight", "{}.bias", "{}.weight", "{}.bias", "{}.running_mean", "{}.running_var", {4: (2, 3, 1, 0), 2: (1, 0)}
)
KERAS = Dialect(
    "{}/kernel", "{}/bias", "{}/gamma", "{}/beta", "{}/moving_mean", "{}/moving_variance", {4: (0, 1, 2, 3), 2: (0, 1)}
)


@dataclass(frozen=True)
class Value:
    """A variable's value in a file: a call reads it, as float32 in the model's layout.

    shape: of the result; sources: names of the file's tensors that it is made of; make: arrays of the sources -> array.
    """

    tensors: object
    shape: tuple
    sources: tuple
    make: object

    def __call__(self):
        arrays = [np.asarray(self.tensors[name]) for name in self.sources]
        for name, array in zip(self.sources, arrays, strict=True):
            if array.dtype.kind != "f":
                raise UserError(
                    f"{name} holds {array.dtype} where weights are floating point numbers; the file is damaged"
                )
        with np.errstate(over="ignore", invalid="ignore"):
            value = np.ascontiguousarray(self.make(*arrays), dtype=np.float32)
        # The sum is finite if all numbers are, and takes no memory.
        if value.shape != self.shape or not np.isfinite(value.sum(dtype=np.float64)):
            raise UserError(f"{', '.join(self.sources)}: numbers that no model can have; the file is damaged")
        return value


class LayerMap:
    """Collects the variables of the model that a file has.

    shapes: {name: shape} of the file; variables: {our path: (shape, sources, make)}, see Value; settings: what the
    shapes determine. A tensor that is absent or does not fit its neighbours raises UserError.
    """

    def __init__(self, shapes, dialect):
        self.shapes, self.dialect = shapes, dialect
        self.variables, self.settings = {}, {}

    def has(self, layer):
        """Is there a layer of that name, with a kernel?"""
        return self.dialect.kernel.format(layer) in self.shapes

    def has_norm(self, layer):
        """Is there a batch norm of that name?"""
        return self.dialect.gamma.format(layer) in self.shapes

    def kernel(self, layer, rank):
        """-> the name of a layer's kernel and its shape, axes in Keras's order"""
        name = self.dialect.kernel.format(layer)
        shape = self._shape(name)
        if len(shape) != rank or not all(shape):
            raise UserError(f"{name} has the shape {shape}, where {rank} axes are needed, none of them empty; {CURE}")
        return name, tuple(shape[axis] for axis in self.dialect.axes[rank])

    def conv(self, ours, theirs, inputs, side, *, norm=None, order=None, groups=1, bgr=False):
        """A convolution with kernels of side x side cells and `inputs` channels coming in; returns those going out.

        norm: (our name, their name) of the batch norm after it, which takes over a bias of the file; without it the
        bias is needed. order: function (name, number of channels) -> indices for orders.pick. bgr: the file's model
        takes pictures in blue, green, red.
        """
        name, (height, width, kernel_inputs, outputs) = self.kernel(theirs, 4)
        self._same(name, "is a kernel of {} cells", (height, width), (side, side))
        self._same(name, "takes {} channels", kernel_inputs * groups, inputs)
        chosen = order(name, outputs) if order else None
        axes = self.dialect.axes[4]

        def make(kernel):
            kernel = kernel.transpose(axes)
            return orders.pick(kernel[:, :, ::-1] if bgr else kernel, chosen)

        count = outputs if chosen is None else len(chosen)
        self.variables[f"{ours}/kernel"] = ((side, side, kernel_inputs, count), (name,), make)
        if norm is None:
            self.bias(ours, theirs, outputs, chosen)
        else:
            self.norm(*norm, outputs, theirs)
        return outputs

    def deconv(self, ours, theirs, inputs, side):
        """A transposed convolution with kernels of side x side cells; returns the channels that go out."""
        name, shape = self.kernel(theirs, 4)
        outputs = shape[2]
        self._same(name, "has (height, width, outputs, inputs) {}", shape, (side, side, outputs, inputs))
        axes = self.dialect.axes[4]
        self.variables[f"{ours}/kernel"] = (shape, (name,), lambda kernel: kernel.transpose(axes))
        self.bias(ours, theirs, outputs)
        return outputs

    def dense(self, ours, theirs, inputs, *, order=None):
        """A fully connected layer with `inputs` units coming in; returns how many go out. order: as in conv."""
        name, (kernel_inputs, outputs) = self.kernel(theirs, 2)
        self._same(name, "takes {} units", kernel_inputs, inputs)
        chosen = order(name, outputs) if order else None
        axes = self.dialect.axes[2]
        count = outputs if chosen is None else len(chosen)

        def make(kernel):
            return orders.pick(kernel.transpose(axes), chosen)

        self.variables[f"{ours}/kernel"] = ((inputs, count), (name,), make)
        self.bias(ours, theirs, outputs, chosen)
        return outputs

    def bias(self, ours, theirs, count, chosen=None):
        """A layer's bias of `count` channels, in the order `chosen`."""
        name = self.vector(self.dialect.bias.format(theirs), count)
        shape = (count if chosen is None else len(chosen),)
        self.variables[f"{ours}/bias"] = (shape, (name,), lambda bias: orders.pick(bias, chosen))

    def norm(self, ours, theirs, channels, conv):
        """A batch norm after the layer `conv` of the file, whose bias, where it has one, the mean takes over."""
        for part in ("gamma", "beta"):
            name = self.vector(getattr(self.dialect, part).format(theirs), channels)
            self.variables[f"{ours}/{part}"] = ((channels,), (name,), lambda x: x)
        mean = self.vector(self.dialect.moving_mean.format(theirs), channels)
        bias = self.dialect.bias.format(conv)
        if bias in self.shapes:
            sources, make = (mean, self.vector(bias, channels)), orders.mean_without_bias
        else:
            sources, make = (mean,), lambda x: x
        self.variables[f"{ours}/moving_mean"] = ((channels,), sources, make)
        variance = self.vector(self.dialect.moving_variance.format(theirs), channels)
        self.variables[f"{ours}/moving_variance"] = (
            (channels,),
            (variance,),
            partial(orders.checked_variance, variance),
        )

    def vector(self, name, count):
        """The name, if it is present with one number per channel."""
        self._same(name, "has the shape {}", tuple(self._shape(name)), (count,))
        return name

    def equal(self, what, found, expected):
        """Raises UserError if two numbers are not equal that have to be; `what` says whose they are."""
        if found != expected:
            raise UserError(f"{what} is {found}, where {expected} would fit; {CURE}")

    def bind(self, tensors, reasons=()):
        """-> {our path: Value}, {name: reason} of the tensors that have no place in the model.

        reasons: (regular expression, reason) pairs for names that are no surprise.
        """
        values = {path: Value(tensors, *variable) for path, variable in self.variables.items()}
        used = {name for value in values.values() for name in value.sources}
        unused = (name for name in self.shapes if name not in used)
        known = [(re.compile(pattern), reason) for pattern, reason in reasons]
        leftovers = {
            name: next((reason for pattern, reason in known if pattern.search(name)), UNKNOWN) for name in unused
        }
        return values, leftovers

    def _shape(self, name):
        if name not in self.shapes:
            raise UserError(f"{name} is missing; {CURE}")
        return self.shapes[name]

    def _same(self, name, sentence, found, expected):
        if found != expected:
            raise UserError(f"{name} {sentence.format(found)}, where {expected} would fit; {CURE}")


CURE = "the file is damaged or of a model that is not supported"
UNKNOWN = "the model has no such layer"


def shapes_of(tensors):
    """{name: shape} of a TensorFile or of a dict of arrays."""
    if hasattr(tensors, "shapes"):
        return tensors.shapes
    return {name: np.shape(array) for name, array in tensors.items()}
