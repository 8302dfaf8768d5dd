"""The input files of a command."""

from pathlib import Path

from mrcnn_keras.errors import UserError


def find_files(inputs, suffixes, wanted):
    """Returns the paths of the user's files, and of the files in the user's folders that end in `suffixes`.

    wanted: what may be given, in words. Raises UserError for a path that does not exist or a folder without any.
    """
    files = []
    for given in map(Path, inputs):
        if given.is_dir():
            inside = sorted(p for p in given.iterdir() if p.suffix.lower() in suffixes)
            if not inside:
                raise UserError(f"{given} contains no picture; give a folder with .jpg or .png files in it")
            files += inside
        elif given.exists():
            files.append(given)
        else:
            raise UserError(f"{given} does not exist; give {wanted}")
    return files
