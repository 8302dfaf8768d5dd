"""Which proposals belong to which picture, for models and written files that are given any."""

from mrcnn_keras.detections.checks import as_boxes
from mrcnn_keras.errors import UserError


def proposals_of(count, proposals, wanted):
    """Checks the proposals that came with pictures.

    Args:
        count: Integer, pictures.
        proposals: List of `[N, (y1, x1, y2, x2)]`, one per picture, or `None`.
        wanted: Boolean, whether proposals are taken; `None`: with them and without.

    Returns:
        List of `[N, 4]` float32, or of `None` without any.

    Raises:
        UserError: If they are missing or not wanted, or there is not one array of boxes for each picture.
    """
    if proposals is None and not wanted:
        return [None] * count
    if wanted is False:
        raise UserError("this model finds its proposals itself; leave them out")
    if proposals is None or len(proposals) != count:
        given = "none" if proposals is None else len(proposals)
        raise UserError(
            f"this model takes proposals with each picture, and there are {given} for {count}; give one array "
            "[N, (y1, x1, y2, x2)] per picture"
        )
    return [as_boxes(boxes, f"picture {index}: proposals") for index, boxes in enumerate(proposals)]
