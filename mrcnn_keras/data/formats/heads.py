"""The beginnings of files, by which formats are recognised without reading the whole."""

HEAD = 1 << 16  # bytes that show the format of a file


def read_head(path):
    """The beginning of a file as text, "" where it cannot be read: that is reported when the file is loaded."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD).replace(b"\0", b"")  # zeros: of UTF-16, as what formats are known by is ASCII
            return head.decode("utf-8", "replace").lstrip("\ufeff\ufffd")
    except OSError:
        return ""
