"""ByteTrack: objects keep their number from frame to frame, by where their boxes are."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from mrcnn_keras.detections import box_overlaps
from mrcnn_keras.errors import UserError
from mrcnn_keras.tracking.kalman import MovingBox

# Those of ByteTrack's program, as intersections over union.
HIGH_OVERLAP, LOW_OVERLAP, NEW_OVERLAP = 0.2, 0.5, 0.3


class Tracker:
    """Numbers the objects of a video, which are given frame by frame.

    ByteTrack (Zhang et al. 2022, "ByteTrack: Multi-Object Tracking by Associating Every Detection Box"): each object's
    box is predicted by a Kalman filter with constant velocity. Predicted boxes are associated with those found, so that
    their overlaps are largest in sum (the Hungarian method): first with those of high scores, the overlap times the
    score; then what is left of the objects seen in the last frame with those of low scores, which are mostly objects
    half hidden. What was found with a high score and belongs to none begins a new object; if it is not seen again in
    the next frame, it is dropped. Objects that are hidden are remembered for a while. Classes are kept apart.

    Args:
        high_score: Float, from which a score is high.
        low_score: Float, below which nothing counts.
        new_score: Float, from which something new is an object.
        remembered: Integer, frames for which an object may be hidden.

    Raises:
        UserError: If these are not scores in that order, or not a number of frames.
    """

    def __init__(self, *, high_score=0.5, low_score=0.1, new_score=0.6, remembered=30):
        if not 0 <= low_score <= high_score <= new_score <= 1:
            raise UserError(
                f"low_score={low_score}, high_score={high_score}, new_score={new_score}; give numbers from 0 to 1, in "
                "this order"
            )
        if remembered < 0:
            raise UserError(f"remembered={remembered} is not a number of frames; give 0 or more")
        self.high_score, self.low_score, self.new_score = high_score, low_score, new_score
        self.remembered = remembered
        self.count = 0  # numbers given out so far
        self._frame = 0
        self._tracks = []

    def update(self, found):
        """Numbers the objects of the next frame.

        Args:
            found: `Detections` with scores, those of low ones too, down to `low_score`.

        Returns:
            `[N]` int: the number of the object that each one is, from 1; 0 where it is none yet.
        """
        self._frame += 1
        for track in self._tracks:
            track.predict(self._frame)
        numbers = np.zeros(len(found), int)
        known = [track for track in self._tracks if track.confirmed]
        high = np.flatnonzero(found.scores >= self.high_score)
        low = np.flatnonzero((found.scores >= self.low_score) & (found.scores < self.high_score))
        known, high = self._associate(known, found, high, numbers, HIGH_OVERLAP, fused=True)
        seen_last = [track for track in known if track.last == self._frame - 1]
        self._associate(seen_last, found, low, numbers, LOW_OVERLAP)
        fresh = [track for track in self._tracks if not track.confirmed]
        _, high = self._associate(fresh, found, high, numbers, NEW_OVERLAP, fused=True)
        self._tracks = [track for track in self._tracks if self._lives(track)]
        for i in high.tolist():
            if found.scores[i] >= self.new_score:
                self.count += 1
                self._tracks.append(_Track(self.count, found.class_ids[i], found.boxes[i], self._frame))
                numbers[i] = self.count
        return numbers

    def _lives(self, track):
        hidden = self._frame - track.last
        return hidden <= self.remembered if track.confirmed else hidden == 0

    def _associate(self, tracks, found, rows, numbers, least, fused=False):
        """Gives tracks what was found in `rows`; returns the tracks and rows without a partner.

        least: overlap, with `fused` times the score, that partners have more than.
        """
        overlaps = box_overlaps([track.box.box for track in tracks], found.boxes[rows]) if tracks else None
        if overlaps is None or not overlaps.size:
            return tracks, rows
        classes = np.array([track.class_id for track in tracks])
        overlaps[classes[:, None] != found.class_ids[rows]] = 0
        if fused:
            overlaps *= found.scores[rows]
        # What counts is by how much partners overlap more than needed, as in ByteTrack's solver with a limit.
        gains = np.maximum(overlaps - least, 0)
        pairs = [(a, b) for a, b in zip(*linear_sum_assignment(-gains), strict=True) if gains[a, b] > 0]
        for a, b in pairs:
            tracks[a].see(found.boxes[rows[b]], self._frame)
            numbers[rows[b]] = tracks[a].number
        taken, used = {a for a, _ in pairs}, [b for _, b in pairs]
        return [track for a, track in enumerate(tracks) if a not in taken], np.delete(rows, used)


class _Track:
    """An object: where it is, and in which frame it was seen last. In the first frame of all it is believed at once."""

    def __init__(self, number, class_id, box, frame):
        self.number, self.class_id, self.last = number, int(class_id), frame
        self.box = MovingBox(box)
        self.confirmed = frame == 1

    def predict(self, frame):
        self.box.predict(grows=self.last == frame - 1)

    def see(self, box, frame):
        self.box.see(box)
        self.last, self.confirmed = frame, True
