"""A web page on your own computer: a photograph in, its objects, a table and labels out.

    pip install "mrcnn_keras[web]"
    python web_page.py run                  # a training's folder, or a .keras file
    python web_page.py serving/mine/1       # or what `mrcnn export --to savedmodel` wrote

Then open http://127.0.0.1:7860. Nothing leaves the computer, and nothing is requested from another one: with Gradio
6.31 the page worked in Chromium on a computer without a network, and contacted no other host. It starts in half a
minute, in which the model is loaded and its graph made.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import mrcnn_keras as mk

MEGABYTES, MEGAPIXELS = 20, 50  # the largest file and the largest photograph
VISITORS, WAITING = 20, 16  # photographs kept in memory, requests in the queue
SECONDS = 3600  # for how long a file to download is kept


def open_model(place):
    """Opens a run, a .keras file or a SavedModel.

    Returns:
        Function from a picture [H, W, 3] to its Detections; the names of the classes, background first.
    """
    place = Path(place)
    if not (place / "saved_model.pb").exists():
        model = mk.MaskRCNN.load(place)
        names = model.class_names or ["BG", *(f"class {i}" for i in range(1, model.config.NUM_CLASSES))]
        return lambda picture: model.detect([picture])[0], list(names)
    names = place / "assets" / "class_names.txt"
    if not names.exists():
        raise mk.UserError(f"{place} has no names of classes; export a model with CLASS_NAMES, or give the run")
    return mk.export.load_saved_model(place), names.read_text(encoding="utf-8").splitlines()


def read_photograph(path, megapixels=MEGAPIXELS):
    """Reads a picture file upright -> [H, W, 3] uint8; a UserError where it is none, or too large."""
    try:
        with Image.open(path) as file:
            if file.width * file.height > megapixels * 1e6:
                size = f"{file.width} x {file.height}"
                raise mk.UserError(f"{path.name} has {size} pixels; give at most {megapixels} megapixels")
            return np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise mk.UserError(f"{path.name} is not a picture that can be read ({error}); give a JPEG or PNG") from error


def table_of(found, names):
    """A row for each object: number, class, score, left, top, width, height of its box and area in pixels."""
    rows = zip(found.class_ids.tolist(), found.scores.tolist(), found.boxes.tolist(), found.areas.tolist(), strict=True)
    return [
        [number, names[i], round(score, 3), *(round(side) for side in (x1, y1, x2 - x1, y2 - y1)), round(area)]
        for number, (i, score, (y1, x1, y2, x2), area) in enumerate(rows, start=1)
    ]


def labels_of(found, names, file_name):
    """The objects as a COCO file's content, which labelling tools open and `mrcnn train` learns from."""
    height, width = found.size
    return {
        "images": [{"id": 1, "file_name": file_name, "height": height, "width": width}],
        "categories": [{"id": i, "name": name} for i, name in enumerate(names) if i],
        "annotations": found.to_coco(image_id=1),
    }


def make_page(find, names, folder):
    """The page as Gradio's Blocks. find, names: of `open_model`; folder: for the files to download."""
    import gradio as gr

    def look(path):
        if path is None:
            return None
        try:
            picture = read_photograph(Path(path))
            return Path(path).name, picture, find(picture)
        except mk.UserError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def show(seen, min_score):
        if seen is None:
            return None, None, gr.DownloadButton(interactive=False)
        name, picture, found = seen
        found = found.above(min_score)
        file = Path(tempfile.mkdtemp(dir=folder), f"{Path(name).stem}.json")
        file.write_text(json.dumps(labels_of(found, names, name)), encoding="utf-8")
        drawn = mk.visualize.draw_detections(picture, found, names)
        return drawn, table_of(found, names), gr.DownloadButton(value=str(file), interactive=True)

    head = ["number", "class", "score", "left", "top", "width", "height", "area"]
    with gr.Blocks(title="mrcnn_keras", analytics_enabled=False, delete_cache=(SECONDS, SECONDS)) as page:
        seen = gr.State(time_to_live=SECONDS)
        gr.Markdown(f"Finds: {', '.join(names[1:])}")
        with gr.Row():
            with gr.Column():
                photo = gr.Image(label="Photograph", type="filepath", image_mode=None, sources=["upload", "clipboard"])
                score = gr.Slider(0, 1, 0.5, step=0.01, label="Lowest score")
            drawn = gr.Image(label="Objects", format="jpeg", interactive=False, buttons=["download", "fullscreen"])
        rows = gr.Dataframe(headers=head, label="In pixels", interactive=False)
        labels = gr.DownloadButton("Labels (COCO)", interactive=False)
        outputs = [drawn, rows, labels]
        looked = photo.change(look, photo, seen, show_progress_on=drawn)
        looked.success(show, [seen, score], outputs, show_progress="hidden")
        score.release(show, [seen, score], outputs, show_progress="hidden")
    return page.queue(max_size=WAITING, default_concurrency_limit=1)


def start(page, host, port, wait=True):
    """Serves the page; returns its address. wait: until Ctrl-C."""
    limits = {"max_file_size": MEGABYTES << 20, "state_session_capacity": VISITORS}
    address = {"server_name": host, "server_port": port, "share": False, "ssr_mode": False}
    return page.launch(**address, **limits, quiet=True, prevent_thread_lock=not wait)[1]


def main():
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("model", help="folder of a training, .keras file, or folder of a SavedModel")
    parser.add_argument("--host", default="127.0.0.1", help="0.0.0.0: also for other computers (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=7860)
    args = parser.parse_args()
    try:
        find, names = open_model(args.model)
    except mk.UserError as error:
        parser.error(str(error))
    find(np.zeros((256, 256, 3), np.uint8))  # makes the graph, so that the first visitor need not wait for it
    with tempfile.TemporaryDirectory() as folder:
        page = make_page(find, names, folder)
        print(f"http://{args.host}:{args.port}, until Ctrl-C", flush=True)
        try:
            start(page, args.host, args.port)
        except OSError as error:
            parser.error(f"--port {args.port}: {error}")


if __name__ == "__main__":
    main()
