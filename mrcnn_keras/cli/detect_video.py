"""mrcnn detect in a film: frames are read, drawn and written beside the model, and objects keep their number."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor

from mrcnn_keras.tracking import Tracker
from mrcnn_keras.visualize import open_video

LOW_SCORE = 0.1  # from which objects are asked for, since those half hidden keep their number
WAITING = 8  # frames to be drawn that are in memory
LEAST_REMEMBERED = 10  # frames for which a hidden object keeps its number, or a second
FRAMES_FOR_RATE = 10  # of a camera, after which it is known how fast frames come


def detect_in_frames(frames, target, find, *, lowest, shown, drawn, add, progress=None):
    """Writes a video of what was found in each frame and returns the number of frames.

    frames: `Frames`. target: path of the mp4. find: function of (an iterable of frames, the lowest score) that yields
    Detections. lowest: of the scores that are shown. shown: function of Detections, which of them, [N] bool. drawn:
    function of (frame, Detections, their numbers) -> the picture to write. add: function of (number of the frame,
    frame, Detections, their numbers), called with what is shown. progress: function of the number of finished frames.
    Ctrl-C ends a camera or stream, and the video of it is complete.
    """
    # All that is shown has a number, so that a score that is shown is high enough to begin one.
    scores = {"low_score": min(LOW_SCORE, lowest), "high_score": lowest, "new_score": lowest}
    tracker = Tracker(**scores, remembered=max(LEAST_REMEMBERED, round(frames.rate)))
    read, painting = deque(), deque()

    def looked_at():
        for frame in frames:
            read.append(frame)
            yield frame

    def finish(number, frame, found, tracks, file):
        file.write(drawn(frame, found, tracks))
        add(number, frame, found, tracks)
        if progress:
            progress(number + 1)

    rate = (lambda: frames.rate) if frames.live else frames.rate
    with open_video(target, rate, FRAMES_FOR_RATE if frames.live else 1) as file, ThreadPoolExecutor(1) as painter:
        each = find(looked_at(), scores["low_score"])
        try:
            for number, found in enumerate(each):
                tracks = tracker.update(found)
                kept = shown(found)
                work = (number, read.popleft(), found[kept], tracks[kept], file)
                painting.append(painter.submit(finish, *work))
                while painting and (painting[0].done() or len(painting) > WAITING):
                    painting.popleft().result()
        except KeyboardInterrupt:
            if not frames.live:
                raise
        finally:
            each.close()
        for left in painting:
            left.result()
    return file.count
