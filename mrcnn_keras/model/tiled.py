"""A model that looks at large pictures tile by tile, and detects as if it had seen them whole."""

from mrcnn_keras.detections import CELL, check_tiles, join_tiles, proposals_of, tile_windows
from mrcnn_keras.errors import UserError
from mrcnn_keras.pictures import as_picture, as_pictures
from mrcnn_keras.resize import plan_resize

MOST_DETECTIONS = 100_000  # per picture and class that count in an evaluation: no limit in practice


class Tiled:
    """A detector in tiles that overlap, for small objects in large pictures: `mk.evaluate(mk.Tiled(model, 1024), val)`.

    Detectors scale pictures down to the size that they were trained with, in which small objects vanish; a tile stays
    as sharp as it is (Akyon et al. 2022, "Slicing Aided Hyper Inference"). What was found at the seams is put together
    by the rule in `detections/tiles.py`. A picture that fits into one tile goes to the model itself.

    Args:
        model: `MaskRCNN`, or any object with such a `detect`; `detect_each` is used where it has one.
        tile: Integer, side of a tile, pixels of the picture.
        overlap: Float, above 0, at most 0.9: share of a tile's side that the next one shows, too. Objects smaller than
            that are seen whole in at least one tile.

    Raises:
        UserError: If these are not such numbers, or the model needs proposals.
    """

    takes_proposals = False
    max_detections = MOST_DETECTIONS

    def __init__(self, model, tile=1024, overlap=0.2):
        check_tiles(tile, overlap)
        if getattr(model, "takes_proposals", False):
            raise UserError("a model that takes proposals cannot detect in tiles; give one with a proposal network")
        self.model, self.tile, self.overlap = model, tile, overlap
        self._grid = _grid(model, tile)

    @property
    def class_names(self):
        """Names of the model's classes, background first; () where they are unknown."""
        return getattr(self.model, "class_names", ())

    @property
    def keypoint_sigmas(self):
        """How exact each keypoint is, for evaluation; () where the dataset decides."""
        return getattr(self.model, "keypoint_sigmas", ())

    def detect(self, images, min_score=None, proposals=None, batch_size=None):
        """Finds objects in photographs of any number and sizes.

        Args:
            images: As in `MaskRCNN.detect`.
            min_score: As in `MaskRCNN.detect`.
            proposals: `None` only.
            batch_size: Integer, tiles that go through the network together; `None`: the model's default.

        Returns:
            List of `Detections`, one per image, the highest score first.

        Raises:
            UserError: As in `MaskRCNN.detect`.
        """
        proposals_of(0, proposals, False)
        return [*self.detect_each(as_pictures(images), min_score, batch_size)]

    def detect_each(self, images, min_score=None, batch_size=None, progress=None):
        """`detect` for more photographs than fit into memory: one after the other, none read ahead.

        Args:
            images: An iterable of photographs, as in `detect`.
            min_score: As in `detect`.
            batch_size: As in `detect`.
            progress: Function that is called with (finished tiles, tiles of the photograph) after each, or `None`.

        Returns:
            A generator of `Detections`, in the order of the photographs.

        Raises:
            UserError: As in `detect`; for something other than a photograph, when its turn comes.
        """
        for index, image in enumerate(images):
            yield self._found(as_picture(image, f"picture {index}"), min_score, batch_size, progress)

    def _found(self, image, min_score, batch_size, progress):
        windows = tile_windows(image.shape[:2], self.tile, self.overlap, **self._grid)
        tiles = (image[y1:y2, x1:x2] for y1, x1, y2, x2 in windows)
        options = {"min_score": min_score, "batch_size": batch_size}
        options = {name: value for name, value in options.items() if value is not None}
        if hasattr(self.model, "detect_each"):
            each = self.model.detect_each(tiles, **options)
        else:
            each = (self.model.detect([tile], **options)[0] for tile in tiles)
        founds = []
        for found in each:
            founds.append(found)
            if progress:
                progress(len(founds), len(windows))
        return join_tiles(image.shape[:2], windows, founds)


def _grid(model, tile):
    """The options of `tile_windows` with which a network's cells are where they are in the whole picture."""
    if not hasattr(getattr(model, "config", None), "resize_options"):
        return {}
    options = model.config.resize_options()
    scale = plan_resize(tile, tile, **options).scale[0]
    cell = max(1, round(CELL / scale))
    if abs(cell * scale - CELL) * tile > cell / 2:  # no whole number, even if the tile's side was rounded
        return {}
    smaller = tile - cell + 1  # which some modes would enlarge to the same size in the network
    same = smaller > 0 and abs(plan_resize(smaller, smaller, **options).scale[0] - scale) * tile < 1
    return {"cell": cell, "ragged": same}
