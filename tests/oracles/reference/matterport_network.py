"""The layers of Matterport's Mask R-CNN as functions of its weights; tensors NCHW inside, arrays NHWC outside."""

import torch
import torch.nn.functional as F

BN_EPS = 1e-3


def channels_first(array):
    return array.permute(0, 3, 1, 2)


def channels_last(tensor):
    return tensor.permute(0, 2, 3, 1)


class MatterportNetwork:
    """weights: {"conv1/kernel:0": tensor, ...} with kernels HWIO."""

    def __init__(self, weights):
        self.weights = weights

    def conv(self, x, name, stride=1, padding=0):
        kernel = self.weights[f"{name}/kernel:0"].permute(3, 2, 0, 1)
        return F.conv2d(x, kernel, self.weights[f"{name}/bias:0"], stride, padding)

    def norm(self, x, name):
        gamma, beta, mean, var = (
            self.weights[f"{name}/{part}:0"].reshape(1, -1, 1, 1)
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) * (gamma / torch.sqrt(var + BN_EPS)) + beta

    def dense(self, x, name):
        return x @ self.weights[f"{name}/kernel:0"] + self.weights[f"{name}/bias:0"]

    def block(self, x, name, stride):
        """name: stage and letter, "3a"; the stride is in the first 1x1 and in the shortcut."""
        y = F.relu(self.norm(self.conv(x, f"res{name}_branch2a", stride), f"bn{name}_branch2a"))
        y = F.relu(self.norm(self.conv(y, f"res{name}_branch2b", padding=1), f"bn{name}_branch2b"))
        y = self.norm(self.conv(y, f"res{name}_branch2c"), f"bn{name}_branch2c")
        if name.endswith("a"):
            x = self.norm(self.conv(x, f"res{name}_branch1", stride), f"bn{name}_branch1")
        return F.relu(x + y)

    def backbone(self, x):
        """-> C2..C5. The pooling pads at the right and below only."""
        x = F.relu(self.norm(self.conv(x, "conv1", 2, 3), "bn_conv1"))
        x = F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 3, 2)
        stages = []
        for stage in range(2, 6):
            block = 0
            while f"res{stage}{chr(97 + block)}_branch2a/kernel:0" in self.weights:
                x = self.block(x, f"{stage}{chr(97 + block)}", 2 if stage > 2 and block == 0 else 1)
                block += 1
            stages.append(x)
        return stages

    def pyramid(self, stages):
        """C2..C5 -> P2..P6."""
        tops = [self.conv(stages[3], "fpn_c5p5")]
        for level in (4, 3, 2):
            up = tops[0].repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
            tops.insert(0, up + self.conv(stages[level - 2], f"fpn_c{level}p{level}"))
        levels = [self.conv(top, f"fpn_p{level}", padding=1) for level, top in enumerate(tops, start=2)]
        return [*levels, levels[-1][:, :, ::2, ::2]]

    def rpn(self, features):
        """One level -> logits [N, h * w * 3, 2] (background, object), deltas [N, h * w * 3, 4] (dy, dx, dh, dw)."""
        shared = F.relu(self.conv(features, "rpn_conv_shared", padding=1))
        logits, deltas = self.conv(shared, "rpn_class_raw"), self.conv(shared, "rpn_bbox_pred")
        return channels_last(logits).reshape(len(features), -1, 2), channels_last(deltas).reshape(len(features), -1, 4)

    def box_head(self, pooled):
        """[R, C, 7, 7] -> class logits [R, classes], deltas [R, classes, 4]."""
        x = F.relu(self.norm(self.conv(pooled, "mrcnn_class_conv1"), "mrcnn_class_bn1"))
        x = F.relu(self.norm(self.conv(x, "mrcnn_class_conv2"), "mrcnn_class_bn2"))[:, :, 0, 0]
        return self.dense(x, "mrcnn_class_logits"), self.dense(x, "mrcnn_bbox_fc").reshape(len(x), -1, 4)

    def mask_head(self, pooled):
        """[R, C, 14, 14] -> probabilities [R, 28, 28, classes]."""
        for index in range(1, 5):
            pooled = F.relu(self.norm(self.conv(pooled, f"mrcnn_mask_conv{index}", padding=1), f"mrcnn_mask_bn{index}"))
        kernel = self.weights["mrcnn_mask_deconv/kernel:0"].permute(3, 2, 0, 1)  # (h, w, out, in) -> (in, out, h, w)
        up = F.relu(F.conv_transpose2d(pooled, kernel, self.weights["mrcnn_mask_deconv/bias:0"], 2))
        return torch.sigmoid(channels_last(self.conv(up, "mrcnn_mask")))
