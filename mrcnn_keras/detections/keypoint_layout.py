"""What the keypoints of an object mean: their names, which mirror each other, what joins them, how exact they are."""

import re
from dataclasses import dataclass

from mrcnn_keras import coco
from mrcnn_keras.errors import UserError, listing

USUAL_SIGMA = 0.05  # of a keypoint that COCO does not know; COCO's are 0.025 (eyes) to 0.107 (hips)
_MIRRORED = {"left": "right", "right": "left", "l": "r", "r": "l"}


@dataclass(frozen=True)
class KeypointLayout:
    """The K keypoints that each object of a data set has, in the order of their arrays.

    In pairs, a keypoint is its name or its place in `names`, from 0; they are kept as places.

    Args:
        names: K different words.
        flip_pairs: Pairs of keypoints that change places in a mirror; `None`: those that differ in left and right, or
            l and r, as words of their names.
        skeleton: Pairs of keypoints that a drawing joins by a line.
        sigmas: K numbers, how exact each is, as a share of the object's scale, for object keypoint similarity (OKS);
            `None`: COCO's for a name of COCO's, 0.05 for another.

    Raises:
        UserError: If these do not fit together.
    """

    names: tuple
    flip_pairs: tuple | None = None
    skeleton: tuple = ()
    sigmas: tuple | None = None

    def __post_init__(self):
        names = tuple(self.names)
        if not names or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
            raise UserError(f"keypoint names {str(self.names)[:60]}: give each keypoint a name of its own")
        pairs = _mirrored(names) if self.flip_pairs is None else _places(names, self.flip_pairs, "flip_pairs")
        if len({place for pair in pairs for place in pair}) < 2 * len(pairs):
            raise UserError(f"flip_pairs {self.flip_pairs}: a keypoint mirrors one other at most; name each once")
        sigmas = usual_sigmas(names) if self.sigmas is None else tuple(float(sigma) for sigma in self.sigmas)
        if len(sigmas) != len(names) or not all(0 < sigma < 10 for sigma in sigmas):
            raise UserError(f"sigmas {sigmas} for {len(names)} keypoints: give one number above 0 for each")
        checked = {"names": names, "flip_pairs": pairs, "sigmas": sigmas}
        checked["skeleton"] = _places(names, self.skeleton, "skeleton")
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __len__(self):
        return len(self.names)

    def settings(self):
        """Returns the settings of a model for these keypoints: `Config.preset("resnet18_fpn", **layout.settings())`.

        Returns:
            Dict.
        """
        return {
            "NUM_KEYPOINTS": len(self),
            "KEYPOINT_NAMES": self.names,
            "KEYPOINT_FLIP_PAIRS": self.flip_pairs,
            "KEYPOINT_SKELETON": self.skeleton,
            "KEYPOINT_SIGMAS": self.sigmas,
        }


def usual_sigmas(names):
    """COCO's sigma for each keypoint with a name of COCO's, USUAL_SIGMA for the others."""
    known = dict(zip(coco.KEYPOINT_NAMES, coco.KEYPOINT_SIGMAS, strict=True))
    return tuple(known.get(name, USUAL_SIGMA) for name in names)


def _mirrored(names):
    """Pairs of places of names such as left_eye and right_eye, eyeL and eyeR, "Left Eye" and "Right Eye"."""
    places = {tuple(_words(name)): i for i, name in enumerate(names)}
    pairs = []
    for words, i in places.items():
        other = places.get(tuple(_MIRRORED.get(word, word) for word in words), -1)
        if other > i:
            pairs.append((i, other))
    return tuple(pairs)


def _words(name):
    """ "leftEye", "left_eye" and "Left eye" -> left, eye."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


def _places(names, pairs, what):
    """Pairs of names or places -> pairs of places."""
    found = []
    for pair in pairs:
        try:
            first, second = (names.index(end) if isinstance(end, str) else int(end) for end in pair)
        except (TypeError, ValueError) as error:
            raise UserError(f"{what} has {str(pair)[:60]}; give two of the keypoints {listing(names)}") from error
        if not (0 <= first < len(names) and 0 <= second < len(names)) or first == second:
            raise UserError(f"{what} has ({first}, {second}); give two different places from 0 to {len(names) - 1}")
        found.append((first, second))
    return tuple(found)
