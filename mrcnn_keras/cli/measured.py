"""The annotated pictures that a command measures a model on."""

from mrcnn_keras.cli.proposals import check_wanted, read_files
from mrcnn_keras.data import match_classes, named, no_object, note_pictures, readable_pictures
from mrcnn_keras.errors import UserError
from mrcnn_keras.progress import ProgressLine


def load_measured(data):
    """Returns the Dataset of a DataArgument, of its subset val where it has one, and words for what that is."""
    subset = "val" if "val" in data.subsets() else None
    return data.load(subset), f"the {subset} pictures of {data}" if subset else f"{data}"


def fit_to_model(dataset, data, model, model_path, proposals):
    """Returns the pictures of the DataArgument `data` that can be read, with the proposals of files.

    Raises UserError where the model cannot be measured on them: other classes, no object, proposals that it takes or
    not.
    """
    check_wanted(model, model_path, proposals)
    _check_classes(model, model_path, dataset, data)
    dataset = readable_pictures(dataset, data.skip_bad, ProgressLine().counting("read picture"))
    reason = no_object(dataset)
    if reason:
        raise UserError(f"{data} has no object to measure on: {reason}; give pictures with annotated objects")
    note_pictures(dataset)
    if proposals:
        dataset.set_proposals(read_files(proposals))
    return dataset


def _check_classes(model, model_path, dataset, data):
    """A model without class names must have as many classes as the data, any other model all of their names."""
    theirs, mine = dataset.class_names[1:], list(model.config.CLASS_NAMES[1:])
    if not mine and len(theirs) == model.config.NUM_CLASSES - 1:
        return
    if not mine:
        raise UserError(
            f"{data} has the classes {named(theirs)} but {model_path} knows {model.config.NUM_CLASSES - 1} "
            "classes without names; give data with as many"
        )
    cure = "give data with the model's classes"
    match_classes(dataset, model.config.CLASS_NAMES, f"{data} has", f"{model_path} knows", cure)
    if len(theirs) < len(mine):
        print(f"the data have {len(theirs)} of the model's {len(mine)} classes; only these are evaluated")
