"""The variables of pyramid, RPN and heads in files of PyTorch models: the same layers, named in two ways."""

import math
from functools import partial

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps import orders
from mrcnn_keras.weights.maps.layer_map import CURE

MOST_LAYERS = 32  # of one kind in a row; Config allows no more


class Detector:
    """Adds the parts of Faster, Mask and Keypoint R-CNN with a feature pyramid, and the settings that they determine.

    layers: the LayerMap that they are added to. names: function our layer -> possible (convolution, batch norm) pairs
    in the file; the first that is present counts. background: the place of the background among the file's classes,
    "first" or "last"; if it is last it has neither boxes nor masks of its own.
    """

    def __init__(self, layers, names, background):
        self.layers, self.names, self.settings = layers, names, layers.settings
        self.normed = set()
        last = background == "last"
        self.class_order = orders.background_to_front if last else None
        self.box_order = orders.deltas_after_background if last else orders.deltas
        self.mask_order = orders.after_background if last else None
        self.without = 1 if last else 0  # classes that have no box and no mask

    def add(self, stage_channels):
        """Adds all parts; stage_channels: of C2 .. C5. The settings say whether there are masks and keypoints."""
        pyramid = self._pyramid(stage_channels)
        self._region_proposals(pyramid)
        classes = self._box_head(pyramid)
        masks = self._has("mask_head/logits")
        if masks:
            self._mask_head(pyramid, classes)
        if self._has("keypoint_head/maps"):
            self._keypoint_head(pyramid)
        if len(self.normed) > 1:
            raise UserError(f"some convolutions of pyramid and heads have batch norm and others do not; {CURE}")
        self.settings |= {"NUM_CLASSES": classes, "MASKS": masks}

    def _pyramid(self, stage_channels):
        size = None
        for level, inputs in enumerate(stage_channels, start=2):
            lateral = self._conv(f"fpn/lateral{level}", f"fpn/lateral{level}_norm", inputs, 1)
            output = self._conv(f"fpn/output{level}", f"fpn/output{level}_norm", lateral, 3)
            size = size or output
            self.layers.equal(f"the number of channels of P{level}", (lateral, output), (size, size))
        self.settings["TOP_DOWN_PYRAMID_SIZE"] = size
        return size

    def _region_proposals(self, pyramid):
        channels, convs = pyramid, 0
        while convs == 0 or self._has(f"rpn/conv{convs + 1}"):
            ours = f"rpn/conv{convs + 1}" if convs else "rpn/conv"
            out = self.layers.conv(ours, self._theirs(ours)[0], channels, 3)
            self.layers.equal(f"the number of channels after {ours}", out, channels if convs else out)
            channels, convs = out, convs + 1
        anchors = self.layers.conv("rpn/logits", self._theirs("rpn/logits")[0], channels, 1)
        deltas = self.layers.conv("rpn/deltas", self._theirs("rpn/deltas")[0], channels, 1, order=orders.deltas)
        self.layers.equal("the number of outputs for the boxes of the anchors", deltas, 4 * anchors)
        self.settings |= {"RPN_CONVS": convs, "RPN_CHANNELS": channels}

    def _box_head(self, pyramid):
        channels, convs = self._tower("box_head", pyramid)
        units, fcs = self._flat(channels), 1
        self.settings |= {"BOX_HEAD_CONVS": convs, "FPN_CLASSIF_FC_LAYERS_SIZE": units}
        if convs:
            self.settings["BOX_HEAD_CHANNELS"] = channels
        while self._has(f"box_head/fc{fcs + 1}"):
            fcs += 1
            out = self.layers.dense(f"box_head/fc{fcs}", self._theirs(f"box_head/fc{fcs}")[0], units)
            self.layers.equal(f"the number of units of box_head/fc{fcs}", out, units)
        self.settings["BOX_HEAD_FCS"] = fcs
        logits, deltas = (self._theirs(f"box_head/{part}")[0] for part in ("class_logits", "deltas"))
        classes = self.layers.dense("box_head/class_logits", logits, units, order=self.class_order)
        boxes = self.layers.dense("box_head/deltas", deltas, units, order=self.box_order)
        self.layers.equal("the number of outputs for the boxes of the classes", boxes, 4 * (classes - self.without))
        return classes

    def _flat(self, channels):
        """The first fully connected layer, whose input is the output of RoIAlign, flattened; returns its units."""
        name, (inputs, units) = self.layers.kernel(self._theirs("box_head/fc1")[0], 2)
        side = math.isqrt(inputs // channels)
        self.layers.equal(f"the number of inputs of {name}", inputs, max(side, 1) ** 2 * channels)
        make = partial(orders.flat_kernel, channels=channels, side=side)
        self.layers.variables["box_head/fc1/kernel"] = ((inputs, units), (name,), make)
        self.layers.bias("box_head/fc1", self._theirs("box_head/fc1")[0], units)
        self.settings["POOL_SIZE"] = side
        return units

    def _mask_head(self, pyramid, classes):
        channels, convs = self._tower("mask_head", pyramid)
        deconv = self.layers.deconv("mask_head/deconv", self._theirs("mask_head/deconv")[0], channels, 2)
        self.layers.equal("the number of channels after mask_head/deconv", deconv, channels)
        logits = self._theirs("mask_head/logits")[0]
        maps = self.layers.conv("mask_head/logits", logits, channels, 1, order=self.mask_order)
        self.layers.equal("the number of masks", maps, classes - self.without)
        self.settings |= {"MASK_HEAD_CONVS": convs, "MASK_HEAD_CHANNELS": channels}

    def _keypoint_head(self, pyramid):
        channels, convs = self._tower("keypoint_head", pyramid)
        keypoints = self.layers.deconv("keypoint_head/maps", self._theirs("keypoint_head/maps")[0], channels, 4)
        self.settings |= {"KEYPOINT_HEAD_CONVS": convs, "KEYPOINT_HEAD_CHANNELS": channels, "NUM_KEYPOINTS": keypoints}

    def _tower(self, head, channels):
        """The 3x3 convolutions of a head; returns the channels after them and their number."""
        convs = 0
        while self._has(f"{head}/conv{convs + 1}"):
            out = self._conv(f"{head}/conv{convs + 1}", f"{head}/norm{convs + 1}", channels, 3)
            self.layers.equal(f"the number of channels after {head}/conv{convs + 1}", out, channels if convs else out)
            channels, convs = out, convs + 1
        return channels, convs

    def _conv(self, ours, our_norm, inputs, side):
        """A convolution with batch norm if the file has it, else with a bias."""
        conv, norm = self._theirs(ours)
        normed = norm is not None and self.layers.has_norm(norm)
        self.normed.add(normed)
        return self.layers.conv(ours, conv, inputs, side, norm=(our_norm, norm) if normed else None)

    def _has(self, ours):
        return any(self.layers.has(conv) for conv, _ in self.names(ours))

    def _theirs(self, ours):
        candidates = self.names(ours)
        return next((pair for pair in candidates if self.layers.has(pair[0])), candidates[0])
