"""Instances as shapes of labelme's files."""

from mrcnn_keras.detections.outlines import plain_points


def labelme_shapes(label, box, polygons, number):
    """The shapes of one instance: a polygon for each piece, in one group, or a rectangle.

    label: name of the class. box: (y1, x1, y2, x2). polygons: list of `[K, (y, x)]` with holes cut in, or None with a
    box only. number: of the instance in its picture, from 1.
    """
    y1, x1, y2, x2 = map(float, box)
    outlines = [[[x1, y1], [x2, y2]]] if polygons is None else [plain_points(polygon) for polygon in polygons]
    return [
        {
            "label": label,
            "points": points,
            "group_id": number if len(outlines) > 1 else None,
            "description": "",
            "shape_type": "rectangle" if polygons is None else "polygon",
            "flags": {},
        }
        for points in outlines
    ]
