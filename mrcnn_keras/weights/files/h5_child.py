"""Reads an HDF5 file with h5py, in a process of its own that may hang, die or be refused memory: see h5_process.

A script, run by its path: it imports neither this package nor TensorFlow. Nothing outside the file is read: links and
storage in other files are refused, and on POSIX the process cannot open any further file.
"""

import codecs
import io
import itertools
import json
import math
import os
import sys
import zipfile

import h5py
import numpy as np

MEMORY = 2**28  # bytes, beside four times the size of the file
SECONDS = 30  # of computing, and one more per 10 MB: what loops for ever is noticed on a busy machine too
MOST_SMALL = 2**24  # bytes of a dataset however well it is compressed
MOST_RATIO = 20  # by which larger ones may shrink: weights hardly do
MOST_WEIGHTS = 50_000
ENDS = {0: 40, 1: 44, 2: 28, 3: 28}  # version of the superblock -> where the address of the file's end is
NO_LAYER = "top_level_model_weights"  # a group beside the layers, for weights of no layer
RESAVE = "write it again with h5py's default settings, or as .safetensors"
DAMAGED = "has a dataset of shape {} without {} numbers: it is cut short or damaged"


class Bad(Exception):
    """What is wrong with the file, and where it is known what to do: the arguments of a BadFile."""


def limit(name, most):
    """Sets a limit of this process, where the system has such a limit."""
    try:
        import resource

        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most, hard) if hard == resource.RLIM_INFINITY else (min(most, hard), hard))
    except (ImportError, AttributeError, ValueError, OSError):
        pass


def memory():
    """Bytes of address space that this process has now, or a guess."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, AttributeError):
        return 2**31


def open_file(path, kind):
    """-> h5py.File, and the text of config.json in a .keras file: a zip archive, whose checksums are verified."""
    size, config = os.path.getsize(path), None
    limit("RLIMIT_AS", memory() + MEMORY + 4 * size)
    limit("RLIMIT_CPU", SECONDS + size // 10**7)
    with open(path, "rb") as source:
        head = source.read(64)
    if kind == "keras":
        if not zipfile.is_zipfile(path):
            raise Bad("is not a .keras file, or one that is cut short")
        with zipfile.ZipFile(path) as archive:
            config = archive.read("config.json").decode("utf-8")
            path = io.BytesIO(archive.read("model.weights.h5"))
        head, size = bytes(path.getbuffer()[:64]), len(path.getbuffer())
    if len(head) < 64 or head[8] not in ENDS:
        raise Bad("has a damaged beginning, or one of an unknown HDF5 layout", RESAVE)
    end = int.from_bytes(head[ENDS[head[8]] :][:8], "little")
    if end != size:
        raise Bad(f"has {size} bytes where it should have {end}: it is cut short or damaged")
    file = h5py.File(path, "r")
    codecs.lookup("ascii")  # a module that h5py needs; from here on none can be imported
    limit("RLIMIT_NOFILE", 0)
    return file, config


def find(group, path):
    """The object at a path, soft links followed. Refuses links to other files."""
    for part in filter(None, path.split("/")):
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        if link is None:
            raise Bad(f"lacks {path!r}, which it lists")
        if isinstance(link, h5py.ExternalLink):
            raise Bad(f"has a link to another file under the name {part!r}, which is not read", RESAVE)
        soft = isinstance(link, h5py.SoftLink)
        group = find(group.file if link.path.startswith("/") else group, link.path) if soft else group[part]
    return group


def texts(group, attribute):
    """A list of names, or None; Keras cuts one that is too long for an attribute into name0, name1, ..."""
    if attribute in group.attrs:
        found = group.attrs[attribute]
        found = [found] if isinstance(found, (str, bytes)) else found.ravel().tolist()
        if not all(isinstance(text, (str, bytes)) for text in found):
            raise Bad("has numbers where names should be")
        return [text.decode("utf-8") if isinstance(text, bytes) else text for text in found]
    if f"{attribute}0" not in group.attrs:
        return None
    parts = []
    while f"{attribute}{len(parts)}" in group.attrs:
        parts.append(texts(group, f"{attribute}{len(parts)}"))
    return [text for part in parts for text in part]


def keras_2(root):
    """The layout of Keras 2 -> [(layer, weight's name as written, dataset)], in the order of the file's lists."""
    if texts(root, "layer_names") is None and "model_weights" in {*root}:
        root = find(root, "model_weights")
    layers = texts(root, "layer_names")
    if layers is None:
        if "layers" in {*root}:
            raise Bad(
                "is a .weights.h5 of Keras 3 under another name", "rename it, so that its name ends in .weights.h5"
            )
        raise Bad("is an HDF5 file without Keras's layer_names", "give one that Keras's save_weights wrote")
    found, done = [], set()
    for layer in layers:
        if layer in done:
            raise Bad(f"lists its layer {layer!r} twice")
        done.add(layer)
        group = find(root, layer)
        names = texts(group, "weight_names") or []
        # Layers of MobileNetV3 are nested: the group of Conv contains that of Conv/BatchNorm.
        inside = [other.removeprefix(f"{layer}/") for other in layers if other.startswith(f"{layer}/")]
        refuse_unlisted(group, [*names, *inside])
        if len(found) + len(names) > MOST_WEIGHTS:
            raise Bad("lists more weights than any model here has")
        found += [(layer, name, find(group, name)) for name in names]
    if not found:
        raise Bad("holds no weights")
    refuse_unlisted(root, [*layers, NO_LAYER])
    return found


def refuse_unlisted(group, names):
    """Refuses members that no list names: they would be left out silently, and the list is probably damaged."""
    listed = {name.strip("/").partition("/")[0] for name in names}
    for name in group:
        if name not in listed and not isinstance(group.get(name, getlink=True), h5py.SoftLink):
            raise Bad(f"has {name!r}, which its lists do not name")


def keras_3(group, place="", layer=""):
    """The layout of Keras 3 -> [(path in the file, path of the layer, dataset)].

    The datasets of a layer are 0, 1, ... in a group `vars`, whose attribute `name` is the layer's; its sublayers lie
    beside it, those of a list in one more group. The names of all these layers are the path of the layer; a model,
    whose sublayers are `layers`, does not count.
    """
    found = []
    if place and "vars" in {*group}:
        name = find(group, "vars").attrs.get("name")
        layer += f"/{name}" if isinstance(name, str) else ""
    for key in group:
        member = find(group, key)
        if isinstance(member, h5py.Dataset):
            found.append((f"{place}/{key}", layer.strip("/"), member))
        else:
            found += keras_3(member, f"{place}/{key}", "" if key == "layers" else layer)
        if len(found) > MOST_WEIGHTS:
            raise Bad("holds more weights than any model here has")
    return found


def extents_of(dataset, size):
    """The (start, end) of a dataset's bytes in a file of `size` bytes. Refuses all but sound datasets of numbers."""
    if not isinstance(dataset, h5py.Dataset):
        raise Bad("has a group where a dataset should be")
    if dataset.external or dataset.is_virtual:
        raise Bad("keeps numbers in other files, which are not read", RESAVE)
    kind, shape = dataset.dtype, dataset.shape
    exact = kind.kind in "fiub" and h5py.h5t.py_create(kind, logical=True).equal(dataset.id.get_type())
    if not (exact or dataset.attrs.get("dtype") == "bfloat16") or shape is None:  # which Keras keeps as bytes
        raise Bad("has a dataset that holds no ordinary numbers, or a damaged one", RESAVE)
    full, extents = math.prod(shape) * kind.itemsize, []
    if dataset.chunks:
        chunks = math.prod(-(-length // n) for length, n in zip(shape, dataset.chunks, strict=True))
        dataset.id.chunk_iter(lambda chunk: extents.append((chunk.byte_offset, chunk.byte_offset + chunk.size)))
        if len(extents) != chunks:
            raise Bad(DAMAGED.format(shape, "some of its"))
        stored = sum(end - start for start, end in extents)
        if math.prod(dataset.chunks) * kind.itemsize * chunks > max(MOST_SMALL, MOST_RATIO * stored):
            raise Bad(f"has a dataset of shape {shape} that is compressed too well for weights", RESAVE)
    elif dataset.id.get_storage_size() != full:
        raise Bad(DAMAGED.format(shape, "its"))
    elif full and (start := dataset.id.get_offset()) is not None:  # None: in the dataset's header
        extents = [(start, start + full)]
    if any(end > size for _, end in extents):
        raise Bad(DAMAGED.format(shape, "its"))
    return extents


def refuse_overlap(found, size):
    """Two datasets in one place are damage; two names of one dataset are not."""
    objects = {h5py.h5o.get_info(dataset.id).addr: dataset for *_, dataset in found}
    extents = sorted(extent for dataset in objects.values() for extent in extents_of(dataset, size))
    for (_, end), (start, _) in zip(extents, extents[1:], strict=False):
        if start < end:
            raise Bad("has datasets that overlap: it is damaged")


def serve(path, kind):
    """Replies with a description of the file, and to each index on standard input with the numbers of that dataset.

    A reply is one line of JSON, in which `error` has the arguments of a BadFile, and then the numbers' bytes, in this
    machine's byte order.
    """
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not come between the replies
    found = []

    def describe():
        file, config = open_file(path, kind)
        found.extend(keras_2(file) if kind == "h5" else keras_3(file))
        refuse_overlap(found, file.id.get_filesize())
        datasets = [(*names, d.shape, d.dtype.newbyteorder("=").str) for *names, d in found]
        return {"config": config, "datasets": datasets}, b""

    def numbers(index):
        dataset = found[index][-1]
        return {}, np.asarray(dataset[()], dataset.dtype.newbyteorder("="), order="C").data

    for line in itertools.chain([None], sys.stdin.buffer):
        try:
            about, content = describe() if line is None else numbers(int(line))
        except Exception as error:
            about, content = {"error": reason(error)}, b""
        replies.write(json.dumps(about).encode() + b"\n")
        replies.write(content)
        replies.flush()


def reason(error):
    """The arguments of a BadFile."""
    if isinstance(error, Bad):
        return error.args
    if isinstance(error, MemoryError):
        return ["needs more memory than a file of its size may take: it is damaged"]
    return [f"is damaged or not what it seems ({type(error).__name__}: {error})"[:300]]


if __name__ == "__main__":
    serve(*sys.argv[1:])
