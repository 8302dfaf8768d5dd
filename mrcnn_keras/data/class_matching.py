"""Classes are the same if their names are: a dataset with the class ids of a model, or of another dataset."""

from mrcnn_keras.data.class_view import ClassView
from mrcnn_keras.data.contradictions import named
from mrcnn_keras.data.formats.class_names import sound
from mrcnn_keras.errors import UserError


def match_classes(dataset, class_names, having, elsewhere, cure):
    """Gives the classes of a dataset the ids that they have elsewhere.

    Args:
        dataset: `Dataset`.
        class_names: Names of the classes elsewhere, background first.
        having: String, subject and verb for the error, such as `"the data have"`.
        elsewhere: String, subject and verb of the other side, such as `"the model knows"`.
        cure: String, what to do if a class is not known there.

    Returns:
        `dataset`, or a view of it with the classes of `class_names`, some of which may have no example.

    Raises:
        UserError: If the dataset has a class that is not among them, or names are ambiguous.
    """
    ours, theirs = list(dataset.class_names[1:]), list(class_names[1:])
    if ours == theirs:
        return dataset
    unknown = [name for name in ours if name not in theirs]
    if unknown:
        raise UserError(
            f"{having} the classes {named(ours)} but {elsewhere} {named(theirs)}{_alike(unknown, theirs)}; {cure}"
        )
    repeated = next((name for name in ours if ours.count(name) > 1 or theirs.count(name) > 1), None)
    if repeated is not None:
        raise UserError(
            f"{having} classes in another order than {elsewhere}, and two are called {repeated!r}; rename one"
        )
    dataset.note(f"classes matched by name, in the order {named(theirs)}")
    known = {info["name"]: info for info in dataset.class_info[1:]}
    info = [known.get(name, {"source": "", "id": i, "name": name}) for i, name in enumerate(theirs, start=1)]
    return ClassView(dataset, info, [0, *(1 + theirs.index(name) for name in ours)])


def _alike(names, others):
    """Which names differ only in case, spaces, a number in brackets or the plural's s; "" if none do."""
    pairs = [(name, other) for name in names for other in others if sound(name) == sound(other)]
    return "".join(f" ({name!r} and {other!r} differ in spelling only)" for name, other in pairs[:1])
