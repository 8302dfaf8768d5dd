"""Makes the pictures of docs/gallery.md: `python docs/gallery_pictures.py demo-run pose-run`.

Before, `mrcnn demo` and `python samples/pose/pose.py` make the two runs, and Chromium has to be installed. A third
model is trained here, for ten minutes on a CPU and only once: on the left parts of two photographs of scikit-image,
with labels by a threshold. More words are names of pictures; without, all are made.
"""

import io
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from augmentation_pictures import sheet
from PIL import Image
from readme_pictures import FLAGS
from scipy import ndimage
from skimage import data, filters, measure, morphology, segmentation

import mrcnn_keras as mk
from mrcnn_keras.visualize.labels import add_caption

GALLERY = Path(__file__).resolve().parent / "pictures" / "gallery"
QUALITY, WIDTH = 82, 1000  # of the JPEG files; pixels at most
LEFT = 0.56  # share of a photograph's width that is learnt from; the rest is unseen
MINUTES = 10
RUN = Path("gallery-run")


class PhotographsDataset(mk.Dataset):
    """Coins (303 x 384) and the Hubble deep field (872 x 1000), in the public domain; labels are what is bright.

    part: "left", to learn from, or "right".
    """

    def __init__(self, part):
        super().__init__()
        for class_id, (name, picture, labels) in enumerate((coins(), galaxies()), start=1):
            self.add_class("photographs", class_id, name)
            edge = round(LEFT * picture.shape[1])
            columns = slice(edge) if part == "left" else slice(edge, None)
            labels = labels[:, columns]
            numbers = [i for i in np.unique(labels) if i]
            self.add_image("photographs", name, f"{name}.png", picture=picture[:, columns], labels=labels, ids=numbers)
        self.prepare()

    def load_image(self, image_id):
        return self.image_info[image_id]["picture"]

    def load_mask(self, image_id):
        info = self.image_info[image_id]
        return info["labels"][..., None] == info["ids"], np.full(len(info["ids"]), image_id + 1, np.int32)


@cache
def coins():
    """Coins of Pompeii, found as in scikit-image's example: watersheds of the gradient from dark and bright places."""
    grey = data.coins()
    markers = np.where(grey > 150, 2, np.where(grey < 30, 1, 0))
    bright = segmentation.watershed(filters.sobel(grey), markers) == 2
    whole = morphology.remove_small_objects(ndimage.binary_fill_holes(bright), max_size=100)
    return "coin", np.dstack([grey] * 3), measure.label(whole)


@cache
def galaxies():
    """Galaxies and stars of at least 25 pixels that are brighter than 50 of 255."""
    sky = data.hubble_deep_field()
    bright = filters.gaussian(sky.max(axis=2).astype(float), 1) > 50
    return "galaxy", sky, measure.label(morphology.remove_small_objects(bright, max_size=25))


@cache
def photographs_model():
    """The model of RUN, which is trained where it does not exist."""
    if not RUN.exists():
        train_data = PhotographsDataset("left")
        config = mk.Config.preset(
            "resnet18_fpn",
            NAME="photographs",
            NUM_CLASSES=train_data.num_classes,
            CLASS_NAMES=train_data.class_names,
            BACKBONE_WIDTH=32,  # half of ResNet-18's: enough for bright things on dark ground
            IMAGE_RESIZE_MODE="crop",  # windows of twice the size: galaxies are small
            IMAGE_SCALE=2.0,
            IMAGE_MIN_DIM=192,
            IMAGE_MAX_DIM=192,
            RPN_ANCHOR_SCALES=(8, 16, 32, 64, 128),
            MAX_GT_INSTANCES=60,
            DETECTION_MAX_INSTANCES=400,
            POST_NMS_ROIS_INFERENCE=1000,
            TRAIN_ROIS_PER_IMAGE=64,
            BATCH_SIZE=4,
            WARMUP_STEPS=50,
            AUGMENT="microscopy",  # no side is up
        )
        mk.train(mk.MaskRCNN(config), train_data, minutes=MINUTES, steps_per_epoch=50, out=RUN)
    return mk.MaskRCNN.load(RUN)


def dense(demo, pose):
    """Unseen parts of both photographs."""
    unseen, model = PhotographsDataset("right"), photographs_model()
    drawn = []
    for image_id, zoom in zip(unseen.image_ids, (2, 1), strict=True):
        image = unseen.load_image(image_id)[:606]
        found = model.detect([image], min_score=0.5)[0]
        look = {"labels": False, "alpha": 0.35, "boxes": image_id == 0}
        drawn.append(mk.visualize.draw_detections(image, found, model.class_names, zoom=zoom, **look))
    return np.hstack([drawn[0], np.full((606, 8, 3), 255, np.uint8), drawn[1]])


def styles(demo, pose):
    """The same objects drawn in several ways."""
    image, found = shapes(demo)
    draw = mk.visualize.draw_detections
    ways = {
        "all": {},
        'colors="class"': {"colors": "class"},
        "boxes=False, labels=False": {"boxes": False, "labels": False},
        "masks=False, scores=False": {"masks": False, "scores": False},
    }
    drawn = {text: draw(image, found, demo.class_names, zoom=2, **options) for text, options in ways.items()}
    drawn["color_splash"] = twice(mk.visualize.color_splash(image, found))
    drawn["the picture"] = twice(image)
    return sheet([add_caption(picture, text) for text, picture in drawn.items()], columns=3)


@cache
def shapes(demo):
    """An unseen picture in which all shapes are found, of many the one with most; and what is found in it."""
    unseen = mk.ShapesDataset(count=40, image_size=(128, 128), seed=3)
    rows = []
    for i, found in zip(unseen.image_ids, demo.detect(map(unseen.load_image, unseen.image_ids), 0.5), strict=True):
        right = sorted(found.class_ids) == sorted(unseen.load_annotations(i).class_ids)
        rows.append((right, len(found), found.scores.min(initial=1), i, found))
    *_, image_id, found = max(rows, key=lambda row: row[:3])
    return unseen.load_image(image_id), found


def twice(image):
    return np.asarray(Image.fromarray(image).resize((2 * image.shape[1], 2 * image.shape[0]), Image.Resampling.LANCZOS))


def keypoints(demo, pose):
    """Stick figures that were not seen: of a hundred pictures the four whose points are nearest to the truth."""
    figures = mk.StickFiguresDataset(count=100, image_size=(128, 128), seed=1)
    images = [figures.load_image(i) for i in figures.image_ids]
    rows = []
    for image_id, found in zip(figures.image_ids, pose.detect(images, 0.8), strict=True):
        truth = figures.load_annotations(image_id)
        if len(truth) and len(truth) == len(found):
            order = [np.argsort(one.boxes[:, 1]) for one in (truth, found)]  # from left to right
            points, places = (one.keypoints[i] for one, i in zip((truth, found), order, strict=True))
            away = np.linalg.norm(points[..., :2] - places[..., :2], axis=-1)[points[..., 2] > 0]
            rows.append((away.max(initial=0), image_id, found))
    drawn = []
    for _, image_id, found in sorted(rows, key=lambda row: row[:2])[:4]:
        look = {"labels": False, "masks": False, "skeleton": pose.config.KEYPOINT_SKELETON}
        drawn.append(mk.visualize.draw_detections(images[image_id], found, zoom=2, **look))
    return sheet(drawn, columns=4)


def tracks(demo, pose):
    """A camera pans over shapes: four of its frames."""
    wide = mk.ShapesDataset(count=1, image_size=(128, 400), seed=27, min_shapes=7, max_shapes=7).load_image(0)
    frames = [wide[:, left : left + 128] for left in range(0, 270, 6)]
    tracker, drawn = mk.Tracker(), []
    for i, (frame, found) in enumerate(zip(frames, demo.detect(frames, 0.1), strict=True)):
        numbers = tracker.update(found)
        shown = (found.scores >= 0.6) & (numbers > 0)
        picture = mk.visualize.draw_tracks(frame, found[shown], numbers[shown], demo.class_names, zoom=2)
        if i in (4, 8, 12, 16):
            drawn.append(add_caption(picture, f"frame {i}"))
    return sheet(drawn, columns=4)


def tiles(demo, pose):
    """The same model on the picture as a whole, scaled down, and on tiles."""
    image = PhotographsDataset("right").load_image(1)[:608]
    side = {"IMAGE_RESIZE_MODE": "square", "IMAGE_MIN_DIM": 448, "IMAGE_MAX_DIM": 448}
    photographs_model()
    model = mk.MaskRCNN.load(RUN, **side)
    drawn = []
    for text, tile in {"the whole picture in 448 x 448 pixels": None, "tile=224, overlap=0.4": 224}.items():
        found = model.detect([image], min_score=0.5, tile=tile, overlap=0.4)[0]
        picture = mk.visualize.draw_detections(image, found, labels=False, boxes=False, alpha=0.35)
        drawn.append(add_caption(picture, f"{text}: {len(found)} found"))
    return sheet(drawn, columns=2)


def stages(demo, pose):
    """Anchors, proposals, classes and masks of one picture."""
    image, found = shapes(demo)
    seen = mk.visualize.network_stages(demo, image)
    figure, axes = plt.subplots(2, 2, figsize=(8, 8.4), layout="constrained")
    axes = axes.ravel()
    rois = seen["proposals"][:12], seen["refined_proposals"][:12], None, seen["class_ids"][:12], demo.class_names
    mk.visualize.draw_anchors(seen["image"], seen["anchors"], seen["rpn_scores"], limit=20, ax=axes[0])
    mk.visualize.draw_proposals(seen["image"], seen["proposals"], limit=12, ax=axes[1])
    mk.visualize.draw_rois(seen["image"], *rois, limit=12, ax=axes[2])
    axes[3].imshow(mk.visualize.draw_detections(image, found, demo.class_names, zoom=4))
    axes[0].get_legend().remove()
    for ax, title in zip(axes, ("best anchors", "proposals", "box head", "found"), strict=True):
        ax.set_title(title)
        ax.axis("off")
    return pixels(figure)


def features(demo, pose):
    """Levels of the pyramid."""
    seen = mk.visualize.network_stages(demo, shapes(demo)[0])
    figure = mk.visualize.display_feature_maps(seen["pyramid"][:3], ["P2", "P3", "P4"], channels=5)
    return pixels(figure)


def pixels(figure):
    """A matplotlib figure as [H, W, 3]."""
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    plt.close(figure)
    return np.asarray(Image.open(file).convert("RGB"))


def report(demo, pose):
    """Errors and curves in the page that a training ends with."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        options = ["--window-size=1200,3000", f"--user-data-dir={folder}/browser", f"--screenshot={shot}"]
        page = (Path(sys.argv[1]) / "report.html").resolve().as_uri()
        subprocess.run(["chromium", *FLAGS, *options, page], check=True, capture_output=True)
        return np.asarray(Image.open(shot).convert("RGB").crop((0, 1385, 1200, 2145)))


PICTURES = (dense, styles, keypoints, tracks, tiles, stages, features, report)


def main():
    demo, pose, *names = sys.argv[1:]
    demo, pose = mk.MaskRCNN.load(demo), mk.MaskRCNN.load(pose)
    GALLERY.mkdir(parents=True, exist_ok=True)
    for make in PICTURES:
        if not names or make.__name__ in names:
            picture = Image.fromarray(make(demo, pose))
            if picture.width > WIDTH:
                picture = picture.resize(
                    (WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS
                )
            picture.save(GALLERY / f"{make.__name__}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
