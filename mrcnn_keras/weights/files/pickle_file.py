"""Plain pickles of numpy arrays, as in Detectron2's model zoo (.pkl).

The format has no checksum: damage inside the numbers shows only where it makes them impossible. The arrays stay
in the file until they are read.
"""

from mrcnn_keras.weights.files import pickled_arrays, restricted_pickle
from mrcnn_keras.weights.files.restricted_pickle import load_pickle
from mrcnn_keras.weights.files.state_dict import find_state_dict
from mrcnn_keras.weights.files.stored_tensor import BadFile

NAMES = {**restricted_pickle.CONTAINERS, **pickled_arrays.NAMES}


def open_pickle(file):
    """FileBytes -> {name: StoredTensor}. Raises BadFile."""
    content, end = load_pickle(file, 0, lambda module, name: NAMES.get((module, name)))
    if end != file.size:
        raise BadFile(f"has {file.size - end} bytes after its pickle: it is damaged or of another kind")
    return {name: array.tensor() for name, array in find_state_dict(content).items()}
