"""The beginning of a program in which some packages cannot be imported."""

PROGRAM = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {packages}:
            raise ImportError("blocked")

sys.meta_path.insert(0, Block())
"""


def without(*packages):
    return PROGRAM.format(packages=packages)
