"""A plain pickle of numpy arrays, as Detectron2's model zoo has (.pkl).

The format has no checksum: damage inside the numbers shows only where it makes them impossible. The arrays stay
in the file until they are asked for.
"""

from mrcnn_keras.weights import pickled_arrays, pickled_containers
from mrcnn_keras.weights.bad_file import BadFile
from mrcnn_keras.weights.restricted_pickle import load
from mrcnn_keras.weights.state_dict import find_state_dict

NAMES = {**pickled_containers.NAMES, **pickled_arrays.NAMES}


def open_pickle(file):
    """FileBytes -> {name: StoredTensor}. Raises BadFile."""
    content, end = load(file, 0, lambda module, name: NAMES.get((module, name)))
    if end != file.size:
        raise BadFile(f"has {file.size - end} bytes after its pickle: it is damaged or of another kind")
    return {name: array.tensor() for name, array in find_state_dict(content).items()}
