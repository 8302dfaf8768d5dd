"""Draws into a video, frame by frame."""

import cv2

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file


def draw_video(path, out, draw, progress=None):
    """Passes each frame [H, W, 3] uint8 RGB of a video through `draw`, writes a video, returns the number of frames.

    progress: called with (finished frames, total) after each; the total is what the file says and may be wrong. Raises
    UserError if `path` contains no frame or `out` cannot be written.
    """
    source = cv2.VideoCapture(str(path))
    writer, count = None, 0
    total = int(source.get(cv2.CAP_PROP_FRAME_COUNT))
    try:
        with replace_file(out) as temporary:
            while (frame := source.read())[0]:
                drawn = cv2.cvtColor(draw(cv2.cvtColor(frame[1], cv2.COLOR_BGR2RGB)), cv2.COLOR_RGB2BGR)
                if writer is None:
                    writer = _writer(source, temporary, drawn.shape[:2])
                writer.write(drawn)
                count += 1
                if progress:
                    progress(count, total)
            if writer is None:
                raise UserError(f"{path} contains no readable frame; give a video such as .mp4")
            writer.release()
    finally:
        source.release()
    return count


def _writer(source, path, size):
    rate = source.get(cv2.CAP_PROP_FPS) or 25.0
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, size[::-1])
    if not writer.isOpened():
        raise UserError(
            f"a video of {size[0]} x {size[1]} pixels cannot be written here; detect objects in single frames instead"
        )
    return writer
