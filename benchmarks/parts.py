"""The parts of a model, timed one by one on the outputs of the parts before them."""

import machine
import tensorflow as tf

from mrcnn_keras.detections import paste_mask
from mrcnn_keras.model.roi_features import ROI_MAPS

BACKWARD = ", forward and backward"


def make_undecided(model):
    """Makes all scores equal and all box offsets 0, so that the model finds the maximum number of instances."""
    for layer in (model.parts.rpn.deltas, model.parts.box_head.class_logits, model.parts.box_head.deltas):
        layer.kernel.assign(tf.zeros_like(layer.kernel))


class Parts:
    """Runs and times the parts of a network one after the other."""

    def __init__(self, repeat):
        self.repeat = repeat
        self.rows = []

    def run(self, name, function, *inputs, layer=None, watch=True):
        """Times function(*inputs) as a graph, with a layer also its gradient; returns its output."""
        outputs = self._time(name, function, inputs)
        if layer is not None:
            self._time(f"{name}{BACKWARD}", _gradient(function, layer, watch), inputs)
        return outputs

    def run_outside(self, name, function):
        """Times function() outside of a graph."""
        self._add(name, machine.seconds(function, self.repeat), 0)

    def _time(self, name, function, inputs):
        traced = tf.function(function)
        graph = traced.get_concrete_function(*inputs).graph
        self._add(name, machine.seconds(lambda: traced(*inputs), self.repeat), machine.operations(graph))
        return traced(*inputs)

    def _add(self, name, times, count):
        self.rows.append({"part": name, **times, "gflop": count / 1e9})


def _gradient(function, layer, watch):
    """A sum of function(*inputs), and its gradient for the layer's weights and, if `watch`, the first input."""

    def gradient(*inputs):
        with tf.GradientTape() as tape:
            if watch:
                tape.watch(inputs[0])
            outputs = tf.nest.flatten(function(*inputs))
            # Squares: the gradient of a plain sum does not need the outputs, and TensorFlow would not compute them.
            total = tf.add_n([tf.reduce_sum(tf.square(output)) for output in outputs])
        sources = [weight.value for weight in layer.trainable_weights] + (list(inputs[:1]) if watch else [])
        return total, tape.gradient(total, sources)

    return gradient


def detect_parts(model, image, repeat):
    """Returns the rows of `detect` on one picture, part by part."""
    parts, run = model.parts, Parts(repeat)
    height, width = image.shape[:2]
    size = tf.constant([[height, width]])
    images = tf.cast(image[None], tf.float32)  # has the network's size already

    def backbone(images, size):
        return parts.backbone(parts.normalize(images, size))

    stages = run.run("backbone", backbone, images, size)
    pyramid = run.run("FPN", parts.neck, stages)
    logits, deltas = run.run("RPN", parts.rpn, pyramid)

    def proposals(logits, deltas, pyramid, size):
        return parts.proposals(logits, deltas, parts.anchors(pyramid), size)

    rois = run.run("proposals", proposals, logits, deltas, pyramid, size)
    pooled = run.run("RoI features, boxes", parts.roi_features.of_rois, pyramid[:ROI_MAPS], rois)
    class_logits, box_deltas = run.run("box head", parts.box_head, pooled)
    found = run.run("detections", parts.detections, rois, class_logits, box_deltas, size)
    flat = parts.flatten_detections(found["boxes"], found["class_ids"])
    boxes = flat["boxes"], flat["images"]
    pooled = run.run("RoI features, masks", parts.roi_features.of_detections, pyramid[:ROI_MAPS], *boxes, "mask")
    logits = run.run("mask head", parts.mask_head, pooled)
    masks = parts.detection_masks(logits, flat["class_ids"], found["class_ids"])[0].numpy()
    boxes = found["boxes"][0].numpy()

    def paste():
        for i in range(int(found["num_detections"][0])):
            paste_mask(masks[i], boxes[i], (height, width))

    run.run_outside("pasting", paste)
    return run.rows


def step_parts(model, batch, repeat):
    """Returns the rows of a training step, part by part, without the optimizer's update."""
    parts, run = model.parts, Parts(repeat)
    images, size = tf.cast(batch["image"], tf.float32), batch["image_size"]
    objects = batch["gt_boxes"], batch["gt_class_ids"]

    def backbone(images, size):
        return parts.backbone(parts.normalize(images, size), training=True)

    stages = run.run("backbone", backbone, images, size, layer=parts.backbone, watch=False)
    pyramid = run.run("FPN", parts.neck, stages, layer=parts.neck)
    logits, deltas = run.run("RPN", parts.rpn, pyramid, layer=parts.rpn)

    def proposals(logits, deltas, pyramid, size):
        return parts.proposals_training(logits, deltas, parts.anchors(pyramid), size)

    rois = run.run("proposals", proposals, logits, deltas, pyramid, size)

    def anchor_targets(pyramid, *objects):
        return parts.anchor_targets(parts.anchors(pyramid), *objects)

    run.run("anchor targets", anchor_targets, pyramid, *objects)
    targets = run.run("RoI targets", parts.roi_targets, rois, *objects)
    features, maps = parts.roi_features, pyramid[:ROI_MAPS]
    pooled = run.run("RoI features, boxes", features.of_rois, maps, targets["rois"], layer=features)
    run.run("box head", parts.box_head, pooled, layer=parts.box_head)
    rois, indices = targets["positive_rois"], targets["positive_images"]
    pooled = run.run("RoI features, masks", features.of_positives, maps, pooled, targets, "mask", layer=features)
    run.run("mask head", parts.mask_head, pooled, layer=parts.mask_head)
    masks = objects[0], batch["gt_masks"]
    run.run("mask targets", parts.mask_targets, rois, indices, targets["positive_gt"], *masks)
    return run.rows
