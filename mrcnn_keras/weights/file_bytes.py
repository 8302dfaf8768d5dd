"""Bytes of a file by their place, never more than the file has."""

import io

from mrcnn_keras.weights.bad_file import BadFile


class FileBytes:
    """A binary file that is read by offset. `size` in bytes, as it was when the file was opened."""

    def __init__(self, file):
        self.file = file
        self.size = file.seek(0, io.SEEK_END)

    def read(self, offset, size):
        """-> `size` bytes from `offset`. Raises BadFile, before memory is taken, where the file has not that many."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise BadFile(f"has {self.size} bytes where {offset + size} are spoken of: it is cut short or damaged")
        self.file.seek(offset)
        data = self.file.read(size)
        if len(data) != size:
            raise BadFile("became shorter while it was read")
        return data

    def line(self, offset):
        """-> the bytes from `offset` up to the next newline, without it. Raises BadFile where there is none."""
        self.file.seek(offset)
        data = self.file.readline()
        if not data.endswith(b"\n"):
            raise BadFile("ends in the middle of a line of its pickle")
        return data[:-1]
