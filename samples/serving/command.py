"""The command line of both clients."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from answers import Answer, ServingError


def run(make_client: Callable[..., Any], default: str, description: str | None) -> None:
    """Sends the pictures named on the command line and prints one line per object."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path, help="JPEG and PNG files")
    parser.add_argument("--address", default=default, help="address of the server (default: %(default)s)")
    parser.add_argument("--model", default="mine", help="name of the model (default: %(default)s)")
    parser.add_argument("--min-score", type=float, help="leave out objects with lower scores")
    parser.add_argument("--max-detections", type=int, help="maximum number of objects per picture")
    parser.add_argument("--batch-size", type=int, default=4, help="pictures per request (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds per request (default: %(default)s)")
    parser.add_argument("--names", type=Path, help="assets/class_names.txt of the SavedModel")
    options = parser.parse_args()
    names = options.names.read_text(encoding="utf-8").splitlines() if options.names else []
    client = make_client(options.address, options.model, options.timeout, options.batch_size)
    try:
        files = [picture.read_bytes() for picture in options.pictures]
        answers = client.detect(files, options.min_score, options.max_detections)
    except (OSError, ServingError) as error:
        sys.exit(str(error))
    for picture, answer in zip(options.pictures, answers, strict=True):
        print(f"{picture}: {answer.size[0]} x {answer.size[1]} pixels, {len(answer.found)} found")
        _print_objects(answer, names)


def _print_objects(answer: Answer, names: list[str]) -> None:
    for found in answer.found:
        name = names[found.class_id] if found.class_id < len(names) else f"class {found.class_id}"
        print(f"  {found.score:.3f}  {name}  " + "  ".join(f"{value:.1f}" for value in found.box))
