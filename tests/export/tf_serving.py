"""A server of a SavedModel by TensorFlow Serving's protocols, REST and gRPC, for the tests.

    python -m tests.export.tf_serving SAVED_MODEL      prints its two ports and serves "mine" until its input is closed

TensorFlow Serving is not a Python package, so this takes its place: the model runs in a session, as there, and requests
are read by the same rules.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tests.export.rest_forms import inputs_of
from tests.export.servable import Refused, Servable

MODEL = "mine"
THREADS = 16
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Rest(BaseHTTPRequestHandler):
    """GET /v1/models/mine and POST /v1/models/mine[/versions/1]:predict"""

    servable = None

    def do_GET(self):
        state = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
        known = self.path == f"/v1/models/{MODEL}"
        self.answer(*((200, {"model_version_status": [state]}) if known else (404, {"error": "not found"})))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path not in (f"/v1/models/{MODEL}:predict", f"/v1/models/{MODEL}/versions/1:predict"):
            self.answer(404, {"error": f"Servable not found for request: {self.path}"})
            return
        try:
            body = json.loads(body)
            name = body.get("signature_name", "")
            inputs, form = inputs_of(body, self.servable.signature(name))
            self.answer(200, form(self.servable.run(name, inputs)))
        except json.JSONDecodeError as error:
            self.answer(400, {"error": f"JSON Parse error: {error}"})
        except Refused as error:
            self.answer(400, {"error": str(error)})

    def answer(self, code, content):
        content = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *words):
        """Nothing: standard error is for failures."""


class RestServer(ThreadingHTTPServer):
    """Sixteen clients may knock at the same moment."""

    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that has stopped waiting is no failure."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Predict alone, which the clients use."""

    def __init__(self, servable):
        self.servable = servable

    def Predict(self, request, context):
        if request.model_spec.name != MODEL:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {request.model_spec.name}")
        response = predict_pb2.PredictResponse()
        response.model_spec.CopyFrom(request.model_spec)
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        try:
            outputs = self.servable.run(request.model_spec.signature_name, inputs)
        except Refused as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return response


def main():
    servable = Rest.servable = Servable(sys.argv[1])
    rest = RestServer(("localhost", 0), Rest)
    Thread(target=rest.serve_forever, daemon=True).start()
    rpc = grpc.server(ThreadPoolExecutor(THREADS), options=UNLIMITED)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(servable), rpc)
    port = rpc.add_insecure_port("localhost:0")
    rpc.start()
    print(rest.server_port, port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
