"""The parts of a model, timed one by one on the outputs of the parts before them."""

import machine
import tensorflow as tf

from mrcnn_keras.detections import paste_mask
from mrcnn_keras.model.roi_features import ROI_MAPS

BACKWARD = ", forward and backward"


def make_undecided(model):
    """Makes all scores equal and all box offsets 0, so that the model finds the maximum number of instances."""
    box_head = model.get_layer("box_head")
    for layer in (model.get_layer("rpn").deltas, box_head.class_logits, box_head.deltas):
        layer.kernel.assign(tf.zeros_like(layer.kernel))


class Parts:
    """Runs and times the parts of a network one after the other."""

    def __init__(self, repeat):
        self.repeat = repeat
        self.rows = []

    def run(self, name, function, *inputs, weights=None, watch=True):
        """Times function(*inputs) as a graph; with weights also their gradient; returns its output."""
        given = self._time(name, function, inputs)
        if weights is not None:
            self._time(f"{name}{BACKWARD}", _gradient(function, weights, watch), inputs)
        return given

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


def _gradient(function, weights, watch):
    """A sum of function(*inputs) and its gradient for the weights and, if `watch`, the first input."""

    def gradient(*inputs):
        with tf.GradientTape() as tape:
            if watch:
                tape.watch(inputs[0])
            outputs = tf.nest.flatten(function(*inputs))
            # Squares: the gradient of a plain sum does not need the outputs, and TensorFlow would not compute them.
            total = tf.add_n([tf.reduce_sum(tf.square(output)) for output in outputs])
        sources = [weight.value for weight in weights] + (list(inputs[:1]) if watch else [])
        return total, tape.gradient(total, sources)

    return gradient


def detect_parts(model, image, repeat):
    """Returns the rows of `detect` on one picture, part by part."""
    network, run = model.network, Parts(repeat)
    rpn, heads = network.proposal_generator, network.roi_heads
    mask = heads.branches[0]
    height, width = image.shape[:2]
    size = tf.constant([[height, width]])
    images = tf.cast(image[None], tf.float32)  # has the network's size already

    def backbone(images, size):
        return network.backbone(network.normalize(images, size))

    stages = run.run("backbone", backbone, images, size)
    pyramid = run.run("FPN", network.neck, stages)
    logits, deltas = run.run("RPN", rpn.head, pyramid)

    def proposals(logits, deltas, pyramid, size):
        return rpn.select_inference(logits, deltas, rpn.anchors(pyramid), size)

    rois = run.run("proposals", proposals, logits, deltas, pyramid, size)
    pooled = run.run("RoI features, boxes", heads.features.pool, pyramid[:ROI_MAPS], rois)
    class_logits, box_deltas = run.run("box head", heads.box_head, pooled)
    found = run.run("detections", heads.decode, rois, class_logits, box_deltas, size)
    flat = heads.flatten(found["boxes"], found["class_ids"])

    def mask_features(pyramid, boxes, images):
        return heads.features.pool_detections("mask", pyramid[:ROI_MAPS], boxes, images)

    pooled = run.run("RoI features, masks", mask_features, pyramid, flat["boxes"], flat["images"])
    logits = run.run("mask head", mask.head, pooled)
    masks = mask.decode(logits, flat, found["class_ids"])[0].numpy()
    boxes = found["boxes"][0].numpy()

    def paste():
        for i in range(int(found["num_detections"][0])):
            paste_mask(masks[i], boxes[i], (height, width))

    run.run_outside("pasting", paste)
    return run.rows


def step_parts(model, batch, repeat):
    """Returns the rows of a training step, part by part, without the optimizer's update."""
    network, run = model.network, Parts(repeat)
    rpn, heads = network.proposal_generator, network.roi_heads
    mask = heads.branches[0]
    images, size = tf.cast(batch["image"], tf.float32), batch["image_size"]
    objects = batch["gt_boxes"], batch["gt_class_ids"]

    def backbone(images, size):
        return network.backbone(network.normalize(images, size), training=True)

    stages = run.run("backbone", backbone, images, size, weights=network.backbone.trainable_weights, watch=False)
    pyramid = run.run("FPN", network.neck, stages, weights=network.neck.trainable_weights)
    logits, deltas = run.run("RPN", rpn.head, pyramid, weights=rpn.head.trainable_weights)

    def proposals(logits, deltas, pyramid, size):
        return rpn.select_training(logits, deltas, rpn.anchors(pyramid), size)

    rois = run.run("proposals", proposals, logits, deltas, pyramid, size)

    def anchor_targets(pyramid, *objects):
        return rpn.targets(rpn.anchors(pyramid), *objects)

    run.run("anchor targets", anchor_targets, pyramid, *objects)
    targets = run.run("RoI targets", heads.sample, rois, *objects)
    maps = pyramid[:ROI_MAPS]
    weights = heads.features.stage.trainable_weights if hasattr(heads.features, "stage") else []
    pooled = run.run("RoI features, boxes", heads.features.pool, maps, targets["rois"], weights=weights)
    run.run("box head", heads.box_head, pooled, weights=heads.box_head.trainable_weights)

    def mask_features(maps, pooled, targets):
        return heads.features.pool_positives("mask", maps, pooled, targets)

    masked = run.run("mask targets", mask.targets, targets, objects[0], batch["gt_masks"])
    pooled = run.run("RoI features, masks", mask_features, maps, pooled, masked, weights=weights)
    run.run("mask head", mask.head, pooled, weights=mask.head.trainable_weights)
    return run.rows
