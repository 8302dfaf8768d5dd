"""The keypoints of COCO's persons, which the published checkpoints know."""

from mrcnn_keras.coco_classes import BACKGROUND, COCO

NAMES = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
# Indices of NAMES that change places in a mirror.
FLIP_PAIRS = ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16))
# Indices of NAMES that a line joins, in the order of COCO's annotation files.
SKELETON = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10),
    (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
)  # fmt: skip
# How far people's annotations of each point lie apart, as a share of the object's scale (COCO's keypoint evaluation).
SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089,
    0.089,
)  # fmt: skip


def keypoint_settings(classes, keypoints):
    """The settings of a model with that many classes, with the background, and keypoints.

    Names, pairs and sigmas of the keypoints are () unless there are COCO's 17. With these, one class besides the
    background is the person; names of other classes are not told.
    """
    known = keypoints == len(NAMES)
    person, name = COCO[0]
    names = {"CLASS_NAMES": (BACKGROUND, name), "CATEGORY_IDS": (person,)} if known and classes == 2 else {}
    return names | {
        "NUM_KEYPOINTS": keypoints,
        "KEYPOINT_NAMES": NAMES if known else (),
        "KEYPOINT_FLIP_PAIRS": FLIP_PAIRS if known else (),
        "KEYPOINT_SKELETON": SKELETON if known else (),
        "KEYPOINT_SIGMAS": SIGMAS if known else (),
    }
