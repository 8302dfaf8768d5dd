"""A video, picture by picture."""

import cv2

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file


def draw_video(path, out, draw, progress=None):
    """Reads a video, passes each picture [H, W, 3] uint8 RGB through `draw`, and writes the answers as a video.

    progress: called with (pictures done, in all) after each; the second is what the file says, and may be wrong.
    Returns the number of pictures. Raises UserError where `path` holds none, or `out` cannot be written.
    """
    source = cv2.VideoCapture(str(path))
    writer, count = None, 0
    total = int(source.get(cv2.CAP_PROP_FRAME_COUNT))
    try:
        with replace_file(out) as temporary:
            while True:
                more, picture = source.read()
                if not more:
                    break
                drawn = cv2.cvtColor(draw(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)), cv2.COLOR_RGB2BGR)
                if writer is None:
                    writer = _writer(source, temporary, drawn.shape[:2])
                writer.write(drawn)
                count += 1
                if progress:
                    progress(count, total)
            if writer is None:
                raise UserError(f"{path} holds no picture that can be read; give a video such as .mp4")
            writer.release()
    finally:
        source.release()
    return count


def _writer(source, path, size):
    rate = source.get(cv2.CAP_PROP_FPS) or 25.0
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), rate, size[::-1])
    if not writer.isOpened():
        raise UserError(
            f"a video of {size[0]} x {size[1]} pixels cannot be written here; detect in its pictures instead"
        )
    return writer
