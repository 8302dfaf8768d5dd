"""What differs between the torchvision and the Detectron2 models, one field per difference."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Conventions:
    """Defaults: torchvision's `maskrcnn_resnet50_fpn`.

    mean, std: of the network input, in the order of `channels`, for values 0..1 (torchvision) or 0..255 (Detectron2)
    round_anchors: half-extents are rounded to whole pixels
    stride_from_shape: anchor stride = padded image // feature map, else 4, 8, 16, 32, 64
    sampling_ratio: samples per bin and axis of RoIAlign, 0 = ceil(RoI / bins); aligned: minus half a pixel
    smooth_l1_beta: 0 = L1; rpn_loss_norm: the RPN losses are divided by "sampled" anchors or by a "constant"
    hard_mask_targets: the resampled bitmap is cut at 0.5, with aligned RoIAlign
    """

    channels: str = "RGB"
    mean: tuple = (0.485, 0.456, 0.406)
    std: tuple = (0.229, 0.224, 0.225)
    resize: str = "interpolate"
    bn_eps: float = 0.0
    bn_trains: bool = False
    stride_in_1x1: bool = False
    round_anchors: bool = True
    stride_from_shape: bool = True
    rank_by_sigmoid: bool = True
    min_proposal_side: float = 1e-3
    min_detection_side: float = 1e-2
    level_epsilon_outside_log: float = 1e-6
    level_epsilon_inside_log: float = 0.0
    sampling_ratio: int = 2
    aligned: bool = False
    background_first: bool = True
    clip_final: bool = False
    paste: str = "expand"
    smooth_l1_beta: float = 1 / 9
    rpn_loss_norm: str = "sampled"
    hard_mask_targets: bool = False
    post_nms_train: int = 2000
    loss_names: tuple = ("loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness", "loss_rpn_box_reg")


TORCHVISION_V1 = Conventions()
TORCHVISION_V2 = Conventions(bn_eps=1e-5, bn_trains=True)
DETECTRON2_R50 = Conventions(
    channels="BGR",
    mean=(103.53, 116.28, 123.675),
    std=(1.0, 1.0, 1.0),
    resize="pil",
    bn_eps=1e-5,
    stride_in_1x1=True,
    round_anchors=False,
    stride_from_shape=False,
    rank_by_sigmoid=False,
    min_proposal_side=0.0,
    min_detection_side=0.0,
    level_epsilon_outside_log=0.0,
    level_epsilon_inside_log=1e-8,
    sampling_ratio=0,
    aligned=True,
    background_first=False,
    clip_final=True,
    paste="grid",
    smooth_l1_beta=0.0,
    rpn_loss_norm="constant",
    hard_mask_targets=True,
    post_nms_train=1000,
    loss_names=("loss_cls", "loss_box_reg", "loss_mask", "loss_rpn_cls", "loss_rpn_loc"),
)
DETECTRON2_X101 = replace(DETECTRON2_R50, std=(57.375, 57.120, 58.395), stride_in_1x1=False)
