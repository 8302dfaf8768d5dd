"""Trains and evaluates on COCO as it is published, with the commands of Matterport's sample.

    python coco.py train --dataset=coco --model=imagenet
    python coco.py train --dataset=coco --model=last
    python coco.py evaluate --dataset=coco --model=coco --limit=500
    python coco.py evaluate --dataset=coco --model=last

The dataset is a folder with annotations/instances_train2017.json, annotations/instances_val2017.json, train2017/ and
val2017/.

Neither was measured on all of COCO. The published weights have segm AP 34.6 and bbox AP 37.9 there, as their project
states, and give its detections here (docs/checkpoints.md). Training is meant for a GPU: on two idle cores a step of two
of its photographs took 10 s for the heads and 12 s from the fourth stage on, in float32, and the loss of 45 of them
fell from 464 to 80 in the first 22 steps from random weights. All 160,000 steps would take weeks.
"""

import argparse
import json
from pathlib import Path

import mrcnn_keras as mk

# Matterport's schedule: what trains, for how many epochs, and its learning rate as a share of that of the stage before.
STAGES = {"heads": (40, 1), "4+": (80, 1), "all": (40, 0.1)}


def load_coco(args, subset):
    return mk.load_dataset(args.dataset / "annotations" / f"instances_{subset}{args.year}.json")


def make_config(data):
    """Settings of a model that does not know COCO yet."""
    names = {"NUM_CLASSES": data.num_classes, "CLASS_NAMES": data.class_names, "CATEGORY_IDS": data.category_ids[1:]}
    return mk.Config.preset("resnet50_fpn", NAME="coco", **names)


def open_model(name, data, **settings):
    """The model of --model, with some settings changed."""
    if name == "coco":
        return mk.MaskRCNN.from_preset("torchvision_v1", **settings)  # it has COCO's classes
    if name == "imagenet":
        model = mk.MaskRCNN(make_config(data).replace(**settings))
        model.load_weights("imagenet")
        return model
    own = Path(name).is_dir() or Path(name).suffix == ".keras"
    return mk.MaskRCNN.load(name, **settings) if own else mk.MaskRCNN.from_checkpoint(name, **settings)


def train(args):
    """Trains stage after stage, each in its own folder. What an earlier call has done is not done again."""
    data, val = (load_coco(args, subset) for subset in ("train", "val"))
    before = args.logs / "heads" if args.model == "last" else args.model
    settings = {"RECIPE": "finetune"}  # in each stage, the rate falls to zero
    for layers, (epochs, share) in STAGES.items():
        out = args.logs / layers
        if share != 1:
            settings["LEARNING_RATE"] = mk.Config.load(before / "config.json").LEARNING_RATE * share
        mk.train(
            open_model(before, data, **settings),
            data,
            validation=val,
            layers=layers,
            epochs=epochs,
            steps_per_epoch=args.steps,
            out=out,
            resume=(out / "last.keras").exists(),
        )
        before = out


def evaluate(args):
    """Prints COCO's figures, and writes what was found in the form of COCO's results."""
    val = load_coco(args, "val")
    last = [args.logs / layers for layers in STAGES if (args.logs / layers / "last.keras").exists()]
    model = open_model(last[-1] if args.model == "last" and last else args.model, val)
    predictions = mk.evaluation.collect(model, val, limit=args.limit, progress=True)
    for name, value in mk.evaluation.coco_scores(predictions).items():
        print(f"{name:24} {value:.3f}")
    results = []
    for i, found in zip(predictions.image_ids, predictions.founds, strict=True):
        results += found.coco_results(val.image_info[i]["id"], val.category_ids)
    args.results.write_text(json.dumps(results))
    print(f"wrote {len(results)} detections in {len(predictions)} pictures to {args.results}")


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("command", choices=["train", "evaluate"])
    parser.add_argument("--dataset", type=Path, required=True, help="folder of COCO")
    parser.add_argument("--model", required=True, help="coco, imagenet (train), a file or training, or last: of --logs")
    parser.add_argument("--year", default="2017", help="of the dataset, in the names of its files (default: 2017)")
    parser.add_argument("--logs", type=Path, default=Path("coco-run"), help="folder of trainings (default: coco-run)")
    parser.add_argument("--steps", type=int, default=1000, help="steps per epoch (default: 1000)")
    parser.add_argument("--limit", type=int, default=500, help="pictures to evaluate on (default: 500; COCO has 5000)")
    parser.add_argument("--results", type=Path, default=Path("coco-results.json"), help="file to write what was found")
    args = parser.parse_args()
    (train if args.command == "train" else evaluate)(args)


if __name__ == "__main__":
    main()
