"""Finds balloons, and leaves only them in colour: Matterport's sample, with its commands.

    python balloon.py train --dataset=balloon --weights=coco
    python balloon.py train --dataset=balloon --weights=last
    python balloon.py splash --weights=last --image=party.jpg
    python balloon.py splash --weights=last --video=party.mp4

The dataset is a folder with train/ and val/, each with photographs and via_region_data.json of the VGG Image Annotator.

From published weights it was not measured. From random ones, `--weights=none --minutes=10` on two idle cores made 644
steps: segm AP50 0.47 and AP 0.34 on the 13 validation photographs, enough for a splash with `--min-score=0.5`.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import mrcnn_keras as mk

BACKBONES_ALONE = ("imagenet", "none")  # weights without heads


def load_balloons(dataset, subset):
    """The pictures of a subset, in which each region is a balloon, whatever attributes it has."""
    data = mk.load_dataset(dataset, format="via", subset=subset, class_attribute="")
    data.class_info[1]["name"] = "balloon"  # VIA has no name for it
    return data


def make_config(data, weights="none"):
    """Settings for photographs with one or a few large objects."""
    alone = weights in BACKBONES_ALONE
    return mk.Config.preset(
        "resnet18_fpn" if alone else "torchvision_v1",
        RECIPE="scratch" if weights == "none" else "finetune",
        NAME="balloon",
        NUM_CLASSES=data.num_classes,  # the background is one of them
        CLASS_NAMES=data.class_names,
        # Balloons are large, so few pixels are enough.
        IMAGE_MIN_DIM=256 if alone else 512,
        IMAGE_MAX_DIM=320 if alone else 768,
    )


def make_model(data, weights):
    """A model to be trained. weights: "coco", "imagenet", "none", or what `open_model` takes."""
    if weights not in ("coco", *BACKBONES_ALONE):
        return open_model(weights, RECIPE="finetune", NUM_CLASSES=data.num_classes, CLASS_NAMES=data.class_names)
    model = mk.MaskRCNN(make_config(data, weights))
    if weights != "none":
        model.load_weights(weights)
    return model


def open_model(path, **settings):
    """The model of a training, a .keras file, or another project's file, such as mask_rcnn_coco.h5."""
    own = Path(path).is_dir() or Path(path).suffix == ".keras"
    return mk.MaskRCNN.load(path, **settings) if own else mk.MaskRCNN.from_checkpoint(path, **settings)


def train(args):
    data, val = (load_balloons(args.dataset, subset) for subset in ("train", "val"))
    length = {"epochs": args.epochs, "minutes": args.minutes, "steps_per_epoch": 100, "out": args.logs}
    if args.weights == "last":
        model = mk.MaskRCNN.load(args.logs / "last.keras")
        mk.train(model, data, validation=val, resume=True, **length)
        return
    # There are few pictures: with weights of the whole network, the heads alone have to learn.
    layers = None if args.weights in BACKBONES_ALONE else "heads"
    mk.train(make_model(data, args.weights), data, validation=val, layers=layers, **length)


def splash(args):
    model = open_model(args.logs if args.weights == "last" else args.weights)

    def splashed(image):
        return mk.visualize.color_splash(image, model.detect([image], min_score=args.min_score)[0])

    source = args.image or args.video
    target = Path(f"splash-{source.stem}{'.png' if args.image else '.mp4'}")
    if args.image:
        image = np.asarray(ImageOps.exif_transpose(Image.open(source)).convert("RGB"))
        Image.fromarray(splashed(image)).save(target)
    else:
        with mk.visualize.Frames(source) as frames, mk.visualize.open_video(target, frames.rate) as video:
            for frame in frames:
                video.write(splashed(frame))
    print(f"wrote {target}")


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    verbs = parser.add_subparsers(required=True)

    verb = verbs.add_parser("train", help="train on annotated photographs")
    verb.set_defaults(run=train)
    verb.add_argument("--dataset", type=Path, required=True, help="folder with train/ and val/")
    verb.add_argument("--weights", required=True, help="coco, imagenet, none, a file, or last: go on in --logs")
    verb.add_argument("--epochs", type=int, default=30, help="epochs of 100 steps (default: 30)")
    verb.add_argument("--minutes", type=float, help="training time, instead of --epochs")
    verb.add_argument("--logs", type=Path, default=Path("balloon-run"), help="folder to write (default: balloon-run)")

    verb = verbs.add_parser("splash", help="write a picture or a video in which only balloons have colours")
    verb.set_defaults(run=splash)
    verb.add_argument("--weights", default="last", help="a training, a file, or last (default): the training in --logs")
    source = verb.add_mutually_exclusive_group(required=True)
    source.add_argument("--image", type=Path)
    source.add_argument("--video", type=Path)
    verb.add_argument("--min-score", type=float, default=0.9, help="lowest score of a balloon (default: 0.9)")
    verb.add_argument("--logs", type=Path, default=Path("balloon-run"), help="folder of the training")

    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
