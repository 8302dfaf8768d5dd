"""What a file is, recognised by its first bytes, never by its name."""

from mrcnn_keras.weights.files.safetensors_file import looks_like_safetensors
from mrcnn_keras.weights.files.stored_tensor import AGAIN, BadFile
from mrcnn_keras.weights.files.torch_legacy_file import START

HEAD = 512
KINDS = "a PyTorch .pth, a Detectron2 .pkl, a Keras .h5 or a .safetensors"
UNPACK = "unpack it and give the file inside"
PICTURE = f"give a file of weights: {KINDS}"

# The first bytes -> what the file is, and what to do.
OTHERS = {
    b"version https://git-lfs": ("is a pointer of git-lfs, not the file itself", "run `git lfs pull`, or download it"),
    b"\xff\xd8\xff": ("is a JPEG picture, not a file of weights", PICTURE),
    b"\x89PNG": ("is a PNG picture, not a file of weights", PICTURE),
    b"GIF8": ("is a GIF picture, not a file of weights", PICTURE),
    b"%PDF": ("is a PDF document, not a file of weights", PICTURE),
    b"\x93NUMPY": ("is one numpy array without a name, not a file of weights", PICTURE),
    b"PK\x05\x06": ("is an empty zip archive", AGAIN),
    b"\x1f\x8b": ("is compressed with gzip", UNPACK),
    b"BZh": ("is compressed with bzip2", UNPACK),
    b"\xfd7zXZ": ("is compressed with xz", UNPACK),
    b"\x28\xb5\x2f\xfd": ("is compressed with zstd", UNPACK),
    b"7z\xbc\xaf": ("is a 7z archive", UNPACK),
    b"Rar!": ("is a rar archive", UNPACK),
}


def kind_of(file):
    """FileBytes -> "torch", "torch_legacy", "pickle", "h5" or "safetensors".

    Raises BadFile for everything else, saying what the file seems to be.
    """
    if not file.size:
        raise BadFile("is empty")
    head = file.read(0, min(HEAD, file.size))
    if head.startswith(b"PK\x03\x04"):
        return "torch"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "h5"
    if looks_like_safetensors(head, file.size):
        return "safetensors"
    if head[:1] == b"\x80" and START in head[:32]:  # after the protocol and, from protocol 4 on, a frame's length
        return "torch_legacy"
    for start, (what, cure) in OTHERS.items():
        if head.startswith(start):
            raise BadFile(what, cure)
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(b"<"):
        raise BadFile("is a page of HTML or XML, as servers send instead of a file that is not there", AGAIN)
    if head[257:262] == b"ustar":
        raise BadFile("is a tar archive", f"{UNPACK}; if PyTorch before 0.1.10 wrote it, save it again with PyTorch")
    # A pickle begins with its protocol (from 2 on) or else with its object, and always ends with a full stop.
    if (head[:1] == b"\x80" and head[1:2] in b"\2\3\4\5") or (
        head[:1] in b"(}c" and file.read(file.size - 1, 1) == b"."
    ):
        return "pickle"
    raise BadFile("is not a file of weights that can be read here, or its beginning is damaged", f"give {KINDS}")
