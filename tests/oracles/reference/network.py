"""The layers of torchvision's and Detectron2's Mask R-CNN as functions of a state dict (torchvision's names)."""

import torch
import torch.nn.functional as F


class Network:
    """weights: {name: tensor}; the widths, depths and groups are read from the shapes."""

    def __init__(self, weights, conventions, training=False):
        self.weights = weights
        self.conventions = conventions
        self.batch_statistics = training and conventions.bn_trains

    def conv(self, x, name, stride=1, padding=0):
        weight = self.weights[f"{name}.weight"]
        groups = x.shape[1] // weight.shape[1]
        return F.conv2d(x, weight, self.weights.get(f"{name}.bias"), stride, padding, groups=groups)

    def norm(self, x, name):
        """Batch norm, where the state dict has one of that name."""
        if f"{name}.running_mean" not in self.weights:
            return x
        scale, shift, mean, var = (
            self.weights[f"{name}.{part}"].reshape(1, -1, 1, 1)
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        if self.batch_statistics:
            mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
        return (x - mean) * (scale / torch.sqrt(var + self.conventions.bn_eps)) + shift

    def conv_norm(self, x, name, padding=0):
        """A convolution `name.0` and, where there is one, its batch norm `name.1`."""
        return self.norm(self.conv(x, f"{name}.0", padding=padding), f"{name}.1")

    def linear(self, x, name):
        return F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def bottleneck(self, x, name, stride):
        first, second = (stride, 1) if self.conventions.stride_in_1x1 else (1, stride)
        y = F.relu(self.norm(self.conv(x, f"{name}.conv1", first), f"{name}.bn1"))
        y = F.relu(self.norm(self.conv(y, f"{name}.conv2", second, 1), f"{name}.bn2"))
        y = self.norm(self.conv(y, f"{name}.conv3"), f"{name}.bn3")
        if f"{name}.downsample.0.weight" in self.weights:
            x = self.norm(self.conv(x, f"{name}.downsample.0", stride), f"{name}.downsample.1")
        return F.relu(x + y)

    def backbone(self, x):
        """[N, 3, H, W] -> C2, C3, C4, C5."""
        x = F.relu(self.norm(self.conv(x, "backbone.body.conv1", 2, 3), "backbone.body.bn1"))
        x = F.max_pool2d(x, 3, 2, 1)
        stages = []
        for stage in range(1, 5):
            block = 0
            while f"backbone.body.layer{stage}.{block}.conv1.weight" in self.weights:
                stride = 2 if stage > 1 and block == 0 else 1
                x = self.bottleneck(x, f"backbone.body.layer{stage}.{block}", stride)
                block += 1
            stages.append(x)
        return stages

    def pyramid(self, stages):
        """C2..C5 -> P2..P6."""
        names = "backbone.fpn.inner_blocks", "backbone.fpn.layer_blocks"
        top = self.conv_norm(stages[3], f"{names[0]}.3")
        levels = [self.conv_norm(top, f"{names[1]}.3", padding=1)]
        for level in (2, 1, 0):
            lateral = self.conv_norm(stages[level], f"{names[0]}.{level}")
            top = lateral + F.interpolate(top, size=lateral.shape[-2:], mode="nearest")
            levels.insert(0, self.conv_norm(top, f"{names[1]}.{level}", padding=1))
        return [*levels, levels[-1][:, :, ::2, ::2]]

    def rpn(self, features):
        """One level -> objectness logits [N, 3, H, W], deltas [N, 12, H, W]."""
        index = 0
        while f"rpn.head.conv.{index}.0.weight" in self.weights:
            features = F.relu(self.conv(features, f"rpn.head.conv.{index}.0", padding=1))
            index += 1
        return self.conv(features, "rpn.head.cls_logits"), self.conv(features, "rpn.head.bbox_pred")

    def box_head(self, pooled):
        """[R, C, 7, 7] -> [R, width]."""
        if "roi_heads.box_head.fc6.weight" in self.weights:
            hidden = F.relu(self.linear(pooled.flatten(1), "roi_heads.box_head.fc6"))
            return F.relu(self.linear(hidden, "roi_heads.box_head.fc7"))
        for index in range(4):
            pooled = F.relu(self.conv_norm(pooled, f"roi_heads.box_head.{index}", padding=1))
        return F.relu(self.linear(pooled.flatten(1), "roi_heads.box_head.5"))

    def box_predictor(self, hidden):
        """-> logits [R, C], deltas [R, 4 * number of classes]."""
        names = "roi_heads.box_predictor.cls_score", "roi_heads.box_predictor.bbox_pred"
        return self.linear(hidden, names[0]), self.linear(hidden, names[1])

    def mask_head(self, pooled):
        """[R, C, 14, 14] -> logits [R, classes, 28, 28]."""
        for index in range(4):
            pooled = F.relu(self.conv_norm(pooled, f"roi_heads.mask_head.{index}", padding=1))
        name = "roi_heads.mask_predictor.conv5_mask"
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return self.conv(
            F.relu(F.conv_transpose2d(pooled, weight, bias, 2)), "roi_heads.mask_predictor.mask_fcn_logits"
        )
