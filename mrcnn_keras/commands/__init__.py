"""The commands of `mrcnn`, one a file."""
