"""mrcnn inspect --convert: annotated pictures in the files of another labelling tool."""

from mrcnn_keras.data import check_unused, findings, match_classes, readable_pictures, save_dataset
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.report import counted


def convert_data(data, validation, format, out, tolerance):
    """Writes the DataArgument `data` to the folder `out`, each subset on its own; `validation`, if any, as subset val.

    Prints what was written, and what the format cannot hold or could not be read; returns these figures.
    """
    check_unused(out)
    subsets = _subsets(data, validation)
    for name, dataset in subsets.items():
        line = ProgressLine().counting(f"read {name} picture" if name else "read picture")
        subsets[name] = readable_pictures(dataset, data.skip_bad, line)
    line = ProgressLine()
    try:
        lost = save_dataset(subsets, out, format, tolerance, line.counting("wrote picture"))
    finally:
        line.clear()
    datasets = list(subsets.values())
    for sentence in findings(*datasets):
        print(sentence)
    for what, count in lost.items():
        print(f"note: {format} cannot hold everything: {what}: {count}")
    for name, dataset in subsets.items():
        print(f"{name or 'data'}: {counted(dataset.statistics())}")
    pictures = sum(dataset.num_images for dataset in datasets)
    print(f"wrote {pictures} pictures with their annotations as {format} to {out}")
    lists = {
        name: list(dict.fromkeys(sentence for dataset in datasets for sentence in getattr(dataset, name)))
        for name in ("notes", "contradictions", "skipped")
    }
    clean = not (lost or lists["contradictions"] or lists["skipped"])
    return {"images": pictures, "lost": lost, **lists, "clean": clean}


def _subsets(data, validation):
    """{name: Dataset}, all with the same classes; "" where nothing is divided."""
    names = data.subsets()
    if validation is not None:
        first = data.load("train")
        found = {"train": first, "val": validation.load("val", like=first)}
    elif not names:
        found = {"": data.load()}
    else:  # data sets that are not divided go to the first
        found = {names[0]: data.load(names[0])}
        found |= {name: data.load(name, only=True, like=found[names[0]]) for name in names[1:]}
    classes = list(dict.fromkeys(name for dataset in found.values() for name in dataset.class_names))
    return {name: match_classes(one, classes, f"{data} has", "others have", "") for name, one in found.items()}
