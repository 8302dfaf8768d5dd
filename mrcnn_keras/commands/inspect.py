"""mrcnn inspect: counts, notes and a picture of a dataset."""

import numpy as np

from mrcnn_keras.data.loading import load_dataset
from mrcnn_keras.report import contact_sheet, dataset_report
from mrcnn_keras.visualize import draw_detections

PICTURES = 12


def inspect_data(path, out):
    """Prints what is in a dataset and draws up to 12 of its pictures, spread evenly, to `out`."""
    dataset = load_dataset(path)
    chosen = np.unique(np.linspace(0, dataset.num_images - 1, min(PICTURES, dataset.num_images)).astype(int))
    pictures = []
    for image_id in chosen:
        image, truth = dataset.load_example(image_id)
        pictures.append(draw_detections(image, truth, dataset.class_names, zoom=None))
    figures = dataset.statistics()
    print(dataset_report(figures))
    for note in dataset.notes:
        print(f"note: {note}")
    contact_sheet(pictures, columns=4, out_png=out)
    print(f"wrote {out} with {len(pictures)} of the pictures")
    return {**figures, "notes": list(dataset.notes)}
