"""ResNet's variables in a file: the same blocks, named in four ways."""

from mrcnn_keras.architectures import RESNETS
from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.maps.layer_map import CURE

STAGES = (2, 3, 4, 5)
SHORTCUT = 0  # the part of a block beside its convolutions 1, 2, 3


def add_backbone(layers, stem, block, bgr=False):
    """Adds stem and blocks to a LayerMap, with the settings BACKBONE and BACKBONE_WIDTH; returns channels of C2 .. C5.

    stem: (convolution, batch norm), their names in the file; block: function (stage 2 .. 5, index from 0, part) -> the
    same for a part of a block, 1, 2, 3 or SHORTCUT. bgr: the file's model takes pictures in blue, green, red.
    """
    width = layers.conv("stem_conv", stem[0], 3, 7, norm=("stem_norm", stem[1]), bgr=bgr)
    architecture = _architecture(layers, block)
    _, bottleneck, groups, widening = RESNETS[architecture]
    layers.settings |= {"BACKBONE": architecture, "BACKBONE_WIDTH": width}
    channels = width
    stage_channels = []
    for stage in STAGES:
        inner = width * 2 ** (stage - 2) * widening
        outer = width * 2 ** (stage - 2) * (4 if bottleneck else 1)
        # (side, groups, channels out) of the convolutions of a block
        parts = [(1, 1, inner), (3, groups, inner), (1, 1, outer)] if bottleneck else [(3, 1, inner), (3, 1, inner)]
        for index in range(_count(layers, block, stage)):
            ours = f"res{stage}_{index}"
            if channels != outer or (index == 0 and stage > 2):
                conv, norm = block(stage, index, SHORTCUT)
                out = layers.conv(f"{ours}_shortcut", conv, channels, 1, norm=(f"{ours}_shortcut_norm", norm))
                layers.equal(f"the number of channels after {conv}", out, outer)
            for part, (side, part_groups, expected) in enumerate(parts, start=1):
                conv, norm = block(stage, index, part)
                names = {"norm": (f"{ours}_norm{part}", norm), "groups": part_groups}
                channels = layers.conv(f"{ours}_conv{part}", conv, channels, side, **names)
                layers.equal(f"the number of channels after {conv}", channels, expected)
        stage_channels.append(channels)
    return stage_channels


def _architecture(layers, block):
    """-> our name of the architecture, a key of RESNETS"""
    blocks = tuple(_count(layers, block, stage) for stage in STAGES)
    bottleneck = layers.has(block(2, 0, 3)[0])
    _, (*_, inputs, _) = layers.kernel(block(2, 0, 2)[0], 4)
    _, (*_, outputs) = layers.kernel(block(2, 0, 1)[0], 4)
    groups = outputs // inputs
    known = {(found.blocks, found.bottleneck, found.groups): name for name, found in RESNETS.items()}
    if (blocks, bottleneck, groups) not in known:
        kind = "bottleneck" if bottleneck else "basic"
        raise UserError(
            f"the file's backbone has {blocks} {kind} blocks in {groups} group(s); "
            f"only {', '.join(RESNETS)} can be read, or {CURE}"
        )
    return known[blocks, bottleneck, groups]


def _count(layers, block, stage):
    """How many blocks a stage has."""
    index = 0
    while layers.has(block(stage, index, 1)[0]):
        index += 1
    return index


def caffe_block(stage, index, part):
    """Names after the first Caffe models, as Matterport's files and the older ones of keras.applications have them.

    res2a_branch2a, res2a_branch2b, res2a_branch2c and the shortcut res2a_branch1; batch norm bn2a_branch2a, ...
    """
    branch = "1" if part == SHORTCUT else "2" + "abc"[part - 1]
    place = f"{stage}{chr(ord('a') + index)}_branch{branch}"
    return f"res{place}", f"bn{place}"


CAFFE_STEM = ("conv1", "bn_conv1")
