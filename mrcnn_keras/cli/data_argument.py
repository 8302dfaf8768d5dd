"""The DATA arguments of the commands: one or several data sets, with the classes that were chosen."""

from typing import NamedTuple

from mrcnn_keras.data import find_subsets, load_dataset, merge_datasets, select_classes
from mrcnn_keras.errors import UserError, listing


class DataArgument(NamedTuple):
    """Data sets to be read as one; classes and rename: as in select_classes, with the words of the command line."""

    paths: tuple
    skip_bad: float = 0.05  # as in load_dataset
    classes: tuple | None = None  # of --classes, "a,b" each
    rename: tuple = ()  # of --rename, "old=new" each
    class_attribute: str | None = None  # as in load_dataset
    alone: bool = True  # whether a class to rename must be in these data; otherwise it may be in those of --val

    @classmethod
    def of(cls, options, paths):
        """`paths` with the options of a command."""
        chosen = options.classes and tuple(options.classes), tuple(options.rename or ())
        alone = not getattr(options, "val", None)
        return cls(tuple(paths), options.skip_bad, *chosen, options.class_attribute, alone)

    def __str__(self):
        return listing(map(str, self.paths))

    def subsets(self):
        """Names of the subsets that any of the data sets has."""
        return list(dict.fromkeys(name for path in self.paths for name in find_subsets(path)))

    def load(self, subset=None, only=False, like=None):
        """The Dataset of a subset; of data sets without it, all pictures, or none with `only`.

        like: a Dataset of the same choice of classes; those that are there need not be here.
        """
        datasets = []
        for path in self.paths:
            has = subset is not None and subset in find_subsets(path)
            if has or not only:
                more = {"skip_bad": self.skip_bad, "class_attribute": self.class_attribute}
                datasets.append(load_dataset(path, subset=subset if has else None, **more))
        return self._selected(merge_datasets(datasets), like)

    def _selected(self, dataset, like):
        elsewhere = () if like is None else like.class_names
        rename = {
            old: new
            for old, new in self._renamed().items()
            if self.alone or old in dataset.class_names or (like is not None and new not in elsewhere)
        }
        names = [rename.get(name, name) for name in dataset.class_names[1:]]
        chosen = self.classes and [name for text in self.classes for name in _names(text, [*names, *elsewhere])]
        if chosen:
            chosen = [name for name in chosen if name in names or name not in elsewhere]
        return select_classes(dataset, chosen, rename)

    def _renamed(self):
        """{old: new}"""
        pairs = {}
        for word in self.rename:
            old, equals, new = word.partition("=")
            if not (equals and old and new):
                raise UserError(f"--rename {word}: write OLD=NEW, such as --rename auto=car")
            pairs[old] = new
        return pairs


def _names(text, known):
    """The class names in a word of --classes; a class whose name has a comma is one by itself."""
    return [text] if text in known else [name.strip() for name in text.split(",") if name.strip()]
