"""The four small filters are the one large filter of the paper, written out with its 8 x 8 matrices."""

import numpy as np

from mrcnn_keras.tracking.kalman import MovingBox


def measured(box):
    y1, x1, y2, x2 = box
    return np.array([(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / (y2 - y1), y2 - y1])


class Reference:
    """As DeepSORT's kalman_filter: x, y, aspect ratio, height, and their velocities."""

    def __init__(self, box):
        z = measured(box)
        self.mean = np.r_[z, np.zeros(4)]
        h = z[3]
        self.covariance = np.diag(np.square([h / 10, h / 10, 1e-2, h / 10, h / 16, h / 16, 1e-5, h / 16]))

    def predict(self):
        h = self.mean[3]
        noise = np.square([h / 20, h / 20, 1e-2, h / 20, h / 160, h / 160, 1e-5, h / 160])
        motion = np.eye(8) + np.eye(8, k=4)
        self.mean = motion @ self.mean
        self.covariance = motion @ self.covariance @ motion.T + np.diag(noise)

    def see(self, box):
        h, look = self.mean[3], np.eye(4, 8)
        innovation = look @ self.covariance @ look.T + np.diag(np.square([h / 20, h / 20, 1e-1, h / 20]))
        gain = self.covariance @ look.T @ np.linalg.inv(innovation)
        self.mean = self.mean + gain @ (measured(box) - look @ self.mean)
        self.covariance = self.covariance - gain @ innovation @ gain.T


def test_it_is_the_filter_of_the_paper():
    rng = np.random.default_rng(0)
    boxes = [np.array((10, 20, 50, 40.0)) + (2 * t, 3 * t, 2.2 * t, 3.1 * t) + rng.normal(0, 1, 4) for t in range(20)]
    ours, theirs = MovingBox(boxes[0]), Reference(boxes[0])
    for t, box in enumerate(boxes[1:]):
        ours.predict()
        theirs.predict()
        if t not in (8, 9):  # not seen
            ours.see(box)
            theirs.see(box)
        assert np.allclose(ours.places[[1, 0, 2, 3]], theirs.mean[:4])
        assert np.allclose(ours.velocities[[1, 0, 2, 3]], theirs.mean[4:])
        variances = theirs.covariance.diagonal()
        assert np.allclose(ours.covariances[[1, 0, 2, 3], 0, 0], variances[:4])
        assert np.allclose(ours.covariances[[1, 0, 2, 3], 1, 1], variances[4:])


def test_a_box_is_where_its_velocity_takes_it():
    moving = MovingBox((0, 0, 20, 10))
    for t in range(1, 30):
        moving.predict()
        moving.see((0, 5 * t, 20, 5 * t + 10))
    for _ in range(5):  # hidden
        moving.predict(grows=False)
    assert np.allclose(moving.box, (0, 170, 20, 180), atol=1)
