"""Small datasets on disk and in memory."""

import json

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

from mrcnn_keras.data import Dataset

settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")


@pytest.fixture
def make_coco(tmp_path):
    """make_coco(content, name="annotations.json") writes it, and grey pictures of its sizes beside it -> path."""

    def make(content, name="annotations.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        for entry in content.get("images", []) if isinstance(content, dict) else []:
            Image.new("L", (entry["width"], entry["height"]), 99).save(path.parent / entry["file_name"])
        return path

    return make


class Squares(Dataset):
    """Pictures of 40 x 60 pixels and grey level 10 + id, with rectangles as masks."""

    def __init__(self, masks_of_images):
        super().__init__()
        self.masks_of_images = masks_of_images
        self.add_class("squares", 1, "one")
        self.add_class("squares", 2, "two")
        for i in range(len(masks_of_images)):
            self.add_image("squares", i, path=f"{i}.png")
        self.prepare()

    def load_image(self, image_id):
        return np.full((40, 60, 3), 10 + image_id, np.uint8)

    def load_mask(self, image_id):
        places = self.masks_of_images[image_id]
        masks = np.zeros((40, 60, len(places)), bool)
        for i, (_, y1, x1, y2, x2) in enumerate(places):
            masks[y1:y2, x1:x2, i] = True
        return masks, np.array([place[0] for place in places], np.int32)


@pytest.fixture(scope="session")
def squares():
    """squares([(class id, y1, x1, y2, x2), ...], ...), one list per picture -> Dataset."""
    return lambda *masks_of_images: Squares(masks_of_images)
