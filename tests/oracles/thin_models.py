"""Names and shapes of the tensors of thin models, in the style of each published file."""

TORCHVISION = dict(
    stem=("backbone.body.conv1", "backbone.body.bn1"),
    block="backbone.body.layer{stage}.{block}",
    conv=(".conv{k}", ".bn{k}"),
    shortcut=(".downsample.0", ".downsample.1"),
    lateral=("backbone.fpn.inner_blocks.{level}.0", "backbone.fpn.inner_blocks.{level}.1"),
    output=("backbone.fpn.layer_blocks.{level}.0", "backbone.fpn.layer_blocks.{level}.1"),
    rpn=("rpn.head.conv.{k}.0", "rpn.head.cls_logits", "rpn.head.bbox_pred"),
    fc=("roi_heads.box_head.fc6", "roi_heads.box_head.fc7"),
    mask=("roi_heads.mask_head.{k}.0", "roi_heads.mask_head.{k}.1"),
    mask_end=("roi_heads.mask_predictor.conv5_mask", "roi_heads.mask_predictor.mask_fcn_logits"),
    first=(1, 0),  # stages are layer1.., mask convolutions 0..
)
DETECTRON2 = dict(
    stem=("backbone.bottom_up.stem.conv1", "backbone.bottom_up.stem.conv1.norm"),
    block="backbone.bottom_up.res{stage}.{block}",
    conv=(".conv{k}", ".conv{k}.norm"),
    shortcut=(".shortcut", ".shortcut.norm"),
    lateral=("backbone.fpn_lateral{level}", None),
    output=("backbone.fpn_output{level}", None),
    rpn=(
        "proposal_generator.rpn_head.conv",
        "proposal_generator.rpn_head.objectness_logits",
        "proposal_generator.rpn_head.anchor_deltas",
    ),
    fc=("roi_heads.box_head.fc1", "roi_heads.box_head.fc2"),
    mask=("roi_heads.mask_head.mask_fcn{k}", None),
    mask_end=("roi_heads.mask_head.deconv", "roi_heads.mask_head.predictor"),
    first=(2, 1),
)
STEM, FPN, FC = 8, 16, 32
GREY_LEVELS = 60.0  # deviation of an input that is only minus the mean; the stem divides by it


class Rows:
    """Collects the rows of a recipe; `norms`: the parts of a batch norm, with mean and deviation of their values."""

    def __init__(self, counter=False):
        self.rows, self.counter = [], counter

    def add(self, name, shape, std, mean=0.0):
        self.rows.append(dict(name=name, shape=list(shape), mean=mean, std=std))

    def weight(self, name, shape, fan_in, bias=None):
        """Deviation sqrt(2 / fan_in) keeps the size of the activations through a ReLU."""
        self.add(f"{name}.weight", shape, float((2 / fan_in) ** 0.5))
        if bias:
            self.add(f"{name}.bias", [bias], 0.05)

    def conv(self, name, outputs, inputs, size, bias=False):
        self.weight(name, [outputs, inputs, size, size], inputs * size**2, outputs if bias else None)

    def norm(self, name, channels, gain=1.0):
        self.add(f"{name}.weight", [channels], 0.1 * gain, gain)
        self.add(f"{name}.bias", [channels], 0.1)
        self.add(f"{name}.running_mean", [channels], 0.1)
        self.add(f"{name}.running_var", [channels], 0.15, 1.0)
        if self.counter:
            self.rows.append(dict(name=f"{name}.num_batches_tracked", shape=[], dtype="int64"))


def backbone(rows, style, blocks, groups, input_deviation):
    """blocks: how many in each stage; groups above 1: ResNeXt, whose bottlenecks are as wide as their output."""
    rows.weight(style["stem"][0], [STEM, 3, 7, 7], 3 * 49 * input_deviation**2)
    rows.norm(style["stem"][1], STEM)
    inputs = STEM
    for stage, count in enumerate(blocks):
        outputs = 4 * STEM * 2**stage
        width = outputs if groups > 1 else outputs // 4
        for block in range(count):
            name = style["block"].format(stage=stage + style["first"][0], block=block)
            shapes = [(width, inputs, 1), (width, width // groups, 3), (outputs, width, 1)]
            for k, shape in enumerate(shapes, start=1):
                conv, norm = (name + part.format(k=k) for part in style["conv"])
                rows.conv(conv, *shape)
                rows.norm(norm, shape[0], gain=0.4 if k == 3 else 1.0)
            if block == 0:
                conv, norm = (name + part for part in style["shortcut"])
                rows.conv(conv, outputs, inputs, 1)
                rows.norm(norm, outputs)
            inputs = outputs


def conv_norm(rows, names, norm, outputs, inputs, size):
    """A convolution with a bias, or without one but a batch norm after it."""
    rows.conv(names[0], outputs, inputs, size, bias=not norm)
    if norm:
        rows.norm(names[1], outputs)


def torch_rows(style, blocks=(3, 4, 6, 3), groups=1, classes=7, backgrounds=0, version=1, input_deviation=1.0):
    """classes: of deltas and masks; backgrounds: rows of scores beside them; version 2: norms, 2 RPN convolutions."""
    rows, v2 = Rows(counter=version == 2), version == 2
    backbone(rows, style, blocks, groups, input_deviation)
    parts = (("lateral", 1), ("output", 3))
    order = [(level, part) for part in parts for level in range(4)]
    if style is DETECTRON2:
        order.sort()
    for level, (part, size) in order:
        names = [name and name.format(level=level + (2 if style is DETECTRON2 else 0)) for name in style[part]]
        conv_norm(rows, names, v2, FPN, 4 * STEM * 2**level if part == "lateral" else FPN, size)
    conv, logits, deltas = style["rpn"]
    for k in range(version):
        rows.conv(conv.format(k=k), FPN, FPN, 3, bias=True)
    rows.conv(logits, 3, FPN, 1, bias=True)
    rows.conv(deltas, 12, FPN, 1, bias=True)
    if v2:
        for k in range(4):
            conv_norm(rows, [f"roi_heads.box_head.{k}.{part}" for part in (0, 1)], True, FPN, FPN, 3)
        rows.weight("roi_heads.box_head.5", [FC, FPN * 49], FPN * 49, FC)
    else:
        rows.weight(style["fc"][0], [FC, FPN * 49], FPN * 49, FC)
        rows.weight(style["fc"][1], [FC, FC], FC, FC)
    rows.weight("roi_heads.box_predictor.cls_score", [classes + backgrounds, FC], FC, classes + backgrounds)
    rows.weight("roi_heads.box_predictor.bbox_pred", [4 * classes, FC], FC, 4 * classes)
    for k in range(4):
        conv_norm(rows, [n and n.format(k=k + style["first"][1]) for n in style["mask"]], v2, FPN, FPN, 3)
    rows.weight(style["mask_end"][0], [FPN, FPN, 2, 2], FPN, FPN)
    rows.conv(style["mask_end"][1], classes, FPN, 1, bias=True)
    return rows.rows


def matterport_rows(blocks=(3, 4, 6, 3), classes=7, rpn=32):
    """Kernels HWIO; every convolution has a bias, also before a batch norm."""
    rows = []

    def add(name, shape, std, mean=0.0):
        rows.append(dict(name=f"{name}:0", shape=list(shape), mean=mean, std=std))

    def kernel(name, shape, fan_in, outputs):
        add(f"{name}/kernel", shape, float((2 / fan_in) ** 0.5))
        add(f"{name}/bias", [outputs], 0.05)

    def conv(name, inputs, outputs, size):
        kernel(name, [size, size, inputs, outputs], inputs * size**2, outputs)

    def norm(name, channels, gain=1.0):
        add(f"{name}/gamma", [channels], 0.1 * gain, gain)
        add(f"{name}/beta", [channels], 0.1)
        add(f"{name}/moving_mean", [channels], 0.1)
        add(f"{name}/moving_variance", [channels], 0.15, 1.0)

    kernel("conv1", [7, 7, 3, STEM], 3 * 49 * GREY_LEVELS**2, STEM)
    norm("bn_conv1", STEM)
    inputs = STEM
    for stage, count in enumerate(blocks):
        outputs = 4 * STEM * 2**stage
        for block in range(count):
            name = f"{stage + 2}{chr(97 + block)}_branch"
            shapes = {
                "2a": (inputs, outputs // 4, 1),
                "2b": (outputs // 4, outputs // 4, 3),
                "2c": (outputs // 4, outputs, 1),
            }
            if block == 0:
                shapes["1"] = (inputs, outputs, 1)
            for branch, shape in shapes.items():
                conv(f"res{name}{branch}", *shape)
                norm(f"bn{name}{branch}", shape[1], gain=0.4 if branch == "2c" else 1.0)
            inputs = outputs
    for level in (5, 4, 3, 2):
        conv(f"fpn_c{level}p{level}", STEM * 2**level, FPN, 1)
    for level in (2, 3, 4, 5):
        conv(f"fpn_p{level}", FPN, FPN, 3)
    conv("rpn_conv_shared", FPN, rpn, 3)
    conv("rpn_class_raw", rpn, 6, 1)
    conv("rpn_bbox_pred", rpn, 12, 1)
    conv("mrcnn_class_conv1", FPN, FC, 7)
    norm("mrcnn_class_bn1", FC)
    conv("mrcnn_class_conv2", FC, FC, 1)
    norm("mrcnn_class_bn2", FC)
    kernel("mrcnn_class_logits", [FC, classes], FC, classes)
    kernel("mrcnn_bbox_fc", [FC, 4 * classes], FC, 4 * classes)
    for k in range(1, 5):
        conv(f"mrcnn_mask_conv{k}", FPN, FPN, 3)
        norm(f"mrcnn_mask_bn{k}", FPN)
    kernel("mrcnn_mask_deconv", [2, 2, FPN, FPN], FPN, FPN)
    conv("mrcnn_mask", FPN, classes, 1)
    return rows
