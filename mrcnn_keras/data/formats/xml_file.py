"""XML annotation files, read without what can do harm in XML: no declarations of entities or document types."""

import re
from pathlib import Path
from xml.etree import ElementTree

from mrcnn_keras.errors import UserError


def read_xml(path):
    """-> the root element of an XML file. Raises UserError if it is not valid, or declares entities."""
    try:
        data = Path(path).read_bytes()
        if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data.replace(b"\0", b""), re.I):  # zeros: of UTF-16
            raise UserError(f"{str(path)!r} declares a document type or entities; export it again without")
        return ElementTree.fromstring(data)
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read ({error.strerror}); give a readable file") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # an unknown encoding is a LookupError
        raise UserError(f"{str(path)!r} is not XML ({error}); export it again") from error


def text_of(element, path, default=""):
    """The text of the element at `path` in another one, without spaces around it; `default` without one."""
    text = element.findtext(path)
    return default if text is None else text.strip()
