"""Objects of a video keep their number from frame to frame: ByteTrack (tracker.py) over a Kalman filter (kalman.py)."""

from mrcnn_keras.tracking.tracker import Tracker

__all__ = ["Tracker"]
