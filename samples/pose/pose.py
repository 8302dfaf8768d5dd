"""Trains a model that finds people and their keypoints: generated stick figures, or the people in a COCO file.

    python pose.py --minutes 10 --out pose-run
    python pose.py --data coco --minutes 60 --out people-run

Ten minutes on two cores are 1,500 steps on stick figures, and gave keypoints AP50 0.83 and AP 0.46 on 200 unseen
pictures. With COCO's people it was not measured.
"""

import argparse
from pathlib import Path

from PIL import Image

import mrcnn_keras as mk


def make_config(data):
    """Settings for generated pictures of 128 x 128 pixels with few, large figures, on a CPU."""
    return mk.Config.preset(
        "resnet18_fpn",
        NAME="pose",
        NUM_CLASSES=data.num_classes,  # the background is one of them
        CLASS_NAMES=data.class_names,
        **data.keypoint_layout.settings(),  # number and names of keypoints, mirrored pairs, skeleton
        MASKS=False,  # True finds the figures' masks too, and takes longer
        BACKBONE_WIDTH=32,  # half of ResNet-18's: enough for lines, and twice as fast
        KEYPOINT_HEAD_CONVS=4,
        KEYPOINT_HEAD_CHANNELS=64,
        IMAGE_MIN_DIM=128,
        IMAGE_MAX_DIM=128,
        RPN_ANCHOR_SCALES=(16, 32, 64, 128, 256),  # pixels: the figures are 40 to 110 large
        BATCH_SIZE=4,
        TRAIN_ROIS_PER_IMAGE=32,  # there are at most 3 figures in a picture
        WARMUP_STEPS=50,
        # The pictures never repeat, so augmentation would gain nothing.
        AUGMENT_FLIP_LR=0.0,
        AUGMENT_SCALE=(1.0, 1.0),
        AUGMENT_BRIGHTNESS=0.0,
    )


def make_photograph_config(data):
    """Settings for photographs of people."""
    return make_config(data).replace(
        IMAGE_MIN_DIM=256,
        IMAGE_MAX_DIM=320,
        RPN_ANCHOR_SCALES=(16, 32, 64, 128, 256),
        TRAIN_ROIS_PER_IMAGE=64,
        AUGMENT_FLIP_LR=0.5,  # left and right keypoints are swapped in the mirror
        AUGMENT_SCALE=(0.75, 1.33),
        AUGMENT_BRIGHTNESS=0.2,
    )


def read_people(place):
    """Returns training and validation pictures of a COCO file, or of a folder with person_keypoints files."""
    subsets = mk.find_subsets(place, format="coco_keypoints")
    if "train" in subsets and "val" in subsets:
        return [mk.load_dataset(place, format="coco_keypoints", subset=name) for name in ("train", "val")]
    return mk.load_dataset(place, format="coco_keypoints").split(0.2)


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--data", help="COCO file or folder with keypoints (default: generated stick figures)")
    parser.add_argument("--minutes", type=float, default=10, help="training time (default: 10)")
    parser.add_argument("--pictures", type=int, default=100, help="generated pictures to evaluate on (default: 100)")
    parser.add_argument("--out", type=Path, default=Path("pose-run"), help="folder to write")
    args = parser.parse_args()

    if args.data:
        data, val = read_people(args.data)
        if data.keypoint_layout is None:
            parser.error(f"{args.data} has no keypoints")
        config = make_photograph_config(data)
    else:
        data = mk.StickFiguresDataset(count=100_000, image_size=(128, 128), seed=0)  # drawn on demand
        val = mk.StickFiguresDataset(count=args.pictures, image_size=(128, 128), seed=1)  # other pictures
        config = make_config(data)

    model = mk.MaskRCNN(config)
    steps = None if args.data else 100
    mk.train(model, data, validation=val, minutes=args.minutes, steps_per_epoch=steps, out=args.out)

    for name, value in mk.evaluate(model, val).items():
        print(f"{name:24} {value:.3f}")

    for i in val.image_ids[:8]:
        image, truth = val.load_example(i)
        found = model.detect([image], min_score=0.5)[0]
        skeleton = data.keypoint_layout.skeleton
        drawn = mk.visualize.draw_comparison(image, truth, found, val.class_names, skeleton=skeleton)
        Image.fromarray(drawn).save(args.out / f"picture-{i}.png")
    print(f"pictures: {args.out}/picture-*.png")


if __name__ == "__main__":
    main()
