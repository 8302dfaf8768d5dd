"""Sizes of the last weights of each part, so that thin random networks give scores, boxes and masks worth comparing."""

import numpy as np

from tests.oracles.thin_models import DETECTRON2, TORCHVISION

SPREAD = dict(levels=1.0, objectness=1.5, anchor_deltas=0.25, classes=1.7, box_deltas=0.8, masks=2.5)
MATTERPORT_SPREAD = {**SPREAD, "anchor_deltas": 1.0}  # they are divided by 10 and 5 there
BACKGROUND_LOGIT = 3.0


def calibrate(content, style, run):
    """Change `content["tensors"]` part by part, from the pyramid to the masks.

    run: (content) -> [stages of a picture, ...], with the weights as they are by then.
    """
    parts = _matterport_parts() if style is None else _torch_parts(content, style)
    rows = {row["name"]: row for row in content["tensors"]}
    stages = run(content)
    for level, names in enumerate(parts.pop("levels"), start=2):
        name = f"p{level}" if style is None else f"fpn_p{level}"
        factor = SPREAD["levels"] / float(np.concatenate([one[name].ravel() for one in stages]).std())
        for name in names:
            rows[name]["mean"], rows[name]["std"] = rows[name]["mean"] * factor, rows[name]["std"] * factor
    spreads = MATTERPORT_SPREAD if style is None else SPREAD
    for (weight, bias), outputs_of, spread, middle in (
        (*parts[name], spreads[name], parts.get("middle") if name == "classes" else 0.0) for name in list(parts)[:5]
    ):
        rows[bias] = _as_values(rows[bias])
        outputs = np.concatenate([outputs_of(stages) for stages in run(content)])
        _fit(rows[weight], rows[bias], outputs, spread, middle)


def _as_values(row):
    """A row of explicit zeros, in place."""
    row.pop("mean", None)
    row.pop("std", None)
    row["values"] = [0.0] * row["shape"][0]
    return row


def _fit(weight, bias, outputs, spread, middle):
    """outputs [n, channels], made with a bias of zero, get this mean spread inside a channel and this middle."""
    factor = spread / float(outputs.std(axis=0).mean())
    weight["std"] = float(np.float32(weight["std"] * factor))
    bias["values"] = np.round(middle - factor * outputs.mean(axis=0), 4).tolist()


def _channels(array):
    """[N, C, ...] -> [n, C]."""
    return np.moveaxis(array, 1, -1).reshape(-1, array.shape[1])


def _pyramid(stages, name):
    return np.concatenate([_channels(stages[f"{name}_p{level}"]) for level in range(2, 7)])


def _logit(probability):
    return np.log(probability / (1 - probability))


def _torch_parts(content, style):
    """{part: ((weight, bias), function of the stages -> outputs [n, channels])}, and the middle of the classes."""
    names = {row["name"] for row in content["tensors"]}
    levels = []
    for level in range(4):
        conv, norm = style["output"]
        number = level + (2 if style is DETECTRON2 else 0)
        last = norm if style is TORCHVISION and norm.format(level=number) + ".weight" in names else conv
        levels.append([f"{last.format(level=number)}.{part}" for part in ("weight", "bias")])

    def both(name):
        return f"{name}.weight", f"{name}.bias"

    classes = content["num_classes"]
    middle = np.zeros(classes)
    middle[0 if style is TORCHVISION else -1] = BACKGROUND_LOGIT
    predictor = "roi_heads.box_predictor"
    return dict(
        levels=levels,
        objectness=(both(style["rpn"][1]), lambda stages: _pyramid(stages, "rpn_objectness")),
        anchor_deltas=(both(style["rpn"][2]), lambda stages: _pyramid(stages, "rpn_deltas")),
        classes=(both(f"{predictor}.cls_score"), lambda stages: stages["box_logits"]),
        box_deltas=(both(f"{predictor}.bbox_pred"), lambda stages: stages["box_deltas"]),
        masks=(both(style["mask_end"][1]), lambda stages: _channels(stages["mask_logits_all_classes"])),
        middle=middle,
    )


def _matterport_parts():
    def both(name):
        return f"{name}/kernel:0", f"{name}/bias:0"

    middle = np.zeros(7)
    middle[0] = BACKGROUND_LOGIT
    return dict(
        levels=[both(f"fpn_p{level}") for level in (2, 3, 4, 5)],
        objectness=(both("rpn_class_raw"), lambda stages: stages["rpn_class_logits"].reshape(-1, 6)),
        anchor_deltas=(both("rpn_bbox_pred"), lambda stages: stages["rpn_bbox"].reshape(-1, 12)),
        classes=(both("mrcnn_class_logits"), lambda stages: stages["mrcnn_class_logits"]),
        box_deltas=(both("mrcnn_bbox_fc"), lambda stages: stages["mrcnn_bbox"].reshape(len(stages["mrcnn_bbox"]), -1)),
        masks=(both("mrcnn_mask"), lambda stages: _logit(stages["mrcnn_mask"].reshape(-1, 7))),
        middle=middle,
    )
