"""The command `mrcnn`: demo, inspect, train, evaluate, detect, export."""

import argparse
import json
import sys
import traceback

from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_file

EXIT_MISTAKE = 2
EXIT_INTERRUPTED = 130


def main(arguments=None):
    """Runs one command; returns 0, 2 after a user's mistake (one line on stderr), 130 after Ctrl-C."""
    parser = _parser()
    debug = "--debug" in (sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser.parse_args(arguments)
        figures = options.run(options)
        if getattr(options, "json", None):
            with replace_file(options.json) as temporary:
                temporary.write_text(json.dumps(figures, indent=1) + "\n")
            print(f"wrote {options.json}")
        return 0
    except UserError as mistake:
        if debug:
            traceback.print_exc()
        print(f"mrcnn: {' '.join(str(mistake).split())}", file=sys.stderr)
        return EXIT_MISTAKE
    except KeyboardInterrupt:
        print("mrcnn: stopped", file=sys.stderr)
        return EXIT_INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line."""

    def error(self, message):
        raise UserError(f"{message}; see `{self.prog} --help`")


def _parser():
    parser = _Parser(prog="mrcnn", description="Mask R-CNN for Keras 3: train, look, measure, export.")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)

    def command(name, run, help):
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(run=run)
        sub.add_argument("--debug", action="store_true", help="print the traceback of a mistake")
        sub.add_argument("--json", metavar="FILE", help="write the command's figures to FILE")
        return sub

    demo = command("demo", _demo, "generated pictures, nothing to download: train, evaluate, draw, export")
    demo.add_argument("--out", default="demo-run", metavar="FOLDER")
    demo.add_argument("--minutes", type=_positive(float), default=4.5, help="minutes of training (default 4.5)")
    demo.add_argument("--seed", type=int, default=0)

    inspect = command("inspect", _inspect, "what is in a dataset, what is wrong with it, and a picture of it")
    inspect.add_argument("data", metavar="DATA")
    inspect.add_argument("--out", default="inspect.png", metavar="PICTURE", help="default inspect.png")

    train = command("train", _train, "fine-tune or train on annotated pictures")
    train.add_argument("data", metavar="DATA", help="a COCO JSON, or a folder of pictures with annotations")
    held_out = train.add_mutually_exclusive_group()
    held_out.add_argument("--val", metavar="DATA", help="pictures to measure on")
    held_out.add_argument("--val-split", type=float, metavar="SHARE", help="or this share of DATA, such as 0.2")
    train.add_argument("--preset", default="resnet18_fpn", metavar="NAME", help="default resnet18_fpn")
    train.add_argument("--weights", default="none", metavar="none|FILE", help="where to start from (default none)")
    train.add_argument("--epochs", type=_positive(int), help="passes over the pictures (default 20)")
    train.add_argument("--minutes", type=_positive(float), help="or: fit the schedule to this time and end with it")
    train.add_argument("--steps-per-epoch", type=_positive(int), metavar="N")
    train.add_argument("--batch-size", type=_positive(int), metavar="N")
    train.add_argument("--image-size", type=_positive(int), metavar="N", help="network pixels, a multiple of 32")
    train.add_argument("--out", metavar="RUN", help="folder to write (default run, run-2, ...)")
    train.add_argument("--resume", action="store_true", help="go on where the training in --out stopped")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings")

    evaluate = command("evaluate", _evaluate, "COCO AP of a model on annotated pictures")
    evaluate.add_argument("model", metavar="RUN|MODEL")
    evaluate.add_argument("data", metavar="DATA")
    evaluate.add_argument("--out", metavar="DIR", help="also write the truth beside the detections as pictures")

    detect = command("detect", _detect, "find objects in pictures, folders of pictures and videos")
    detect.add_argument("model", metavar="RUN|MODEL")
    detect.add_argument("inputs", nargs="+", metavar="IMAGE|FOLDER|VIDEO")
    detect.add_argument("--out", default="detections", metavar="DIR")
    detect.add_argument("--min-score", type=float, default=0.5, metavar="X", help="default 0.5")

    export = command("export", _export, "write a file for serving")
    export.add_argument("model", metavar="RUN|MODEL")
    export.add_argument("--to", required=True, choices=["savedmodel"])
    export.add_argument("--out", required=True, metavar="PATH", help="such as serving/mine/1")
    return parser


def _positive(kind):
    def parse(text):
        value = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    parse.__name__ = kind.__name__
    return parse


# TensorFlow takes seconds to import, so each command imports what it needs.


def _demo(options):
    from mrcnn_keras.demo import run_demo

    return run_demo(options.out, minutes=options.minutes, seed=options.seed)


def _inspect(options):
    from mrcnn_keras.commands.inspect import inspect_data

    return inspect_data(options.data, options.out)


def _train(options):
    from mrcnn_keras.commands.train import train_from_options

    return train_from_options(options)


def _evaluate(options):
    from mrcnn_keras.commands.evaluate import evaluate_model

    return evaluate_model(options.model, options.data, options.out)


def _detect(options):
    from mrcnn_keras.commands.detect import detect_files

    return detect_files(options.model, options.inputs, options.out, options.min_score)


def _export(options):
    from mrcnn_keras.commands.export import export_model

    return export_model(options.model, options.to, options.out)


if __name__ == "__main__":
    sys.exit(main())
