"""Trains a small Mask R-CNN on generated pictures of circles, squares and triangles."""

import argparse
from pathlib import Path

import mrcnn_keras as mk


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="time for training (default: 10)")
    parser.add_argument("--out", type=Path, default=Path("shapes-run"), help="folder for what it writes")
    args = parser.parse_args()

    data = mk.ShapesDataset(count=2000, seed=0)
    val = mk.ShapesDataset(count=100, seed=1)  # another seed: no picture is in both

    config = mk.Config.preset(
        "resnet18_fpn",
        NUM_CLASSES=data.num_classes,  # the background is one of them
        IMAGE_MIN_DIM=128,
        IMAGE_MAX_DIM=128,
        BATCH_SIZE=8,
    )
    model = mk.MaskRCNN(config)
    mk.train(model, data, validation=val, minutes=args.minutes, out=args.out)

    for name, value in mk.evaluate(model, val).items():
        print(f"{name:24} {value:.3f}")

    image = val.load_image(0)
    found = model.detect([image])[0].above(0.5)
    for class_id, score, (y1, x1, y2, x2) in zip(found.class_ids, found.scores, found.boxes, strict=True):
        name = val.class_names[class_id]
        print(f"{name:10} {score:.2f}  rows {y1:.0f} to {y2:.0f}, columns {x1:.0f} to {x2:.0f}")


if __name__ == "__main__":
    main()
