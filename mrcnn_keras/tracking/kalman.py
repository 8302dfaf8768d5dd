"""Where a moving box will be: the Kalman filter with constant velocity of SORT's successors.

That of Wojke et al. 2017, "Simple Online and Realtime Tracking with a Deep Association Metric", which ByteTrack uses
too. Its four measured numbers are the box's centre y and x, its aspect ratio (width by height) and its height. All its
covariances are diagonal over these four, so that it is four filters of two numbers each, a place and a velocity.
"""

import numpy as np

PLACE, VELOCITY = 1 / 20, 1 / 160  # standard deviations per frame, as shares of the height
ASPECT, ASPECT_VELOCITY, MEASURED_ASPECT = 1e-2, 1e-5, 1e-1  # the same of the aspect ratio, which has no unit
FIRST = 2, 10  # at first places are this many times as uncertain, velocities this many times


class MovingBox:
    """A box that moves: `box` is where it is now.

    Args:
        box: `[(y1, x1, y2, x2)]`, pixels, where it was seen first.
    """

    def __init__(self, box):
        self.places = _measured(box)
        self.velocities = np.zeros(4)
        place, velocity = (times * part for times, part in zip(FIRST, self._deviations(), strict=True))
        place[2], velocity[2] = ASPECT, ASPECT_VELOCITY
        # [place, velocity] x [place, velocity] of each of the four
        self.covariances = np.zeros((4, 2, 2))
        self.covariances[:, 0, 0], self.covariances[:, 1, 1] = place**2, velocity**2

    @property
    def box(self):
        """`[4]` float64 (y1, x1, y2, x2), pixels."""
        y, x, aspect, height = self.places
        height = max(height, 1e-3)
        half = np.array([height, max(aspect, 1e-3) * height]) / 2
        return np.concatenate([(y, x) - half, (y, x) + half])

    def predict(self, grows=True):
        """Goes on by one frame.

        Args:
            grows: Boolean, whether its height changes, too; `False` where it was not seen in the last frame.
        """
        if not grows:
            self.velocities[3] = 0
        place, velocity = self._deviations()
        self.places = self.places + self.velocities
        step = np.array([[1.0, 1.0], [0.0, 1.0]])
        self.covariances = step @ self.covariances @ step.T
        self.covariances[:, 0, 0] += place**2
        self.covariances[:, 1, 1] += velocity**2

    def see(self, box):
        """Takes the box as it was seen in this frame.

        Args:
            box: `[(y1, x1, y2, x2)]`, pixels.
        """
        deviation = self._deviations()[0]
        deviation[2] = MEASURED_ASPECT
        variance = self.covariances[:, 0, 0] + deviation**2
        gain = self.covariances[:, :, 0] / variance[:, None]
        surprise = _measured(box) - self.places
        self.places = self.places + gain[:, 0] * surprise
        self.velocities = self.velocities + gain[:, 1] * surprise
        self.covariances = self.covariances - gain[:, :, None] * gain[:, None, :] * variance[:, None, None]

    def _deviations(self):
        """-> [4] of the places and [4] of the velocities"""
        height = self.places[3]
        place, velocity = np.full(4, PLACE * height), np.full(4, VELOCITY * height)
        place[2], velocity[2] = ASPECT, ASPECT_VELOCITY
        return place, velocity


def _measured(box):
    y1, x1, y2, x2 = np.asarray(box, float)
    height = max(y2 - y1, 1e-3)
    return np.array([(y1 + y2) / 2, (x1 + x2) / 2, (x2 - x1) / height, height])
