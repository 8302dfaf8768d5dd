"""An auto-annotation function for CVAT's own programs, which run it on your computer and send the objects to CVAT.

    pip install cvat-cli mrcnn_keras
    cvat-cli --server-host https://app.cvat.ai task auto-annotate 137 \
        --function-file cvat_agent.py -p model=str:run --conf-threshold 0.5 --allow-unmatched-labels

137 is the number of the task. With `function create-native` and `function run-agent` instead, the model is offered in
the page of CVAT as long as the agent runs (CVAT Online and Enterprise). Classes belong to the labels of the task that
have the same name. `--conv-mask-to-poly` sends polygons. A photograph of 800 x 600 pixels with 14 objects took 0.2 s on
two idle cores with `resnet18_fpn`.
"""

import sys
from pathlib import Path

import cvat_sdk.auto_annotation as cvataa
from cvat_sdk.masks import encode_mask

import mrcnn_keras as mk

sys.path.append(str(Path(__file__).resolve().parent))
from cvat_nuclio import MIN_SCORE, TOLERANCE, find, names_of


def create(model, min_score=MIN_SCORE):
    """Returns the function. model: a training's folder or a .keras file; min_score: the lowest without a threshold."""
    return Function(mk.MaskRCNN.load(model), float(min_score))


class Function:
    """What CVAT calls: `spec` says which labels there are, `detect` gives the objects of one picture."""

    def __init__(self, model, min_score=MIN_SCORE):
        self.model, self.min_score, self.names = model, min_score, names_of(model)

    @property
    def spec(self):
        labels = [cvataa.label_spec(name, i) for i, name in enumerate(self.names) if i]
        return cvataa.DetectionFunctionSpec(labels=labels)

    def detect(self, context, image):
        wanted = self.min_score if context.conf_threshold is None else context.conf_threshold
        found = find(self.model, image, wanted)
        if self.model.config.MASKS and not context.conv_mask_to_poly:
            masks = ((i, found.mask(number)) for number, i in enumerate(found.class_ids.tolist()))
            return [cvataa.mask(i, encode_mask(mask)) for i, mask in masks if mask.any()]
        # Polygons, and rectangles of a model without masks. Both programs count pixels from the picture's corner.
        draw = {"polygon": cvataa.polygon, "rectangle": cvataa.rectangle}
        shapes = []
        for shape in found.to_labelme(self.names, TOLERANCE):
            points = [float(place) for point in shape["points"] for place in point]
            shapes.append(draw[shape["shape_type"]](self.names.index(shape["label"]), points))
        return shapes
