"""COCO's classes and person keypoints, which the published checkpoints were trained on."""

# (category id, name) of COCO 2017's 80 classes; the ids go up to 90
CLASSES = (
    (1, "person"), (2, "bicycle"), (3, "car"), (4, "motorcycle"), (5, "airplane"), (6, "bus"), (7, "train"),
    (8, "truck"), (9, "boat"), (10, "traffic light"), (11, "fire hydrant"), (13, "stop sign"), (14, "parking meter"),
    (15, "bench"), (16, "bird"), (17, "cat"), (18, "dog"), (19, "horse"), (20, "sheep"), (21, "cow"),
    (22, "elephant"), (23, "bear"), (24, "zebra"), (25, "giraffe"), (27, "backpack"), (28, "umbrella"),
    (31, "handbag"), (32, "tie"), (33, "suitcase"), (34, "frisbee"), (35, "skis"), (36, "snowboard"),
    (37, "sports ball"), (38, "kite"), (39, "baseball bat"), (40, "baseball glove"), (41, "skateboard"),
    (42, "surfboard"), (43, "tennis racket"), (44, "bottle"), (46, "wine glass"), (47, "cup"), (48, "fork"),
    (49, "knife"), (50, "spoon"), (51, "bowl"), (52, "banana"), (53, "apple"), (54, "sandwich"), (55, "orange"),
    (56, "broccoli"), (57, "carrot"), (58, "hot dog"), (59, "pizza"), (60, "donut"), (61, "cake"), (62, "chair"),
    (63, "couch"), (64, "potted plant"), (65, "bed"), (67, "dining table"), (70, "toilet"), (72, "tv"),
    (73, "laptop"), (74, "mouse"), (75, "remote"), (76, "keyboard"), (77, "cell phone"), (78, "microwave"),
    (79, "oven"), (80, "toaster"), (81, "sink"), (82, "refrigerator"), (84, "book"), (85, "clock"), (86, "vase"),
    (87, "scissors"), (88, "teddy bear"), (89, "hair drier"), (90, "toothbrush"),
)  # fmt: skip
BACKGROUND = "BG"
UNUSED = "N/A"  # at the ids that COCO does not use


def class_settings(classes, ids_as_classes):
    """Returns the settings CLASS_NAMES and CATEGORY_IDS of a file with this many classes, background first.

    ids_as_classes: whether class numbers are COCO's category ids (torchvision: 91 classes); otherwise the 80 classes
    are numbered without gaps (81 with the background). For any other number of classes, names and ids are ().
    """
    names = dict(CLASSES)
    ids = tuple(range(1, max(names) + 1)) if ids_as_classes else tuple(names)
    if classes != 1 + len(ids):
        return {"CLASS_NAMES": (), "CATEGORY_IDS": ()}
    return {"CLASS_NAMES": (BACKGROUND, *(names.get(i, UNUSED) for i in ids)), "CATEGORY_IDS": ids}


KEYPOINT_NAMES = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip
# Indices of mirrored keypoints in KEYPOINT_NAMES.
KEYPOINT_FLIP_PAIRS = ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16))
# Indices in KEYPOINT_NAMES that are joined by a line, in the order of COCO's annotation files.
KEYPOINT_SKELETON = (
    (15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8), (7, 9), (8, 10),
    (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6),
)  # fmt: skip
# Spread of human annotations of each point, as a share of the object's scale (COCO's keypoint evaluation).
KEYPOINT_SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089,
    0.089,
)  # fmt: skip


def keypoint_settings(classes, keypoints):
    """Returns the settings of a model with this many classes, including the background, and keypoints.

    Names, pairs and sigmas are () unless there are COCO's 17 keypoints. In that case a single class besides the
    background is the person; the names of other classes are not known.
    """
    known = keypoints == len(KEYPOINT_NAMES)
    person, name = CLASSES[0]
    names = {"CLASS_NAMES": (BACKGROUND, name), "CATEGORY_IDS": (person,)} if known and classes == 2 else {}
    return names | {
        "NUM_KEYPOINTS": keypoints,
        "KEYPOINT_NAMES": KEYPOINT_NAMES if known else (),
        "KEYPOINT_FLIP_PAIRS": KEYPOINT_FLIP_PAIRS if known else (),
        "KEYPOINT_SKELETON": KEYPOINT_SKELETON if known else (),
        "KEYPOINT_SIGMAS": KEYPOINT_SIGMAS if known else (),
    }
