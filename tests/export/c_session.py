"""A program that runs a signature of a SavedModel by TensorFlow's C API alone: no Python of TensorFlow, no package.

Arguments: the folder of TensorFlow's libraries, the SavedModel, the .npy of a batch of uint8 pictures, the name of the
tensor that takes it, the .npz to write, and KEY=TENSOR for each output that is wanted.
"""

import ctypes
import sys
from pathlib import Path

import numpy as np

TYPES = {1: np.float32, 3: np.int32, 4: np.uint8}  # TF_DataType
SERVE = b"serve"


class Output(ctypes.Structure):
    """TF_Output"""

    _fields_ = [("operation", ctypes.c_void_p), ("index", ctypes.c_int)]


def load(folder):
    """The C API with its types."""
    ctypes.CDLL(str(folder / "libtensorflow_framework.so.2"), mode=ctypes.RTLD_GLOBAL)
    api = ctypes.CDLL(str(folder / "libtensorflow_cc.so.2"))
    pointers = ("NewStatus", "NewGraph", "NewSessionOptions", "LoadSessionFromSavedModel", "GraphOperationByName")
    for name in (*pointers, "AllocateTensor", "TensorData"):
        getattr(api, f"TF_{name}").restype = ctypes.c_void_p
    api.TF_Message.restype = ctypes.c_char_p
    api.TF_TensorByteSize.restype = ctypes.c_size_t
    api.TF_Dim.restype = ctypes.c_int64
    return api


class Session:
    """The graph of a SavedModel and its weights."""

    def __init__(self, api, path):
        self.api, self.graph, self.status = api, ctypes.c_void_p(api.TF_NewGraph()), ctypes.c_void_p(api.TF_NewStatus())
        options = ctypes.c_void_p(api.TF_NewSessionOptions())
        tags = (ctypes.c_char_p * 1)(SERVE)
        session = api.TF_LoadSessionFromSavedModel(options, None, path.encode(), tags, 1, self.graph, None, self.status)
        self.check()
        self.session = ctypes.c_void_p(session)

    def check(self):
        if self.api.TF_GetCode(self.status):
            sys.exit(self.api.TF_Message(self.status).decode())

    def output(self, tensor):
        """ "name:0" -> TF_Output"""
        name, index = tensor.rsplit(":", 1)
        operation = self.api.TF_GraphOperationByName(self.graph, name.encode())
        assert operation, f"the graph has no {name}"
        return Output(operation, int(index))

    def run(self, feed, array, fetches):
        """-> a list of arrays"""
        shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        tensor = ctypes.c_void_p(self.api.TF_AllocateTensor(4, shape, array.ndim, ctypes.c_size_t(array.nbytes)))
        ctypes.memmove(self.api.TF_TensorData(tensor), array.tobytes(), array.nbytes)
        outputs = (Output * len(fetches))(*map(self.output, fetches))
        values = (ctypes.c_void_p * len(fetches))()
        feeds, inputs = (Output * 1)(self.output(feed)), (ctypes.c_void_p * 1)(tensor.value)
        self.api.TF_SessionRun(
            self.session, None, feeds, inputs, 1, outputs, values, len(fetches), None, 0, None, self.status
        )
        self.check()
        return [self.array(ctypes.c_void_p(value)) for value in values]

    def array(self, tensor):
        sides = [self.api.TF_Dim(tensor, i) for i in range(self.api.TF_NumDims(tensor))]
        data = ctypes.string_at(self.api.TF_TensorData(tensor), self.api.TF_TensorByteSize(tensor))
        return np.frombuffer(data, TYPES[self.api.TF_TensorType(tensor)]).reshape(sides)


def main():
    libraries, path, pictures, feed, answers, *wanted = sys.argv[1:]
    names, tensors = zip(*(word.split("=", 1) for word in wanted), strict=True)
    session = Session(load(Path(libraries)), path)
    found = session.run(feed, np.load(pictures), tensors)
    assert not {"tensorflow", "keras", "mrcnn_keras"} & {*sys.modules}
    np.savez(answers, **dict(zip(names, found, strict=True)))


if __name__ == "__main__":
    main()
