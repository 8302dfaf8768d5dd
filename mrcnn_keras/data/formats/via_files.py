"""The files of VIA 1 and 2, whichever of them: pictures with regions, as in the exported JSON."""

import csv
import io
import json
import re

from mrcnn_keras.data.formats.heads import read_head
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import read_json


def looks_like_via(path):
    """Whether a JSON or csv file begins like one of VIA's; only its head is read."""
    head = read_head(path)
    if path.suffix.lower() == ".csv":
        return "region_shape_attributes" in head.partition("\n")[0]
    if re.search(r'"_via_(settings|img_metadata)"\s*:', head):
        return True
    return bool(re.search(r'"filename"\s*:', head) and re.search(r'"regions"\s*:\s*[\[{]', head))


class ViaFile:
    """`entries` are the pictures, dicts with filename and regions unless damaged; `definitions` of region attributes.

    Raises UserError if the file as a whole cannot be read.
    """

    def __init__(self, path):
        self.path = path
        self.definitions = {}
        if path.suffix.lower() == ".csv":
            self.entries = _entries_of_csv(path)
            return
        content = read_json(path)
        if isinstance(content, dict) and "_via_img_metadata" in content:
            attributes = content.get("_via_attributes")
            of_regions = attributes.get("region") if isinstance(attributes, dict) else None
            self.definitions = of_regions if isinstance(of_regions, dict) else {}
            content = content["_via_img_metadata"]
        if not isinstance(content, (dict, list)):  # scripts that change an export often make a list of it
            kind = type(content).__name__
            raise UserError(f"{str(path)!r} has a JSON {kind} in place of VIA's pictures; export it again from VIA")
        self.entries = list(content.values()) if isinstance(content, dict) else content

    def names(self):
        """The names of the pictures."""
        names = (entry.get("filename") for entry in self.entries if isinstance(entry, dict))
        return {name for name in names if isinstance(name, str)}

    def attributes(self):
        """`region_attributes` of all regions, dicts unless damaged."""
        regions = (regions_of(entry) or () for entry in self.entries if isinstance(entry, dict))
        return [region.get("region_attributes") for of in regions for region in of if isinstance(region, dict)]


def regions_of(entry):
    """The list of regions, which VIA 1 has as a dict by number; None for anything else."""
    regions = entry.get("regions")
    if regions is None:
        return []
    return list(regions.values()) if isinstance(regions, dict) else regions if isinstance(regions, list) else None


def _entries_of_csv(path):
    try:
        text = path.read_bytes().decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read ({error.strerror}); give a readable file") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{str(path)!r} is not a table as VIA writes it ({error}); export it again from VIA") from error
    header = [name.strip("# ") for name in rows[0]] if rows else []  # VIA 1 begins with "#filename"
    missing = {"filename", "region_shape_attributes", "region_attributes"} - {*header}
    if missing:
        raise UserError(f"{str(path)!r} has no column {sorted(missing)[0]!r}; export it again from VIA")
    entries = {}
    for row in rows[1:]:
        cells = dict(zip(header, row, strict=False))
        entry = {"filename": cells.get("filename"), "regions": [], "rows": cells.get("region_count")}
        entry = entries.setdefault((cells.get("filename"), cells.get("file_size")), entry) if row else entry
        shape = _of_cell(cells.get("region_shape_attributes"))
        if shape != {}:
            attributes = _of_cell(cells.get("region_attributes"))
            entry["regions"].append({"shape_attributes": shape, "region_attributes": attributes})
    return list(entries.values())


def _of_cell(text):
    """The JSON in a cell, or the text itself if it is none. VIA writes `undefined` for an attribute without a value."""
    try:
        return json.loads(re.sub(r":undefined(?=[,}])", ":null", text or ""))
    except (ValueError, RecursionError):
        return text
