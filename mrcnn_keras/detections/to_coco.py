"""Instances as annotations of COCO's files."""

from mrcnn_keras.detections.outlines import plain_points


def coco_annotations(found, image_id, category_ids, first_id, segmentations):
    """COCO's annotations of the Detections `found`, numbered from `first_id`.

    category_ids: by class id. segmentations: one per instance, as COCO writes them, or None with a box only.
    """
    points = [None] * len(found) if found.keypoints is None else found.coco_keypoints()
    entries = []
    for class_id, (y1, x1, y2, x2), area, segmentation, keypoints in zip(
        found.class_ids.tolist(), found.boxes.tolist(), found.areas.tolist(), segmentations, points, strict=True
    ):
        entry = {
            "id": first_id + len(entries),
            "image_id": image_id,
            "category_id": category_ids[abs(class_id)],
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": area,
            "iscrowd": int(class_id < 0),
        }
        entry |= {} if segmentation is None else {"segmentation": segmentation}
        if keypoints is not None:
            entry |= {"keypoints": keypoints, "num_keypoints": sum(v > 0 for v in keypoints[2::3])}
        entries.append(entry)
    return entries


def segmentation_of(crop, parts, size, is_crowd):
    """A mask as COCO writes it: a polygon for each piece, or run lengths with holes and for crowd regions.

    crop: MaskCrop. parts: as in outlines.parts_of. size: (height, width) of the picture.
    """
    if is_crowd or any(holes for _, holes in parts):
        return crop.rle(*size)
    return [[value for point in plain_points(outer) for value in point] for outer, _ in parts]
