"""tensorflow-serving-api reads the warm-up requests, and the SavedModel runs them."""

import pytest
import tensorflow as tf

from mrcnn_keras.export.warm_up import FILE, write_warm_up


def requests(folder):
    logs = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    records = tf.data.TFRecordDataset(str(folder / FILE)).as_numpy_iterator()
    return [logs.PredictionLog.FromString(record).predict_log.request for record in records]


def test_the_saved_model_answers_its_warm_up_requests(saved, served):
    asked = {request.model_spec.signature_name: request.inputs for request in requests(saved)}
    assert set(asked) == {"serving_default", "serving_bytes"}
    for name, inputs in asked.items():
        answer = served.signatures[name](**{key: tf.constant(tf.make_ndarray(value)) for key, value in inputs.items()})
        assert answer["image_size"].numpy().tolist() == [[64, 85]]


def test_a_model_that_takes_proposals_gets_one(tmp_path):
    write_warm_up(tmp_path, 30, takes_proposals=True)
    for request in requests(tmp_path):
        assert tf.make_ndarray(request.inputs["proposals"]).tolist() == [[[0, 0, 30, 30]]]
