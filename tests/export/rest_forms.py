"""TensorFlow Serving's JSON of requests and answers: the rules of tensorflow_serving/util/json_tensor.cc."""

import base64

import numpy as np
import tensorflow as tf

from tests.export.servable import Refused


def inputs_of(body, signature):
    """The body of a predict request -> ({name: array}, the function that makes the answer's body of the outputs)."""
    if not isinstance(body, dict) or ("instances" in body) == ("inputs" in body):
        raise Refused("Missing 'inputs' or 'instances' key")
    names = {*signature.inputs}
    if "instances" in body:
        return _of_rows(body["instances"], names, signature), _rows
    columns = body["inputs"]
    if not isinstance(columns, dict) or _is_b64(columns):
        if len(names) > 1:
            raise Refused("inputs is a plain value/list, but expecting an object as multiple input tensors required")
        columns = dict.fromkeys(names, columns)
    for name in names:
        if name not in columns:
            raise Refused(f"Missing named input: {name} in 'inputs' object.")
    return {name: _tensor(columns[name], signature.inputs[name]) for name in names}, _columns


def _of_rows(rows, names, signature):
    if not rows:
        raise Refused("No values in 'instances'")
    plain = not isinstance(rows[0], dict) or _is_b64(rows[0])
    if plain:
        if len(names) > 1:
            raise Refused("instances is a plain list, but expecting list of objects as multiple input tensors required")
        [name] = names
        return {name: _tensor(rows, signature.inputs[name])}
    for row in rows:
        if not isinstance(row, dict) or {*row} != names:
            raise Refused(f"JSON object: keys must be equal to: {','.join(sorted(names))}")
    return {name: _tensor([row[name] for row in rows], signature.inputs[name]) for name in names}


def _is_b64(value):
    return isinstance(value, dict) and list(value) == ["b64"]


def _tensor(value, info):
    kind = tf.as_dtype(info.dtype).as_numpy_dtype
    try:
        return np.array(_plain(value), dtype=kind)
    except (ValueError, TypeError) as error:
        raise Refused(f"JSON Value: {str(value)[:40]} is not formatted correctly: {error}") from error


def _plain(value):
    if _is_b64(value):
        return base64.b64decode(value["b64"], validate=True)
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _rows(outputs):
    columns = {name: _json(name, value) for name, value in outputs.items()}
    if len({len(column) for column in columns.values()}) > 1:
        raise Refused("outputs have inconsistent batch sizes")
    if len(columns) == 1:
        return {"predictions": next(iter(columns.values()))}
    rows = zip(*columns.values(), strict=True)
    return {"predictions": [dict(zip(columns, row, strict=True)) for row in rows]}


def _columns(outputs):
    columns = {name: _json(name, value) for name, value in outputs.items()}
    return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}


def _json(name, array):
    """Lists; strings as base64 where the output's name says that they are bytes."""
    if array.dtype != object:
        return array.tolist()

    def string(value):
        return {"b64": base64.b64encode(value).decode()} if name.endswith("_bytes") else value.decode()

    return np.frompyfunc(string, 1, 1)(array).tolist()
