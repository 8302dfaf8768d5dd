"""A video, picture by picture."""

import cv2

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file


def draw_video(path, out, draw):
    """Reads a video, passes each picture [H, W, 3] uint8 RGB through `draw`, and writes the answers as a video.

    Returns the number of pictures. Raises UserError where `path` holds none.
    """
    source = cv2.VideoCapture(str(path))
    writer, count = None, 0
    try:
        with replace_file(out) as temporary:
            while True:
                more, picture = source.read()
                if not more:
                    break
                drawn = cv2.cvtColor(draw(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)), cv2.COLOR_RGB2BGR)
                if writer is None:
                    rate = source.get(cv2.CAP_PROP_FPS) or 25.0
                    size = drawn.shape[1], drawn.shape[0]
                    writer = cv2.VideoWriter(str(temporary), cv2.VideoWriter_fourcc(*"mp4v"), rate, size)
                writer.write(drawn)
                count += 1
            if writer is None:
                raise UserError(f"{path} holds no picture that can be read; give a video such as .mp4")
            writer.release()
    finally:
        source.release()
    return count
