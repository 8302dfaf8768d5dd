"""The command `mrcnn`: its words (parser.py), and a file per verb."""

from mrcnn_keras.cli.parser import main

__all__ = ["main"]
