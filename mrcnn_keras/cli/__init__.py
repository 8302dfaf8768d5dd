"""The command `mrcnn`: its options (parser.py), and one file per subcommand."""

from mrcnn_keras.cli.parser import main

__all__ = ["main"]
