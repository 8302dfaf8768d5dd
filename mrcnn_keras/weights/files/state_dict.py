"""Where the weights are in a checkpoint: training scripts save them beside optimizers, epochs and options."""

from mrcnn_keras.weights.files.pickled_arrays import PickledArray
from mrcnn_keras.weights.files.pickled_tensors import TorchTensor
from mrcnn_keras.weights.files.stored_tensor import BadFile

USUAL = ("model", "state_dict", "model_state_dict", "model_state")
WRAPPERS = ("module.", "_orig_mod.")  # DataParallel; torch.compile
DEEPEST = 4  # dicts in dicts
MOST_ENTRIES = 200_000  # of all dicts together: one dict may occur in many places


def is_tensor(value):
    """Is it a record that stands for a tensor or an array?"""
    return isinstance(value, TorchTensor | PickledArray)


def find_state_dict(content):
    """The object of a pickle -> {name: tensor's record}, in the file's order.

    That is the dict under "model", "state_dict", ..., else the whole, else the only dict in it that has tensors.
    Nested dicts give names with dots. "module." and the like in front of all names are left out. Raises BadFile
    if there is no tensor or more than one candidate.
    """
    return _without_wrappers(_flat(_choose(content)))


def _choose(content):
    if is_tensor(content):
        raise BadFile("holds a single tensor", "give a file with the names and tensors of a whole model")
    if not isinstance(content, dict):
        raise BadFile("holds no dict of tensors", "give a file that torch.save(model.state_dict(), FILE) wrote")
    parts = {key: value for key, value in content.items() if isinstance(value, dict) and _flat(value)}
    for key in USUAL:
        if key in parts:
            return parts[key]
    if any(is_tensor(value) for value in content.values()):
        return content
    if not parts:
        raise BadFile("holds no tensors", "give a file that torch.save(model.state_dict(), FILE) wrote")
    if len(parts) > 1:
        keys = ", ".join(sorted(repr(key)[:40] for key in parts)[:10])
        raise BadFile(f"has several sets of tensors ({keys})", 'save the right one alone, or under the key "model"')
    return next(iter(parts.values()))


def _flat(content):
    found, waiting, entries = {}, [("", content, 0)], 0
    while waiting:
        prefix, part, depth = waiting.pop()
        entries += len(part)
        if entries > MOST_ENTRIES:
            raise BadFile("has too many dicts in dicts for a file of weights")
        for key, value in part.items():
            if is_tensor(value) and isinstance(key, str):
                if prefix + key in found:
                    raise BadFile(f"has two tensors with the name {prefix + key!r}")
                found[prefix + key] = value
            elif isinstance(value, dict) and isinstance(key, str) and depth < DEEPEST:
                waiting.append((f"{prefix}{key}.", value, depth + 1))
    return found


def _without_wrappers(names):
    for wrapper in WRAPPERS:
        while names and all(name.startswith(wrapper) for name in names):
            names = {name.removeprefix(wrapper): value for name, value in names.items()}
    return names
