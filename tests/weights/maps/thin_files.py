"""Files with the names of the published checkpoints and few channels, filled with random numbers."""

import numpy as np

RESNET18 = dict(blocks=(2, 2, 2, 2), bottleneck=False)
RESNET50 = dict(blocks=(3, 4, 6, 3), bottleneck=True)
RESNET101 = dict(blocks=(3, 4, 23, 3), bottleneck=True)
RESNEXT101 = dict(blocks=(3, 4, 23, 3), bottleneck=True, groups=32)
WIDTH, PYRAMID, UNITS, POOL = 8, 12, 10, 2  # channels of the stem and the pyramid, units, bins of RoIAlign


class ThinFile(dict):
    """{name: array}, as a file's tensors are; `reads` counts how often each was asked for."""

    def __init__(self, seed=0):
        super().__init__()
        self.random = np.random.default_rng(seed)
        self.reads = {}

    def __getitem__(self, name):
        self.reads[name] = self.reads.get(name, 0) + 1
        return super().__getitem__(name)

    @property
    def shapes(self):
        return {name: array.shape for name, array in self.items()}

    def add(self, name, *shape):
        low = 0.5 if name.endswith(("running_var", "moving_variance")) else -1.0
        self[name] = self.random.uniform(low, 1.0, shape).astype(np.float32)

    def renamed(self, rename):
        """The same arrays under other names."""
        other = ThinFile()
        other.update({rename(name): array for name, array in self.items()})
        return other

    def torch_conv(self, name, outputs, inputs, side, bias=True):
        self.add(f"{name}.weight", outputs, inputs, side, side)
        if bias:
            self.add(f"{name}.bias", outputs)

    def torch_deconv(self, name, outputs, inputs, side):
        self.add(f"{name}.weight", inputs, outputs, side, side)
        self.add(f"{name}.bias", outputs)

    def torch_norm(self, name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            self.add(f"{name}.{part}", channels)
        self[f"{name}.num_batches_tracked"] = np.array(7)

    def torch_block(self, conv, norm, outputs, inputs, side):
        """A convolution with batch norm, or with a bias where norm is None."""
        self.torch_conv(conv, outputs, inputs, side, bias=norm is None)
        if norm is not None:
            self.torch_norm(norm, outputs)

    def torch_dense(self, name, outputs, inputs):
        self.add(f"{name}.weight", outputs, inputs)
        self.add(f"{name}.bias", outputs)

    def keras_conv(self, name, outputs, inputs, side):
        self.add(f"{name}/kernel", side, side, inputs, outputs)
        self.add(f"{name}/bias", outputs)

    def keras_norm(self, name, channels):
        for part in ("gamma", "beta", "moving_mean", "moving_variance"):
            self.add(f"{name}/{part}", channels)

    def keras_dense(self, name, outputs, inputs):
        self.add(f"{name}/kernel", inputs, outputs)
        self.add(f"{name}/bias", outputs)


def resnet_convs(blocks, bottleneck, groups=1):
    """(stage, index, part, channels out, channels in a group, side) of each convolution; part 0 is the shortcut."""
    channels = WIDTH
    for stage, count in enumerate(blocks, start=2):
        inner = WIDTH * 2 ** (stage - 2) * (4 if groups > 1 else 1)
        outer = WIDTH * 2 ** (stage - 2) * (4 if bottleneck else 1)
        for index in range(count):
            if channels != outer:
                yield stage, index, 0, outer, channels, 1
            if bottleneck:
                yield stage, index, 1, inner, channels, 1
                yield stage, index, 2, inner, inner // groups, 3
                yield stage, index, 3, outer, inner, 1
            else:
                yield stage, index, 1, inner, channels, 3
                yield stage, index, 2, outer, inner, 3
            channels = outer


def torch_resnet(file, prefix="", **architecture):
    """Adds torchvision's ResNet; returns the channels of C2 .. C5."""
    file.torch_block(f"{prefix}conv1", f"{prefix}bn1", WIDTH, 3, 7)
    stages = {}
    for stage, index, part, outputs, inputs, side in resnet_convs(**architecture):
        place = f"{prefix}layer{stage - 1}.{index}."
        names = (f"conv{part}", f"bn{part}") if part else ("downsample.0", "downsample.1")
        file.torch_block(place + names[0], place + names[1], outputs, inputs, side)
        stages[stage] = outputs
    return list(stages.values())


def torchvision_file(classes=4, v2=False, masks=True, keypoints=0, **architecture):
    """maskrcnn_resnet50_fpn or its second version, with current names; with keypoints, two convolutions before them."""
    file = ThinFile()
    stages = torch_resnet(file, "backbone.body.", **architecture or RESNET50)

    def block(name, outputs, inputs, side):
        file.torch_block(f"{name}.0", f"{name}.1" if v2 else None, outputs, inputs, side)

    for i, inputs in enumerate(stages):
        block(f"backbone.fpn.inner_blocks.{i}", PYRAMID, inputs, 1)
        block(f"backbone.fpn.layer_blocks.{i}", PYRAMID, PYRAMID, 3)
    for i in range(2 if v2 else 1):
        file.torch_conv(f"rpn.head.conv.{i}.0", PYRAMID, PYRAMID, 3)
    file.torch_conv("rpn.head.cls_logits", 3, PYRAMID, 1)
    file.torch_conv("rpn.head.bbox_pred", 12, PYRAMID, 1)
    if v2:
        for i in range(4):
            block(f"roi_heads.box_head.{i}", PYRAMID, PYRAMID, 3)
        file.torch_dense("roi_heads.box_head.5", UNITS, PYRAMID * POOL**2)
    else:
        file.torch_dense("roi_heads.box_head.fc6", UNITS, PYRAMID * POOL**2)
        file.torch_dense("roi_heads.box_head.fc7", UNITS, UNITS)
    file.torch_dense("roi_heads.box_predictor.cls_score", classes, UNITS)
    file.torch_dense("roi_heads.box_predictor.bbox_pred", 4 * classes, UNITS)
    if masks:
        for i in range(4):
            block(f"roi_heads.mask_head.{i}", PYRAMID, PYRAMID, 3)
        file.torch_conv("roi_heads.mask_predictor.conv5_mask", PYRAMID, PYRAMID, 2)
        file.torch_conv("roi_heads.mask_predictor.mask_fcn_logits", classes, PYRAMID, 1)
    if keypoints:
        file.torch_conv("roi_heads.keypoint_head.0", UNITS, PYRAMID, 3)
        file.torch_conv("roi_heads.keypoint_head.2", UNITS, UNITS, 3)
        file.torch_deconv("roi_heads.keypoint_predictor.kps_score_lowres", keypoints, UNITS, 4)
    return file


def detectron2_file(classes=3, masks=True, long_heads=False, keypoints=0, **architecture):
    """mask_rcnn_R_50_FPN; `classes` without the background. long_heads: as the models trained from scratch (LSJ).

    With keypoints, two convolutions before them.
    """
    file = ThinFile()
    body = "backbone.bottom_up."
    file.torch_block(f"{body}stem.conv1", f"{body}stem.conv1.norm", WIDTH, 3, 7)
    stages = {}
    for stage, index, part, outputs, inputs, side in resnet_convs(**architecture or RESNET50):
        name = f"{body}res{stage}.{index}." + (f"conv{part}" if part else "shortcut")
        file.torch_block(name, f"{name}.norm", outputs, inputs, side)
        stages[stage] = outputs

    def block(name, outputs, inputs, side):
        file.torch_block(name, f"{name}.norm" if long_heads else None, outputs, inputs, side)

    for stage, inputs in stages.items():
        block(f"backbone.fpn_lateral{stage}", PYRAMID, inputs, 1)
        block(f"backbone.fpn_output{stage}", PYRAMID, PYRAMID, 3)
    rpn = "proposal_generator.rpn_head."
    for name in ("conv.conv0", "conv.conv1") if long_heads else ("conv",):
        file.torch_conv(f"{rpn}{name}", PYRAMID, PYRAMID, 3)
    file.torch_conv(f"{rpn}objectness_logits", 3, PYRAMID, 1)
    file.torch_conv(f"{rpn}anchor_deltas", 12, PYRAMID, 1)
    file.add("proposal_generator.anchor_generator.cell_anchors.0", 3, 4)
    heads = "roi_heads."
    for i in range(4 if long_heads else 0):
        block(f"{heads}box_head.conv{i + 1}", PYRAMID, PYRAMID, 3)
    file.torch_dense(f"{heads}box_head.fc1", UNITS, PYRAMID * POOL**2)
    if not long_heads:
        file.torch_dense(f"{heads}box_head.fc2", UNITS, UNITS)
    file.torch_dense(f"{heads}box_predictor.cls_score", classes + 1, UNITS)
    file.torch_dense(f"{heads}box_predictor.bbox_pred", 4 * classes, UNITS)
    if masks:
        for i in range(4):
            block(f"{heads}mask_head.mask_fcn{i + 1}", PYRAMID, PYRAMID, 3)
        file.torch_conv(f"{heads}mask_head.deconv", PYRAMID, PYRAMID, 2)
        file.torch_conv(f"{heads}mask_head.predictor", classes, PYRAMID, 1)
    if keypoints:
        file.torch_conv(f"{heads}keypoint_head.conv_fcn1", UNITS, PYRAMID, 3)
        file.torch_conv(f"{heads}keypoint_head.conv_fcn2", UNITS, UNITS, 3)
        file.torch_deconv(f"{heads}keypoint_head.score_lowres", keypoints, UNITS, 4)
    return file


def keras_resnet(file, stem, name, **architecture):
    """Adds a ResNet with biases in its convolutions; name: function (stage, index, part) -> (convolution, norm)."""
    file.keras_conv(stem[0], WIDTH, 3, 7)
    file.keras_norm(stem[1], WIDTH)
    stages = {}
    for stage, index, part, outputs, inputs, side in resnet_convs(**architecture):
        conv, norm = name(stage, index, part)
        file.keras_conv(conv, outputs, inputs, side)
        file.keras_norm(norm, outputs)
        stages[stage] = outputs
    return stages


def caffe_name(stage, index, part):
    place = f"{stage}{'abcdefghijklmnopqrstuvw'[index]}_branch" + ("1" if part == 0 else f"2{'abc'[part - 1]}")
    return f"res{place}", f"bn{place}"


def matterport_file(classes=4, **architecture):
    """mask_rcnn_coco.h5, names as the reader gives them."""
    file = ThinFile()
    stages = keras_resnet(file, ("conv1", "bn_conv1"), caffe_name, **architecture or RESNET101)
    for stage, inputs in stages.items():
        file.keras_conv(f"fpn_c{stage}p{stage}", PYRAMID, inputs, 1)
        file.keras_conv(f"fpn_p{stage}", PYRAMID, PYRAMID, 3)
    file.keras_conv("rpn_conv_shared", 2 * PYRAMID, PYRAMID, 3)
    file.keras_conv("rpn_class_raw", 6, 2 * PYRAMID, 1)
    file.keras_conv("rpn_bbox_pred", 12, 2 * PYRAMID, 1)
    for i, (inputs, side) in enumerate([(PYRAMID, POOL), (UNITS, 1)], start=1):
        file.keras_conv(f"mrcnn_class_conv{i}", UNITS, inputs, side)
        file.keras_norm(f"mrcnn_class_bn{i}", UNITS)
    file.keras_dense("mrcnn_class_logits", classes, UNITS)
    file.keras_dense("mrcnn_bbox_fc", 4 * classes, UNITS)
    for i in range(1, 5):
        file.keras_conv(f"mrcnn_mask_conv{i}", PYRAMID, PYRAMID, 3)
        file.keras_norm(f"mrcnn_mask_bn{i}", PYRAMID)
    file.keras_conv("mrcnn_mask_deconv", PYRAMID, PYRAMID, 2)
    file.keras_conv("mrcnn_mask", classes, PYRAMID, 1)
    return file


def keras_applications_file(old=False, top=False, **architecture):
    """resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5, with current layer names or those of 2016."""

    def name(stage, index, part):
        place = f"conv{stage}_block{index + 1}_{part}"
        return f"{place}_conv", f"{place}_bn"

    file = ThinFile()
    stem = ("conv1", "bn_conv1") if old else ("conv1_conv", "conv1_bn")
    stages = keras_resnet(file, stem, caffe_name if old else name, **architecture or RESNET50)
    if top:
        file.keras_dense("fc1000" if old else "predictions", 1000, stages[5])
    return file


ALL = {
    "torchvision v1": torchvision_file,
    "torchvision v2": lambda: torchvision_file(v2=True),
    "torchvision Faster R-CNN": lambda: torchvision_file(masks=False, **RESNET18),
    "torchvision keypoints": lambda: torchvision_file(masks=False, keypoints=5, **RESNET18),
    "detectron2": detectron2_file,
    "detectron2 X101": lambda: detectron2_file(**RESNEXT101),
    "detectron2 masks and keypoints": lambda: detectron2_file(keypoints=5, **RESNET18),
    "detectron2 long heads": lambda: detectron2_file(long_heads=True),
    "matterport": matterport_file,
    "matterport R50": lambda: matterport_file(**RESNET50),
    "keras.applications": keras_applications_file,
    "keras.applications 2016": lambda: keras_applications_file(old=True),
}
