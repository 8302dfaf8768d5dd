"""Convolutions of an ONNX file in whole numbers of 8 bits, by onnxruntime's static quantisation."""

import graphlib
import itertools
import logging
import tempfile
from pathlib import Path

from mrcnn_keras.errors import UserError
from mrcnn_keras.export.readers import require
from mrcnn_keras.pictures import as_picture

# What the heads put out stays float32, and is little work: scores and the sides of boxes have no steps to spare.
OUTPUTS = ("logits", "deltas")


def quantize_convolutions(written, pictures):
    """Quantises the convolutions of a model. Weights have a scale per output channel, maps one and a zero point.

    Args:
        written: ONNX ModelProto in float32.
        pictures: What `pictures_to_calibrate` returned, of which the ranges of the maps are taken.

    Returns:
        ONNX ModelProto.
    """
    standard = require("onnx", "onnx")
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    kept = [node.name for node in written.graph.node if node.op_type == "Conv" and _is_output(node.name)]
    with tempfile.TemporaryDirectory() as folder:
        exact, small = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        standard.save_model(written, str(exact))
        logging.disable(logging.WARNING)  # it would ask a user to prepare the graph, which is done
        try:
            quantize_static(
                str(exact),
                str(small),
                _Reader(pictures),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=["Conv"],
                nodes_to_exclude=kept,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
        finally:
            logging.disable(logging.NOTSET)
        quantized = standard.load_model(str(small))
    _sort(quantized.graph)
    return quantized


def pictures_to_calibrate(model, pictures):
    """Checks what the ranges of numbers are measured on.

    Args:
        model: `MaskRCNN`.
        pictures: Iterable of what `detect` takes as a picture, or `None`.

    Returns:
        Iterable of `[H, W, 3]` uint8, which reads one picture at a time.

    Raises:
        UserError: If there is none, the first is not a picture, onnxruntime is absent, or the model is given proposals.
    """
    if model.takes_proposals:
        raise UserError("a model that is given proposals has no int8 ONNX file; leave out int8")
    require("onnxruntime", "onnx")
    named = enumerate(() if pictures is None else pictures)
    pictures = (as_picture(image, f"picture {index} to calibrate with") for index, image in named)
    first = [*itertools.islice(pictures, 1)]  # before minutes are spent on the graph
    if not first:
        raise UserError(
            "int8 measures the ranges of numbers on pictures like those that the file will get; give 10 to 100 of them "
            "with --calibrate PICTURES (in Python calibrate=[...])"
        )
    return itertools.chain(first, pictures)


def _sort(graph):
    """Puts nodes behind those whose outputs they use, in their loops too, which onnxruntime passes over."""
    nodes, made_by = list(graph.node), {}
    for node in nodes:
        made_by |= dict.fromkeys(node.output, node.name)
    waits = {node.name: {made_by[name] for name in _used(node) if name in made_by} for node in nodes}
    del graph.node[:]
    order = graphlib.TopologicalSorter(waits).static_order()
    by_name = {node.name: node for node in nodes}
    graph.node.extend(by_name[name] for name in order)


def _used(node):
    """The names of all tensors that a node and the graphs in it take, with those that these graphs make themselves."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _used(inner)


def _is_output(name):
    """Whether a node is the convolution of a layer such as "rpn_1/logits_3/convolution"."""
    return any(part.startswith(OUTPUTS) for part in name.split("/"))


class _Reader:
    """onnxruntime's CalibrationDataReader: the inputs of one picture after the other, and None at the end."""

    def __init__(self, pictures):
        self._inputs = ({"images": picture[None]} for picture in pictures)

    def get_next(self):
        return next(self._inputs, None)
