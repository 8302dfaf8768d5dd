"""An auto-annotation function for CVAT's own programs, which run it on your computer and send the objects to CVAT.

    pip install cvat-cli mrcnn_keras
    cvat-cli --server-host https://app.cvat.ai task auto-annotate 137 \
        --function-file cvat_agent.py -p model=str:run --conf-threshold 0.5 --allow-unmatched-labels

137 is the number of the task. With `function create-native` and `function run-agent` instead, the model is offered in
the page of CVAT as long as the agent runs (CVAT Online and Enterprise). Classes belong to the labels of the task that
have the same name. `--conv-mask-to-poly` sends polygons.
"""

import cvat_sdk.auto_annotation as cvataa
from cvat_sdk.masks import encode_mask

import mrcnn_keras as mk

MIN_SCORE = 0.5  # where CVAT asks for none
TOLERANCE = 1.0  # pixels by which polygons may be simplified, so that they can be edited


def create(model, min_score=MIN_SCORE):
    """Returns the function. model: a training's folder or a .keras file; min_score: the lowest without a threshold."""
    return Function(mk.MaskRCNN.load(model), float(min_score))


class Function:
    """What CVAT calls: `spec` says which labels there are, `detect` gives the objects of one picture."""

    def __init__(self, model, min_score=MIN_SCORE):
        self.model, self.min_score = model, min_score
        self.names = list(model.class_names) or ["BG", *(f"class {i}" for i in range(1, model.config.NUM_CLASSES))]

    @property
    def spec(self):
        labels = [cvataa.label_spec(name, i) for i, name in enumerate(self.names) if i]
        return cvataa.DetectionFunctionSpec(labels=labels)

    def detect(self, context, image):
        wanted = self.min_score if context.conf_threshold is None else context.conf_threshold
        found = self.model.detect([image], max(wanted, self.model.config.DETECTION_MIN_CONFIDENCE))[0]
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
