"""One peer at work in a process of its own, as peers.py asks it to: each line of the input is one timed run.

The process of a peer imports that peer alone, so that its peak memory is the peer's.
"""

import contextlib
import json
import os
import sys
import time

import numpy as np
from memory import peak_memory

WARM_UP = 2  # runs: the first makes the graphs, and only the second finds its memory
LEARNING_RATE = 1e-4  # low, so that random weights stay finite; it changes nothing about the work
MOMENTUM, WEIGHT_DECAY, CLIP_NORM = 0.9, 1e-4, 5.0
MASK_SIDE = 56  # cells


def main():
    answers = os.fdopen(os.dup(1), "w")  # the peers print too, and that is for the other stream
    os.dup2(2, 1)
    task = json.loads(sys.argv[1])
    call, facts = {"torchvision": torchvision_call, "mrcnn_keras": own_call}[task["package"]](**task)
    for _ in range(WARM_UP):
        result = call()
    print(json.dumps({"result": result, **facts}), file=answers, flush=True)
    for _ in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        call()
        times = time.perf_counter() - start, time.process_time() - cpu_start
        print(json.dumps(times), file=answers, flush=True)
    print(json.dumps(peak_memory()), file=answers, flush=True)


def objects(count, size):
    """Annotated ellipses, in a dict of boxes [count, (y1, x1, y2, x2)] float32, pixels, and class_ids [count]."""
    rng = np.random.default_rng(0)
    sides = rng.uniform(0.05, 0.4, (count, 2)) * size
    first = rng.uniform(0, 1, (count, 2)) * (size - sides)
    return {"boxes": np.concatenate([first, first + sides], 1).astype(np.float32), "class_ids": np.arange(count) + 1}


def ellipse(box, size):
    """The ellipse in a box, as a mask [height, width] uint8, 0 and 1, of a picture of that size."""
    (y, x), centre, half = (np.ogrid[: size[0], : size[1]], (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2)
    return (((y + 0.5 - centre[0]) / half[0]) ** 2 + ((x + 0.5 - centre[1]) / half[1]) ** 2 <= 1).astype(np.uint8)


# --- torchvision


def torchvision_call(work, precision, threads, picture, weights, objects_in_step, min_score, make_weights=False, **_):
    """-> a function without arguments that does the work once, and facts about the peer."""
    import torch
    import torchvision

    torch.set_num_threads(threads)
    image = np.load(picture)
    pixels = torch.from_numpy(image).permute(2, 0, 1).float() / 255
    if make_weights:
        torch.save(random_weights(pixels), weights)
    tensors = torch.load(weights, map_location="cpu", weights_only=True)
    model = torchvision_model(pixels, len(tensors["roi_heads.box_predictor.cls_score.bias"]))
    model.load_state_dict(tensors)
    del tensors
    model.roi_heads.score_thresh = max(model.roi_heads.score_thresh, min_score)
    reduced = contextlib.nullcontext
    if precision == "bfloat16":
        reduced = lambda: torch.autocast("cpu", torch.bfloat16)  # noqa: E731
    facts = {"versions": {"torch": torch.__version__, "torchvision": torchvision.__version__}}

    @torch.inference_mode()
    def detect():
        with reduced():
            [found] = model([pixels])
        boxes = found["boxes"].float().numpy()[:, [1, 0, 3, 2]]
        return _listed(boxes, found["labels"].numpy(), found["scores"].float().numpy())

    if work != "step":
        return detect, facts
    given = objects(objects_in_step, image.shape[:2])
    masks = np.stack([ellipse(box, image.shape[:2]) for box in given["boxes"]])
    boxes = torch.from_numpy(given["boxes"][:, [1, 0, 3, 2]])
    targets = {"boxes": boxes, "labels": torch.from_numpy(given["class_ids"]), "masks": torch.from_numpy(masks)}
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.SGD(trained, LEARNING_RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)

    def step():
        with reduced():
            loss = sum(model([pixels], [targets]).values())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, CLIP_NORM)
        optimizer.step()
        return loss.item()

    return step, facts


def torchvision_model(pixels, classes):
    """Its maskrcnn_resnet50_fpn, as it is made for the published weights, for pictures [3, height, width] as they are.

    (Called without weights to download, that function would make batch norm that trains.)
    """
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
    from torchvision.ops import FrozenBatchNorm2d

    backbone = resnet_fpn_backbone(
        backbone_name="resnet50", weights=None, norm_layer=FrozenBatchNorm2d, trainable_layers=3
    )
    short, long = sorted(pixels.shape[1:])
    model = MaskRCNN(backbone, classes, min_size=short, max_size=long).eval()
    for norm in _of_type(model, FrozenBatchNorm2d):
        norm.eps = 0.0
    return model


def random_weights(pixels, classes=91):
    """Weights that find as many objects in a picture as detections are kept, of all kinds of sizes: a state dict.

    Batch norm has the statistics of the picture's own maps, and each output is scaled to a deviation that makes some
    scores high and most low, in one pass from the first layer to the last.
    """
    import torch
    from torchvision.ops import FrozenBatchNorm2d

    torch.manual_seed(0)
    model = torchvision_model(pixels, classes)
    rpn, box, mask = model.rpn.head, model.roi_heads.box_predictor, model.roi_heads.mask_predictor
    deviations = {rpn.cls_logits: 1.0, rpn.bbox_pred: 0.3, box.cls_score: 2.0, box.bbox_pred: 0.5}
    deviations[mask.mask_fcn_logits] = 2.0
    rpn.bbox_pred.bias.data = torch.tensor([0.0, 0.0, 0.7, 0.7]).repeat(3)  # anchors twice as large

    def measure(norm, inputs):
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3))
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance + 1e-3)

    def scale(layer, inputs, output):
        if layer in deviations:  # the RPN's are called for each level, of which the first has the most cells
            layer.weight.data *= deviations.pop(layer) / output.std()
            return layer(*inputs)
        return output

    hooks = [norm.register_forward_pre_hook(measure) for norm in _of_type(model, FrozenBatchNorm2d)]
    hooks += [layer.register_forward_hook(scale) for layer in list(deviations)]
    with torch.no_grad():
        model([pixels])
    for hook in hooks:
        hook.remove()
    return model.state_dict()


def _of_type(model, kind):
    return [module for module in model.modules() if isinstance(module, kind)]


# --- this package, as it is or as it was


def own_call(work, precision, threads, picture, weights, objects_in_step, min_score, **_):
    """The same for the mrcnn_keras that Python finds first."""
    import keras
    import machine
    import tensorflow as tf

    import mrcnn_keras as mk

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    image = np.load(picture)
    short, long = sorted(image.shape[:2])
    settings = {"IMAGE_MIN_DIM": short, "IMAGE_MAX_DIM": long, "BATCH_SIZE": 1, "LEARNING_RATE": LEARNING_RATE}
    settings |= {"LEARNING_MOMENTUM": MOMENTUM, "WEIGHT_DECAY": WEIGHT_DECAY, "GRADIENT_CLIP_NORM": CLIP_NORM}
    if hasattr(mk.Config, "PRECISION"):
        settings["PRECISION"] = precision
    elif precision == "bfloat16":
        keras.config.set_dtype_policy("mixed_bfloat16")
    if weights:
        model = mk.MaskRCNN.from_checkpoint(weights, **settings)
    else:
        from parts import make_undecided

        model = mk.MaskRCNN(mk.Config.preset("torchvision_v1", DETECTION_MIN_CONFIDENCE=0.0, **settings))
        make_undecided(model)
    facts = {"machine": machine.describe()}

    def detect():
        [found] = model.detect([image], min_score=min_score or None)
        return _listed(found.boxes, found.class_ids, found.scores)

    if work != "step":
        return detect, facts
    given = objects(objects_in_step, image.shape[:2])
    mask = 255 * ellipse(np.array([0, 0, MASK_SIDE, MASK_SIDE]), (MASK_SIDE, MASK_SIDE))
    batch = {
        "image": image[None],
        "image_size": np.array([image.shape[:2]], np.int32),
        "gt_boxes": given["boxes"][None],
        "gt_class_ids": given["class_ids"][None].astype(np.int32),
        "gt_masks": np.stack([mask] * objects_in_step)[None],
    }
    model.compile()
    return lambda: float(model.train_on_batch(batch, return_dict=True)["loss"]), facts


def _listed(boxes, class_ids, scores):
    return {"boxes": boxes.tolist(), "class_ids": class_ids.tolist(), "scores": scores.tolist()}


if __name__ == "__main__":
    main()
