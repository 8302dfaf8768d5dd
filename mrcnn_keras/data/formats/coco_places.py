"""Where COCO files and their pictures lie, as COCO, Roboflow, CVAT and people arrange them.

coco/annotations/instances_val2017.json  coco/val2017/*.jpg, coco/images/val2017/*.jpg or coco/images/*.jpg
photos/train/_annotations.coco.json      photos/train/*.jpg
photos/train.json                        photos/*.jpg, photos/images/*.jpg or photos/train/*.jpg

Pictures in folders inside these are found, too.
"""

from mrcnn_keras.data.formats.coco_file import looks_like_coco
from mrcnn_keras.data.formats.folders import (
    files_in,
    folders_in,
    name_subsets,
    subset_folders,
    subset_of_file,
    subset_of_folder,
)
from mrcnn_keras.errors import UserError

# How the names of COCO's own files begin, the preferred first. Captions have no instances.
INSTANCES, KEYPOINTS = "instances_", "person_keypoints_"
PREFIXES = (INSTANCES, KEYPOINTS)
CAPTIONS = "captions_"


def find(path, prefixes=PREFIXES):
    """{subset: JSON file} if `path` is a COCO file, or a folder that contains or belongs to some; otherwise {}.

    prefixes: which of COCO's own files are preferred, the first most. The subset "" stands for a file of no known
    subset. Raises UserError for a folder with several such files.
    """
    if path.is_file():
        return {"": path} if path.suffix.lower() == ".json" and looks_like_coco(path) else {}
    places = (_subsets_in(path, prefixes), _subsets_in(path / "annotations", prefixes))
    for named in (*places, _subsets_in_folders(path, prefixes)):
        if named:
            return named
    several = _instance_files(path, prefixes)
    if several:
        names = ", ".join(file.name for file in several[:5])
        raise UserError(f"{str(path)!r} holds several COCO files ({names}); give one of them")
    for file in _instance_files(path.parent / "annotations", prefixes):  # coco/annotations, for the folder coco/train
        if bare_name(file) == path.name or subset_of_file(file) == subset_of_folder(path) is not None:
            return {"": file}
    inner = [named for named in (_subsets_in(folder, prefixes) for folder in folders_in(path)) if named]
    return inner[0] if len(inner) == 1 else {}


def siblings(path):
    """The COCO files of all subsets in the place where the file `path` lies; [] if it is alone."""
    home = path.parent.parent if path.parent.name == "annotations" else path.parent
    prefixes = sorted(PREFIXES, key=path.name.startswith, reverse=True)  # those of its own kind first
    places = [_subsets_in(path.parent, prefixes), _subsets_in_folders(home.parent, prefixes)]
    families = [list(named.values()) for named in places if path in named.values()]
    return max(families, key=len, default=[])


def keypoint_file(path):
    """COCO's file of keypoints beside its file of instances `path`, or None."""
    beside = path.with_name(path.name.replace(INSTANCES, KEYPOINTS, 1))
    return beside if path.name.startswith(INSTANCES) and beside.is_file() else None


def bare_name(file):
    """ "instances_train2017.json" -> "train2017"."""
    prefix = next((prefix for prefix in PREFIXES if file.name.startswith(prefix)), "")
    return file.stem.removeprefix(prefix)


def _instance_files(folder, prefixes):
    """The COCO files in a folder: those with the first of `prefixes`, or those with the second, or all."""
    files = [file for file in files_in(folder, {".json"}) if looks_like_coco(file)]
    files = [file for file in files if not file.name.startswith(CAPTIONS)]
    for prefix in prefixes:
        chosen = [file for file in files if file.name.startswith(prefix)]
        if chosen:
            return chosen
    return files


def _subsets_in(folder, prefixes):
    """{subset: COCO file} in a folder itself; {} if there is none, or several of no known subset."""
    files = _instance_files(folder, prefixes)
    named = name_subsets(files)
    if files and not named and (len(files) == 1 or files[0].name.startswith(PREFIXES)):
        named = {"" if len(files) == 1 else bare_name(file): file for file in files}
    return named


def _subsets_in_folders(path, prefixes):
    """{subset: COCO file} of the subsets that have their own folder with one COCO file."""
    named = {}
    for name, folder in subset_folders(path).items():
        files = list((_subsets_in(folder, prefixes) or _subsets_in(folder / "annotations", prefixes)).values())
        if len(files) == 1:
            named[name] = files[0]
    return named
