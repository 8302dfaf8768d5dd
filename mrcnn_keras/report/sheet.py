"""Pictures in rows, as one picture."""

import numpy as np
from PIL import Image

from mrcnn_keras.files import replace_file

MARGIN = 6  # pixels around the pictures of a sheet
LARGEST = 640  # pixels of a picture's side in a sheet


def contact_sheet(images, columns, out_png=None):
    """Arranges pictures in rows on white.

    Args:
        images: Iterable of `[h, w, 3]` uint8, RGB, of any sizes; longer sides than 640 pixels are scaled down.
        columns: Integer, pictures in a row.
        out_png: Path to write the sheet to, or `None`.

    Returns:
        `[H, W, 3]` uint8, RGB.
    """
    pictures = []
    for image in images:
        picture = Image.fromarray(image)
        picture.thumbnail((LARGEST, LARGEST))
        pictures.append(np.asarray(picture))
    columns = max(1, min(columns, len(pictures)))
    rows = [pictures[i : i + columns] for i in range(0, len(pictures), columns)]
    tops = MARGIN + np.cumsum([0, *(MARGIN + max(len(picture) for picture in row) for row in rows)])
    width = MARGIN + max((picture.shape[1] for picture in pictures), default=0)
    sheet = np.full((tops[-1], MARGIN + columns * width, 3), 255, np.uint8)
    for top, row in zip(tops, rows, strict=False):
        for column, picture in enumerate(row):
            left = MARGIN + column * width
            sheet[top : top + len(picture), left : left + picture.shape[1]] = picture
    if out_png is not None:
        with replace_file(out_png) as temporary:
            Image.fromarray(sheet).save(temporary, format="png")
    return sheet
