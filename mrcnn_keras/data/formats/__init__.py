"""The annotation formats, each a module with the same two functions.

find(path) -> {subset: place}    what a file or folder holds in this format, {} for nothing; "" is no subset
load(places) -> Dataset          some of these places together
"""

from mrcnn_keras.data.formats import coco, coco_keypoints, masks

# In the order in which a folder is looked at.
FORMATS = {"coco": coco, "masks": masks, "coco_keypoints": coco_keypoints}
