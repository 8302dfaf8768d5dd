"""Times make_pipeline beside a plain loader, and the opening of a large COCO file: see README.md beside this file."""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import cv2
import machine
import numpy as np
from memory import peak_memory
from pycocotools.coco import COCO
from speed import in_own_process

import mrcnn_keras as mk

OBJECTS = 7.2  # per picture, as in COCO's train2017: 860,001 on 118,287
POINTS = 22  # of an outline, so that the file is as long as COCO's
NUCLEI = 40  # per picture
WINDOW, ENLARGED = 256, 1.4  # as `mrcnn train` chooses for nuclei
MINI_MASK = (28, 28)
OURS, PLAIN = "make_pipeline", "plain loader"


def main():
    """Prints tables and, with --json, writes them with a description of the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", choices=[*READERS, "opening"], default=[*READERS, "opening"])
    parser.add_argument("--pictures", type=int, default=64, help="generated pictures, and how many a run takes")
    parser.add_argument("--batch", type=int, default=2, help="pictures per batch")
    parser.add_argument("--workers", type=int, help="threads of make_pipeline (default: its own)")
    parser.add_argument("--repeat", type=int, default=5, help="timed runs after the first pass")
    parser.add_argument("--nuclei", type=Path, help="folder of NAME/images/*.png and NAME/masks/*.png to use instead")
    parser.add_argument("--opened", type=int, default=120_000, help="pictures of the COCO file that is opened")
    parser.add_argument("--json", type=Path, metavar="OUT", help="file for all figures")
    options = parser.parse_args()
    result = {"machine": machine.describe(), "pictures": options.pictures, "batch": options.batch, "runs": []}
    print("  ".join(f"{name}: {value}" for name, value in result["machine"].items()))
    with tempfile.TemporaryDirectory() as folder:
        for name in options.data:
            made = Path(folder) / name
            made.mkdir()
            if name == "opening":
                result["opening"] = opening(made, options.opened)
                continue
            run = {"data": name, **compare(*READERS[name](made, options), options)}
            result["runs"].append(run)
            print(table(run), flush=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


# ---- pictures per second


def compare(data, config, plain, options):
    """Both loaders on the same pictures in turn; the first pass of ours, which decodes the masks, apart."""
    config = config.replace(BATCH_SIZE=options.batch)
    count = -(-options.pictures // options.batch)
    ours = iter(mk.make_pipeline(data, config, workers=options.workers))
    theirs = batches_of(plain, data.num_images, options.batch)

    def take(batches):
        for _ in range(count):
            next(batches)

    start, cpu = time.perf_counter(), time.process_time()
    take(ours)
    first = {"clock": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    calls = {OURS: lambda: take(ours), PLAIN: lambda: take(theirs)}
    pictures = count * options.batch
    seconds = {
        name: {kind: value / pictures for kind, value in times.items()}
        for name, times in machine.in_turn(calls, options.repeat).items()
    }
    ratios = {kind: seconds[PLAIN][kind] / seconds[OURS][kind] for kind in ("median", "min", "cpu")}
    return {
        "first_pass": {kind: value / pictures for kind, value in first.items()},
        "seconds": seconds,
        "ratios": ratios,
    }


def table(run):
    """Milliseconds and pictures per second of both, and how many times as many ours makes."""
    lines = [f"\n{run['data']}\n{'':16}{'pictures/s':>12}{'ms/picture':>12}{'CPU ms':>9}"]
    for name, row in run["seconds"].items():
        lines.append(f"{name:16}{1 / row['median']:12.1f}{row['median'] * 1e3:12.1f}{row['cpu'] * 1e3:9.1f}")
    first, ratios = run["first_pass"], run["ratios"]
    lines.append(f"{'first pass':16}{1 / first['clock']:12.1f}{first['clock'] * 1e3:12.1f}{first['cpu'] * 1e3:9.1f}")
    lines.append(f"times the plain loader: {ratios['median']:.1f} by the clock, {ratios['cpu']:.1f} by processor time")
    return "\n".join(lines)


def batches_of(load, num_images, batch):
    """Endless batches of a plain loader: pictures padded to the largest, lists of the rest."""
    rng = np.random.default_rng(0)
    while True:
        order = rng.permutation(num_images)
        for start in range(0, num_images - batch + 1, batch):
            samples = [load(int(i), rng) for i in order[start : start + batch]]
            height, width = np.max([image.shape[:2] for image, _, _ in samples], axis=0)
            images = np.zeros((batch, height, width, 3), np.uint8)
            for padded, (image, _, _) in zip(images, samples, strict=True):
                padded[: image.shape[0], : image.shape[1]] = image
            yield images, [boxes for _, boxes, _ in samples], [masks for _, _, masks in samples]


def mini_masks(masks):
    """Masks of the whole picture, a list of [H, W] uint8 -> boxes and mini masks of those that are not empty."""
    boxes, minis = [], []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if rows.size:
            y1, y2, x1, x2 = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
            boxes.append((y1, x1, y2, x2))
            minis.append(cv2.resize(mask[y1:y2, x1:x2], MINI_MASK[::-1], interpolation=cv2.INTER_LINEAR))
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(minis, np.uint8).reshape(-1, *MINI_MASK)


def read_rgb(path):
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


# ---- photographs with polygons


def coco_like(folder, options):
    """Photographs of 480 x 640 with outlines in COCO's format, at 800 x 1333, and the plain loader of them."""
    rng = np.random.default_rng(0)
    content = coco_content(options.pictures, rng)
    for entry in content["images"]:
        cv2.imwrite(str(folder / entry["file_name"]), photograph(entry["height"], entry["width"], rng))
    file = folder / "annotations.json"
    file.write_text(json.dumps(content), encoding="utf-8")
    data = mk.load_dataset(file)
    config = mk.Config.preset(
        "resnet50_fpn",
        NUM_CLASSES=data.num_classes,
        IMAGE_RESIZE_MODE="fit",
        IMAGE_MIN_DIM=800,
        IMAGE_MAX_DIM=1333,
        AUGMENT_FLIP_LR=0.5,
        AUGMENT_SCALE=(1.0, 1.0),
        MINI_MASK_SHAPE=MINI_MASK,
    )
    coco = COCO(str(file))
    ids = sorted(coco.imgs)

    def plain(index, rng):
        """Read, resize, draw the masks and resize them with the picture, mirror, crop: as Matterport's package does."""
        info = coco.imgs[ids[index]]
        image = read_rgb(folder / info["file_name"])
        scale = min(800 / min(image.shape[:2]), 1333 / max(image.shape[:2]))
        width, height = round(image.shape[1] * scale), round(image.shape[0] * scale)
        masks = [coco.annToMask(annotation) for annotation in coco.imgToAnns[info["id"]]]
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        masks = [cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST) for mask in masks]
        if rng.random() < 0.5:
            image, masks = image[:, ::-1], [mask[:, ::-1] for mask in masks]
        return image, *mini_masks(masks)

    return data, config, plain


def coco_content(pictures, rng, objects=OBJECTS):
    """The content of a COCO file: star-shaped outlines, sizes spread as COCO's, a number per picture that varies."""
    counts = rng.poisson(objects, pictures)
    total = int(counts.sum())
    radii = np.exp(rng.uniform(np.log(6), np.log(160), (total, 1))) * rng.uniform(0.6, 1, (total, POINTS))
    angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    x = np.clip(rng.uniform(0, 640, (total, 1)) + radii * np.cos(angles), 0, 640)
    y = np.clip(rng.uniform(0, 480, (total, 1)) + radii * np.sin(angles), 0, 480)
    outlines = np.round(np.stack([x, y], axis=2).reshape(total, -1), 2)
    low, high = (np.round(np.stack([f(x, axis=1), f(y, axis=1)], axis=1), 2) for f in (np.min, np.max))
    boxes = np.concatenate([low, high - low], axis=1).round(2)
    classes, of_picture = rng.integers(1, 81, total).tolist(), np.repeat(np.arange(pictures), counts).tolist()
    annotations = [
        {
            "segmentation": [outline.tolist()],
            "area": float(box[2] * box[3] / 2),
            "iscrowd": 0,
            "image_id": image_id,
            "bbox": box.tolist(),
            "category_id": class_id,
            "id": number,
        }
        for number, (outline, box, image_id, class_id) in enumerate(
            zip(outlines, boxes, of_picture, classes, strict=True), start=1
        )
    ]
    size = {"height": 480, "width": 640}
    images = [{"id": i, "file_name": f"{i:012}.jpg", **size} for i in range(pictures)]
    categories = [{"id": i, "name": f"class {i}"} for i in range(1, 81)]
    return {"images": images, "annotations": annotations, "categories": categories}


def photograph(height, width, rng):
    """[H, W, 3] uint8: soft spots of three sizes and some noise, which is about 90 KB as JPEG."""
    image = np.zeros((height, width, 3), np.float32)
    for cell, weight in ((80, 0.5), (20, 0.3), (4, 0.2)):
        small = rng.integers(0, 256, (height // cell + 1, width // cell + 1, 3)).astype(np.float32)
        image += weight * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


# ---- nuclei


def nuclei_like(folder, options):
    """Pictures with a mask file per nucleus, in windows of pictures enlarged as for nuclei, and the plain loader."""
    if options.nuclei:
        folder = options.nuclei
    else:
        write_nuclei(folder, options.pictures)
    data = mk.load_dataset(folder, format="masks")
    config = mk.Config.preset(
        "resnet18_fpn",
        NUM_CLASSES=data.num_classes,
        IMAGE_RESIZE_MODE="crop",
        IMAGE_SCALE=ENLARGED,
        IMAGE_MIN_DIM=WINDOW,
        IMAGE_MAX_DIM=WINDOW,
        MAX_GT_INSTANCES=500,
        AUGMENT_FLIP_UD=0.5,
        AUGMENT_ROT90=True,
        MINI_MASK_SHAPE=MINI_MASK,
    )
    paths = [Path(info["path"]) for info in data.image_info]
    masks_of = [sorted((path.parents[1] / "masks").glob("*.png")) for path in paths]

    def plain(index, rng):
        """Read picture and mask files, mirror, cut the window out, enlarge all, crop the masks."""
        image = read_rgb(paths[index])
        masks = [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in masks_of[index]]
        if rng.random() < 0.5:
            image, masks = image[:, ::-1], [mask[:, ::-1] for mask in masks]
        scale = ENLARGED * rng.uniform(*config.AUGMENT_SCALE)
        side = int(WINDOW / scale)
        top, left = (int(rng.integers(max(1, whole - side + 1))) for whole in image.shape[:2])
        window = np.s_[top : top + side, left : left + side]
        height, width = image[window].shape[:2]
        size = min(WINDOW, round(width * scale)), min(WINDOW, round(height * scale))
        image = cv2.resize(image[window], size, interpolation=cv2.INTER_LINEAR)
        masks = [cv2.resize(mask[window], size, interpolation=cv2.INTER_NEAREST) for mask in masks]
        padded = np.zeros((WINDOW, WINDOW, 3), np.uint8)
        padded[: size[1], : size[0]] = image
        return padded, *mini_masks(masks)

    return data, config, plain


def write_nuclei(folder, pictures):
    """Folders NAME/images/NAME.png and NAME/masks/*.png: bright ellipses on a dark, noisy ground of 256 x 320."""
    rng = np.random.default_rng(0)
    for number in range(pictures):
        name = f"picture{number:04}"
        for inner in ("images", "masks"):
            (folder / name / inner).mkdir(parents=True)
        grey = rng.normal(20, 5, (256, 320)).astype(np.float32)
        for i in range(rng.poisson(NUCLEI)):
            mask = np.zeros(grey.shape, np.uint8)
            centre, axes = rng.integers(0, (320, 256)).tolist(), rng.integers(4, 14, 2).tolist()
            cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
            grey[mask > 0] = rng.uniform(80, 200)
            cv2.imwrite(str(folder / name / "masks" / f"{i}.png"), mask)
        image = np.clip(grey, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / name / "images" / f"{name}.png"), np.stack([image] * 3, axis=2))


READERS = {"coco": coco_like, "nuclei": nuclei_like}


# ---- opening a large file


def opening(folder, pictures):
    """Opens a COCO file of many pictures, in a process each, with load_dataset and with pycocotools."""
    file = folder / "annotations.json"
    annotations = in_own_process(write_large, file, pictures)
    rows = {OURS: in_own_process(open_ours, file), "pycocotools": in_own_process(open_pycocotools, file)}
    size = file.stat().st_size / 1e6
    print(f"\nopening {pictures:,} pictures with {annotations:,} objects ({size:.0f} MB)")
    print(f"{'':16}{'seconds':>10}{'CPU s':>8}{'GB':>7}")
    for name, row in rows.items():
        print(f"{name:16}{row['clock']:10.1f}{row['cpu']:8.1f}{row['memory_gb']:7.2f}", flush=True)
    ratios = {kind: rows[OURS][kind] / rows["pycocotools"][kind] for kind in ("clock", "cpu", "memory_gb")}
    return {"pictures": pictures, "annotations": annotations, "megabytes": size, "rows": rows, "ratios": ratios}


def write_large(file, pictures):
    """Writes the file, and an empty one in place of each picture, which opening does not read."""
    content = coco_content(pictures, np.random.default_rng(0))
    for entry in content["images"]:
        (file.parent / entry["file_name"]).touch()
    with open(file, "w", encoding="utf-8") as out:
        out.write(json.dumps(content))
    return len(content["annotations"])


def open_ours(file):
    return _opened(lambda: mk.load_dataset(file).num_images)


def open_pycocotools(file):
    return _opened(lambda: len(COCO(str(file)).imgs))


def _opened(call):
    """Seconds of call(), and the memory of the process at its highest, TensorFlow included."""
    start, cpu = time.perf_counter(), time.process_time()
    pictures = call()
    seconds = {"clock": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    return {"pictures": pictures, **seconds, "memory_gb": peak_memory()}


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    main()
