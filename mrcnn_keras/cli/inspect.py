"""mrcnn inspect: statistics of a dataset, what is wrong with it, and a sheet of its pictures."""

import numpy as np

from mrcnn_keras.data import broken_pictures, load_dataset
from mrcnn_keras.progress import ProgressLine
from mrcnn_keras.report import contact_sheet, dataset_report
from mrcnn_keras.visualize import draw_detections

PICTURES = 12
NAMED = 5


def inspect_data(path, out):
    """Prints the statistics of a dataset and draws up to 12 of its pictures, evenly spread, to `out`."""
    dataset = load_dataset(path)
    broken = broken_pictures(dataset, ProgressLine().counting("read picture"))
    whole = dataset.subset([i for i in dataset.image_ids if i not in broken])
    figures = {**whole.statistics(), "broken": len(broken), "notes": list(dataset.notes)}
    print(dataset_report(figures))
    for note in figures["notes"]:
        print(f"note: {note}")
    for sentence in list(broken.values())[:NAMED]:
        print(f"broken: {sentence}")
    if len(broken) > NAMED:
        print(f"broken: {len(broken) - NAMED} more pictures")
    skeleton = whole.keypoint_layout.skeleton if whole.keypoint_layout is not None else ()
    pictures = []
    for image_id in np.linspace(0, whole.num_images - 1, min(PICTURES, whole.num_images)).astype(int):
        image, truth = whole.load_example(image_id)
        pictures.append(draw_detections(image, truth, whole.class_names, zoom=None, skeleton=skeleton))
    contact_sheet(pictures, columns=4, out_png=out)
    print(f"wrote {out} with {len(pictures)} of the pictures")
    return figures
