"""The content of a COCO file that is small enough to be checked by eye."""


def coco_content():
    """A picture of height 6 and width 8 with a square, a triangle and a crowd; categories 0 and 7."""
    return {
        "images": [{"id": 5, "file_name": "a.png", "height": 6, "width": 8}],
        "categories": [{"id": 0, "name": "square"}, {"id": 7, "name": "triangle"}],
        "annotations": [
            {"id": 1, "image_id": 5, "category_id": 0, "segmentation": [[1, 2, 4, 2, 4, 5, 1, 5]], "iscrowd": 0},
            {"id": 2, "image_id": 5, "category_id": 7, "segmentation": [[5, 0, 8, 0, 8, 3]], "iscrowd": 0},
            {
                "id": 3,
                "image_id": 5,
                "category_id": 7,
                "segmentation": {"size": [6, 8], "counts": [36, 12]},
                "iscrowd": 1,
            },
        ],
    }
