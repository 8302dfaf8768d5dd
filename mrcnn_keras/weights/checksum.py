"""Names of published files that tell the first digits of their own checksum."""

import hashlib
import re
from pathlib import Path

# maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth of torchvision; model_final_f10217.pkl of Detectron2, which are not of the
# sha256 (that of this file begins with 9a737e) but of the md5.
PATTERNS = {"sha256": r".*-([0-9a-f]{8})\.pth", "md5": r"model_final_([0-9a-f]{6})\.pkl"}


def name_hash_mismatch(path):
    """A sentence for the user where the file's name tells the checksum of another content, else None.

    The file is read once if its name has such digits. It is a note, no error: a file may have been trained further
    and kept its name.
    """
    path = Path(path)
    for kind, pattern in PATTERNS.items():
        if told := re.fullmatch(pattern, path.name):
            digits = told[1]
            with open(path, "rb") as file:
                found = hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()  # noqa: B023
            if not found.startswith(digits):
                return (
                    f"{path} is not the published file of that name: its {kind} begins with {found[: len(digits)]}, "
                    f"not {digits}; unless you changed it yourself, download it again"
                )
    return None
