"""The options of the command `mrcnn`: demo, inspect, train, evaluate, detect, convert, export."""

import argparse
import json
import math
import sys
import traceback

from mrcnn_keras.architectures import STAGES
from mrcnn_keras.cli.start import UNUSED, import_tensorflow
from mrcnn_keras.config import AUGMENTATIONS, RECIPES
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file

EXIT_DISAGREES = 1
EXIT_MISTAKE = 2
EXIT_INTERRUPTED = 130
LARGEST_SEED = 2**32 - 1  # numpy's
SKIP_BAD = 0.05


def main(arguments=None):
    """Runs one command.

    Args:
        arguments: List of strings, or `None`: those of the process.

    Returns:
        Exit status: 0; 1 if `export --check` finds that the file does not agree with the model, or `inspect --strict`
        that something is wrong with the data; 2 after a user's mistake (one line on stderr); 130 after Ctrl-C.
    """
    unused = UNUSED if arguments is None else ()  # a program that calls this may use them
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's does not
            stream.reconfigure(errors="backslashreplace")  # names of files and classes may hold invalid characters
    try:
        options = _parser().parse_args(arguments)
        if options.tensorflow and not options.debug:
            import_tensorflow(unused)
        figures = options.run(options)
        if options.json:
            _write_figures(options.json, figures)
        wrong = not figures.get("agrees", True) or ("strict" in options and options.strict and not figures["clean"])
        return EXIT_DISAGREES if wrong else 0
    except (UserError, OSError) as mistake:
        if "--debug" in arguments:
            traceback.print_exc()
        print(f"mrcnn: {_sentence(mistake)}", file=sys.stderr)
        return EXIT_MISTAKE
    except KeyboardInterrupt:
        print("mrcnn: stopped", file=sys.stderr)
        return EXIT_INTERRUPTED


def _sentence(mistake):
    """One line; for an error of the system (full disk, folder without permission) the place and the reason."""
    if isinstance(mistake, OSError) and mistake.strerror:
        mistake = ": ".join(str(part) for part in (mistake.filename, mistake.strerror) if part is not None)
    return " ".join(str(mistake).split())


def _write_figures(path, figures):
    """JSON has no NaN: a figure that does not exist, such as the AP of large objects if there are none, is null."""
    plain = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in figures.items()}
    with replace_file(path) as temporary:
        temporary.write_text(json.dumps(plain, indent=1, allow_nan=False) + "\n")
    print(f"wrote {path}")


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message):
        raise UserError(f"{message}; see `{self.prog} --help`")


def _parser():
    parser = _Parser(prog="mrcnn", description="Mask R-CNN for Keras 3: train, evaluate, detect, export.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    model, data = "run folder or .keras file", "COCO JSON, or folder of pictures with annotations"

    def command(name, run, help, tensorflow=True):
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(run=run, tensorflow=tensorflow)
        sub.add_argument("--debug", action="store_true", help="print the traceback of an error")
        sub.add_argument("--json", metavar="FILE", help="write the command's figures as JSON to FILE")
        return sub

    demo = command("demo", _demo, "train, evaluate, draw and export on generated pictures, without a download")
    demo.add_argument("--out", metavar="RUN", help="folder to write (default demo-run, demo-run-2, ...)")
    demo.add_argument("--steps", type=_count, default=900, metavar="N", help="training steps (default 900)")
    demo.add_argument("--seed", type=_seed, default=0, metavar="N", help="random seed (default 0)")

    inspect = command("inspect", _inspect, "show what a dataset contains and what is wrong with it", tensorflow=False)
    several = {"nargs": "+", "metavar": "DATA", "help": f"{data}; several are read as one, with classes by name"}
    inspect.add_argument("data", **several)
    inspect.add_argument("--val", action="append", metavar="DATA", help="validation pictures to compare DATA with")
    chosen = {"action": "append", "metavar": "A,B,..."}
    chosen["help"] = "classes to use, in this order (default all); objects of others are left out"
    renamed = {"action": "append", "metavar": "OLD=NEW", "help": "another name of a class; several may get one name"}
    attribute = {"metavar": "NAME", "help": "the region attribute of VIA that is the class (default: the likeliest)"}
    inspect.add_argument("--classes", **chosen)
    inspect.add_argument("--rename", **renamed)
    inspect.add_argument("--class-attribute", **attribute)
    formats = ["coco", "yolo", "labelme", "via", "cvat", "labels"]
    to_write = "write the pictures with their annotations in this format to the folder --out, instead of the page"
    inspect.add_argument("--convert", choices=formats, help=to_write)
    tolerance = {"type": _pixels, "metavar": "PIXELS"}
    tolerance["help"] = "pixels by which outlines made of masks may be simplified, while 98 %% of the mask stay"
    inspect.add_argument("--tolerance", default=0.0, **{**tolerance, "help": f"{tolerance['help']} (default 0: not)"})
    strict = "end with exit status 1 if something is broken, skipped or contradicts itself"
    inspect.add_argument("--strict", action="store_true", help=strict)
    skip = {"type": _share, "metavar": "SHARE"}
    skip["help"] = "share of pictures and annotations to go on without if they cannot be read (default 0.05; 0: none)"
    inspect.add_argument("--skip-bad", default=SKIP_BAD, **skip)
    page = "page to write (default inspect.html); FILE.png: a sheet of pictures; with --convert: folder to write"
    inspect.add_argument("--out", metavar="FILE", help=page)

    train = command("train", _train, "fine-tune or train on annotated pictures")
    train.add_argument("data", **several)
    held_out = train.add_mutually_exclusive_group()
    held_out.add_argument("--val", action="append", metavar="DATA", help="validation pictures; may be repeated")
    held_out.add_argument("--val-split", type=_share, metavar="SHARE", help="share of DATA to validate on, such as 0.2")
    train.add_argument("--classes", **chosen)
    train.add_argument("--rename", **renamed)
    train.add_argument("--class-attribute", **attribute)
    train.add_argument("--preset", metavar="NAME", help="settings (default resnet18_fpn, or those of --weights)")
    kinds = "coco|imagenet|none|FILE|RUN"
    train.add_argument("--weights", default="none", metavar=kinds, help="initial weights (default none)")
    length = train.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=_count, metavar="N", help="number of epochs (default 20)")
    length.add_argument("--minutes", type=_minutes, metavar="N", help="fit the schedule to this time instead")
    train.add_argument("--steps-per-epoch", type=_count, metavar="N", help="steps per epoch (default: all pictures)")
    recipe = "settings of the training by name (default by --weights: scratch or finetune); none: the preset's"
    train.add_argument("--recipe", choices=[*RECIPES, "none"], help=recipe)
    augment = "augmentation by name; auto: chosen by the data (default that of the preset)"
    train.add_argument("--augment", choices=["auto", *AUGMENTATIONS], help=augment)
    stages = "what part of the backbone trains besides the heads: none (heads), stages from 5, 4 or 3 on, or all"
    train.add_argument("--layers", choices=list(STAGES), help=stages)
    train.add_argument("--batch-size", type=_count, metavar="N", help="pictures per step")
    train.add_argument("--image-size", type=_count, metavar="N", help="pixels of the network's input, a multiple of 32")
    given = "boxes for a model without region proposal network (.npz, .json, .pkl); may be repeated"
    proposals = {"action": "append", "metavar": "FILE", "help": given}
    train.add_argument("--proposals", **proposals)
    faster = "what the network computes in (default auto: bfloat16 where this machine is faster with it)"
    precision = {"choices": ["auto", "float32", "bfloat16", "float16"], "help": faster}
    train.add_argument("--precision", **precision)
    curves = "write figures and pictures for TensorBoard to RUN/tensorboard (needs `pip install tensorboard`)"
    train.add_argument("--tensorboard", action="store_true", help=curves)
    train.add_argument("--skip-bad", **skip)  # a resumed training has that of its beginning
    train.add_argument("--out", metavar="RUN", help="folder to write (default run, run-2, ...)")
    train.add_argument("--resume", action="store_true", help="continue the training in --out")
    train.add_argument("--seed", type=_seed, metavar="N", help="random seed (default 0)")
    same = "the same weights each time, to the last bit, on the same machine; slower, and not with --minutes"
    train.add_argument("--deterministic", action="store_const", const=True, help=same)  # remembered, so None without
    settings = {"action": "append", "default": [], "metavar": "NAME=VALUE", "dest": "settings"}
    any_setting = {**settings, "help": "any setting of Config, such as LEARNING_RATE=0.0005; may be repeated"}
    changed = {
        **settings,
        "help": "change a setting of the model, such as DETECTION_NMS_THRESHOLD=0.3; may be repeated",
    }
    train.add_argument("--set", **any_setting)

    cut = "cut larger pictures into tiles of N pixels, for objects that are small in them"
    tile = {"type": _tile, "metavar": "N", "help": cut}
    shared = "share of a tile that the next one shows, too (default 0.2)"
    overlap = {"type": _overlap, "metavar": "X", "help": shared}

    evaluate = command("evaluate", _evaluate, "compute COCO AP of a model on annotated pictures")
    evaluate.add_argument("model", metavar="RUN|MODEL", help=model)
    evaluate.add_argument("data", **several)
    evaluate.add_argument("--classes", **chosen)
    evaluate.add_argument("--rename", **renamed)
    evaluate.add_argument("--class-attribute", **attribute)
    evaluate.add_argument("--proposals", **proposals)
    evaluate.add_argument("--precision", **precision)
    evaluate.add_argument("--skip-bad", default=SKIP_BAD, **skip)
    evaluate.add_argument(
        "--out", metavar="DIR", help="write DIR/report.html, a page with curves, errors and pictures, and pictures"
    )
    evaluate.add_argument("--tile", **tile)
    evaluate.add_argument("--overlap", **overlap)
    best = "save the score with the highest F1 of each class in MODEL, for --min-score best"
    evaluate.add_argument("--save-thresholds", action="store_true", help=best)
    evaluate.add_argument("--set", **changed)

    detect = command("detect", _detect, "find objects in pictures, folders of pictures, videos, cameras and streams")
    detect.add_argument("model", metavar="RUN|MODEL", help=model)
    seen = "pictures, folders, patterns such as 'photos/**/*.jpg', videos, cameras (0, camera:1), streams (rtsp://...)"
    detect.add_argument("inputs", nargs="+", metavar="IMAGE|FOLDER|GLOB|VIDEO|CAMERA", help=seen)
    detect.add_argument("--proposals", **proposals)
    detect.add_argument("--out", default="detections", metavar="DIR", help="folder to write (default detections)")
    scores = "lowest score, 0 to 1 (default 0.5), or best: as saved for each class by evaluate --save-thresholds"
    detect.add_argument("--min-score", type=_lowest_score, default=0.5, metavar="X", help=scores)
    detect.add_argument("--tile", **tile)
    detect.add_argument("--overlap", **overlap)
    detect.add_argument("--splash", action="store_true", help="show objects in colour on grey instead of drawing them")
    saved = "csv: a table of all objects; crops: each cut out; others: pictures and annotations in DIR/FORMAT, to be "
    saved += "corrected; may be repeated"
    detect.add_argument("--save", action="append", choices=[*formats, "csv", "crops"], help=saved)
    tolerance["help"] += " (default 1)"
    detect.add_argument("--tolerance", default=1.0, **tolerance)
    suggested = "name the N pictures most worth labelling next: those that stand for many, preferably doubtful ones"
    detect.add_argument("--suggest", type=_count, default=0, metavar="N", help=suggested)
    detect.add_argument("--precision", **precision)
    detect.add_argument("--set", **changed)

    convert = command("convert", _convert, "make a .keras model from a file of torchvision, Detectron2 or Matterport")
    convert.add_argument("checkpoint", metavar="CHECKPOINT", help="a file, or coco: the published file of --preset")
    convert.add_argument("--out", required=True, metavar="MODEL.keras", help="file to write")
    convert.add_argument("--preset", metavar="NAME", help="model of the published file, such as torchvision_v1")
    convert.add_argument("--set", **any_setting)

    export = command("export", _export, "write a model for serving, for phones or for other runtimes")
    export.add_argument("model", metavar="RUN|MODEL", help=model)
    export.add_argument("--to", required=True, choices=["savedmodel", "tflite", "onnx"], help="format")
    smaller = "weights of a TFLite file, or int8 for ONNX (default none)"
    export.add_argument("--quantize", choices=["none", "fp16", "int8", "int8_weights"], help=smaller)
    ranges = "pictures or folders like those to come, to measure the ranges of an int8 ONNX file on"
    export.add_argument("--calibrate", nargs="+", metavar="PICTURES", help=ranges)
    sides = "size of the input of a TFLite file"
    export.add_argument("--image-size", nargs=2, type=_count, metavar=("H", "W"), help=sides)
    forms = "masks of a SavedModel: small maps (default), as large as the picture, or PNG files"
    export.add_argument("--masks", choices=["small", "full", "png"], help=forms)
    kinds = "what a SavedModel computes in (default float32)"
    export.add_argument("--precision", choices=["float32", "bfloat16", "float16"], help=kinds)
    export.add_argument("--out", required=True, metavar="PATH", help="file or folder to write, such as mine.onnx")
    compared = "pictures, folders or annotated data to compare both on; the exit status is 1 if they disagree"
    export.add_argument("--check", nargs="+", metavar="PICTURES", help=compared)
    export.add_argument("--proposals", **proposals)
    export.add_argument("--set", **changed)
    return parser


def _number(kind, low, high, name):
    """Returns a parser of an option's value: a number from low to high."""

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{text!r} is not {name}")
        return value

    return parse


_count = _number(int, 1, 10**9, "a whole number above 0")
_seed = _number(int, 0, LARGEST_SEED, f"a whole number from 0 to {LARGEST_SEED}")
_share = _number(float, 0, 1, "a number from 0 to 1")
_pixels = _number(float, 0, 100, "a number of pixels from 0 to 100")
_tile = _number(int, 32, 10**6, "a number of pixels from 32 on")
_overlap = _number(float, 0.01, 0.9, "a number from 0.01 to 0.9")
_minutes = _number(float, 0.01, 1e6, "a number of minutes, at least 0.01")


def _lowest_score(text):
    return text if text == "best" else _share(text)


# TensorFlow takes seconds to import, so each command imports what it needs.


def _demo(options):
    from mrcnn_keras.cli.demo import run_demo

    return run_demo(options.out, steps=options.steps, seed=options.seed)


def _inspect(options):
    from mrcnn_keras.cli.data_argument import DataArgument

    data = DataArgument.of(options, options.data)
    validation = DataArgument.of(options, options.val) if options.val else None
    if options.convert:
        from mrcnn_keras.cli.data_conversion import convert_data

        if not options.out:
            raise UserError("--convert needs --out DIR, a new folder for what it writes")
        return convert_data(data, validation, options.convert, options.out, options.tolerance)

    from mrcnn_keras.cli.inspect import inspect_data

    return inspect_data(data, options.out or "inspect.html", validation)


def _train(options):
    from mrcnn_keras.cli.train import train_from_options

    return train_from_options(options)


def _evaluate(options):
    from mrcnn_keras.cli.data_argument import DataArgument
    from mrcnn_keras.cli.evaluate import evaluate_model

    data = DataArgument.of(options, options.data)
    changes = (options.settings, options.precision)
    own = {"save_thresholds": options.save_thresholds, **_tiles(options)}
    return evaluate_model(options.model, data, options.out, options.proposals or (), *changes, **own)


def _tiles(options):
    """The arguments of Tiled."""
    if options.overlap is not None and options.tile is None:
        raise UserError("--overlap is of tiles; add --tile N, or leave it out")
    return {"tile": options.tile} | ({} if options.overlap is None else {"overlap": options.overlap})


def _detect(options):
    from mrcnn_keras.cli.detect import detect_files

    more = (options.proposals or (), options.settings, options.precision)
    own = {name: getattr(options, name) for name in ("tolerance", "suggest", "splash")}
    own |= {"save": options.save or (), **_tiles(options)}
    return detect_files(options.model, options.inputs, options.out, options.min_score, *more, **own)


def _convert(options):
    from mrcnn_keras.cli.convert import convert_checkpoint

    return convert_checkpoint(options.checkpoint, options.out, options.preset, options.settings)


def _export(options):
    from mrcnn_keras.cli.export import export_model

    size = options.image_size and tuple(options.image_size)
    own = {name: getattr(options, name) for name in ("quantize", "masks", "precision", "calibrate")}
    own["image_size"] = size
    checked = (options.check or (), options.proposals or ())
    return export_model(options.model, options.to, options.out, own, *checked, options.settings)


if __name__ == "__main__":
    sys.exit(main())
