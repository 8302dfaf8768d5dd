"""Detects objects by TensorFlow Serving's gRPC: smaller requests than by REST, and results as arrays.

    pip install grpcio "tensorflow-cpu>=2.21"
    pip install --no-deps tensorflow-serving-api        # otherwise it installs a second TensorFlow
    python grpc_client.py photo.jpg other.png --min-score 0.5

The SavedModel takes as long as the model itself, with `resnet18_fpn` at 128 x 128 a tenth of a second on two busy cores
(docs/export.md). What the server and the network add was not measured.
"""

from collections.abc import Sequence

import grpc
import tensorflow as tf
from answers import WITH_LIMITS, WITHOUT_LIMITS, Answer, ServingError, answer_of, batches
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

# gRPC refuses responses above 4 MB: two pictures with 100 small masks are below that, twenty are not.
NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class GrpcClient:
    """One model of a server, over one connection that any number of threads may use; a context manager.

    address: host:port; model: its name on the server; timeout: seconds per request; batch_size: pictures per request.
    """

    def __init__(
        self, address: str = "localhost:8500", model: str = "mine", timeout: float = 60.0, batch_size: int = 4
    ) -> None:
        self.address, self.model, self.timeout, self.batch_size = address, model, timeout, batch_size
        self._channel = grpc.insecure_channel(address, options=NO_LIMIT)
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def __enter__(self) -> "GrpcClient":
        return self

    def __exit__(self, *error: object) -> None:
        self._channel.close()

    def detect(
        self, files: Sequence[bytes], min_score: float | None = None, max_detections: int | None = None
    ) -> list[Answer]:
        """Returns one Answer per file, given the contents of JPEG and PNG files; raises ServingError."""
        answers: list[Answer] = []
        for batch in batches(files, self.batch_size):
            response = self._ask(request(self.model, batch, min_score, max_detections))
            outputs = {name: tf.make_ndarray(value) for name, value in response.outputs.items()}
            answers += [answer_of({name: value[row] for name, value in outputs.items()}) for row in range(len(batch))]
        return answers

    def _ask(self, question: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        try:
            # Waits for a server that is just starting.
            return self._service.Predict(question, timeout=self.timeout, wait_for_ready=True)
        except grpc.RpcError as error:
            raise ServingError(f"{self.address} answers {error.code().name}: {error.details()}") from error


def request(
    model: str, files: Sequence[bytes], min_score: float | None, max_detections: int | None
) -> predict_pb2.PredictRequest:
    """The request; limits that are None are left out, so that the SavedModel's apply."""
    question = predict_pb2.PredictRequest()
    question.model_spec.name = model
    limits = {"score_threshold": (min_score, tf.float32), "max_detections": (max_detections, tf.int32)}
    limits = {name: value for name, value in limits.items() if value[0] is not None}
    question.model_spec.signature_name = WITH_LIMITS if limits else WITHOUT_LIMITS
    question.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(list(files), tf.string))
    for name, (value, kind) in limits.items():
        # One value per picture, so that a server that batches requests can concatenate them.
        question.inputs[name].CopyFrom(tf.make_tensor_proto([value] * len(files), kind))
    return question


if __name__ == "__main__":
    from command import run

    run(GrpcClient, default="localhost:8500", description=__doc__)
