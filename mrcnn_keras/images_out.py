"""Writing pictures."""

from PIL import Image

from mrcnn_keras.files import replace_file


def write_image(path, image):
    """Writes [H, W, 3] uint8 RGB to `path` by rename; the format follows the suffix."""
    with replace_file(path) as temporary:
        Image.fromarray(image).save(temporary)
