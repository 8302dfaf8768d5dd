"""Requests that TensorFlow Serving runs when it loads a SavedModel, so that the first client need not wait.

Written without the package tensorflow-serving-api, which an export should not need: a record is five messages, each in
the next, of which only the innermost, TensorFlow's own TensorProto, is more than names.
"""

import io

import numpy as np
import tensorflow as tf
from PIL import Image

FILE = "assets.extra/tf_serving_warmup_requests"
# Field numbers in tensorflow_serving/apis: prediction_log.proto, predict.proto, model.proto.
PREDICT_LOG, REQUEST, MODEL_SPEC, SIGNATURE_NAME, INPUTS, KEY, VALUE = 6, 1, 1, 3, 2, 1, 2


def write_warm_up(folder, height, takes_proposals):
    """Puts one request for each of serving_default and serving_bytes into the SavedModel `folder`, a Path.

    height: pixels of their picture, which is 4:3 and smooth. takes_proposals: they have one proposal.
    """
    file = folder / FILE
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for signature, inputs in _requests(height, takes_proposals).items():
            writer.write(_prediction_log(signature, inputs))


def _requests(height, takes_proposals):
    """{name of the signature: {name of the input: array}}"""
    coarse = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((height * 4 // 3, height), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, "JPEG")
    given = {"proposals": np.float32([[[0, 0, height, height]]])} if takes_proposals else {}
    return {
        "serving_default": {"images": np.asarray(picture)[None], **given},
        "serving_bytes": {"image_bytes": [file.getvalue()], **given},
    }


def _prediction_log(signature, inputs):
    request = _field(MODEL_SPEC, _field(SIGNATURE_NAME, signature.encode()))
    for name, value in inputs.items():
        tensor = tf.make_tensor_proto(value).SerializeToString()
        request += _field(INPUTS, _field(KEY, name.encode()) + _field(VALUE, tensor))
    return _field(PREDICT_LOG, _field(REQUEST, request))


def _field(number, content):
    """A field of protobuf's wire format with a length: strings and messages."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value):
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
