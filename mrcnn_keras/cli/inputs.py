"""The files that a command is to look at."""

from pathlib import Path

from mrcnn_keras.errors import UserError


def find_files(inputs, suffixes, wanted):
    """Files and folders as the user names them -> list of paths; of a folder, those inside that end in `suffixes`.

    wanted: what may be given, in words. Raises UserError for what is absent and for folders with nothing of the kind.
    """
    files = []
    for given in map(Path, inputs):
        if given.is_dir():
            inside = sorted(p for p in given.iterdir() if p.suffix.lower() in suffixes)
            if not inside:
                raise UserError(f"{given} holds no picture; give a folder with .jpg or .png files in it")
            files += inside
        elif given.exists():
            files.append(given)
        else:
            raise UserError(f"{given} does not exist; give {wanted}")
    return files
