"""Makes the pictures of docs/augmentation.md by the code that prepares a training: run it without arguments.

Each shows one sample of the training stream with its masks and boxes, as the network gets them.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from mrcnn_keras.config import AUGMENTATIONS, Config
from mrcnn_keras.data import ShapesDataset
from mrcnn_keras.data.sample import load_sample
from mrcnn_keras.detections import Detections, paste_mask
from mrcnn_keras.visualize import draw_detections
from mrcnn_keras.visualize.labels import add_caption

DOCS = Path(__file__).resolve().parent
SIDE, COLUMNS, QUALITY = 192, 5, 80
# {caption: (settings, seed of a sample that shows it)}
EACH = {
    "as it is": ({}, 0),
    "FLIP_LR": ({"AUGMENT_FLIP_LR": 1.0}, 0),
    "FLIP_UD": ({"AUGMENT_FLIP_UD": 1.0}, 0),
    "ROT90": ({"AUGMENT_ROT90": True}, 2),
    "ROTATE 45": ({"AUGMENT_ROTATE": 45.0}, 2),
    "SHEAR 25": ({"AUGMENT_SHEAR": 25.0}, 1),
    "SCALE 0.4 to 0.5": ({"AUGMENT_SCALE": (0.4, 0.5)}, 0),
    "SCALE 1.5 to 2": ({"AUGMENT_SCALE": (1.5, 2.0)}, 3),
    "COPY_PASTE": ({"AUGMENT_COPY_PASTE": 1.0}, 1),
    "BRIGHTNESS 0.5": ({"AUGMENT_BRIGHTNESS": 0.5}, 3),
    "CONTRAST 0.7": ({"AUGMENT_CONTRAST": 0.7}, 4),
    "HUE 0.3": ({"AUGMENT_HUE": 0.3}, 1),
    "SATURATION 1": ({"AUGMENT_SATURATION": 1.0}, 6),
    "BLUR 3": ({"AUGMENT_BLUR": 3.0}, 3),
    "NOISE 40": ({"AUGMENT_NOISE": 40.0}, 3),
}


def drawn(dataset, settings, seed, image_id=4):
    """One augmented sample with its masks and boxes."""
    settings = {"AUGMENT": "none", "IMAGE_MIN_DIM": SIDE, "IMAGE_MAX_DIM": SIDE, **settings}
    config = Config(NUM_CLASSES=4, IMAGE_RESIZE_MODE="square", **settings)
    sample = load_sample(dataset, config, image_id, np.random.default_rng(seed))
    crops = [
        paste_mask(mask / np.float32(255), box, (SIDE, SIDE))
        for mask, box in zip(sample["gt_masks"], sample["gt_boxes"], strict=True)
    ]
    found = Detections((SIDE, SIDE), sample["gt_boxes"], sample["gt_class_ids"], mask_crops=crops)
    return draw_detections(sample["image"], found, dataset.class_names, alpha=0.3, labels=False)


def sheet(pictures, columns=COLUMNS, gap=6):
    """Pictures of one size side by side."""
    height, width = pictures[0].shape[:2]
    rows = -(-len(pictures) // columns)
    page = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        page[top : top + height, left : left + width] = picture
    return page


def main():
    data = ShapesDataset(count=8, image_size=(SIDE, SIDE), seed=8)
    each = [add_caption(drawn(data, settings, seed), name) for name, (settings, seed) in EACH.items()]
    sets = [
        add_caption(drawn(data, {"AUGMENT": name}, seed), name if seed == 5 else "")
        for name in list(AUGMENTATIONS)[1:]  # not "none"
        for seed in range(5, 5 + COLUMNS)
    ]
    for name, pictures in {"augmentations": each, "augmentation_sets": sets}.items():
        Image.fromarray(sheet(pictures)).save(DOCS / f"{name}.jpg", quality=QUALITY)


if __name__ == "__main__":
    main()
