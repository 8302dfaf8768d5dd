"""What the commands of the pages name: each file or folder is made when the first command that names it is to run."""

import json
import shutil
from contextlib import contextmanager

import numpy as np
from PIL import Image

from mrcnn_keras.data import save_dataset
from mrcnn_keras.data.formats.coco import to_coco
from mrcnn_keras.data.generated import ShapesDataset, StickFiguresDataset
from mrcnn_keras.visualize import open_video
from mrcnn_keras.weights.fetch.published import COCO, IMAGENET
from tests.weights.fetch.loopback import serving
from tests.weights.files.saved_files import imagenet_file, save_h5, save_pickle, save_torch
from tests.weights.maps.thin_files import RESNET18, RESNET50, detectron2_file, matterport_file, torchvision_file

SIDE = 64  # pixels


def shapes(count, seed=0, side=SIDE):
    """Pictures of circles, squares and triangles."""
    return ShapesDataset(count=count, image_size=(side, side), seed=seed)


def people(count, seed=0):
    """Pictures of stick figures with keypoints."""
    return StickFiguresDataset(count=count, image_size=(SIDE, SIDE), seed=seed)


def coco_file(data, pictures):
    """-> a function that writes a COCO file, and its pictures to the folder `pictures` beside it."""

    def write(path):
        content = to_coco(data)
        (path.parent / pictures).mkdir(parents=True, exist_ok=True)
        for i, entry in enumerate(content["images"]):
            entry["file_name"] = f"{pictures}/{path.stem}-{i}.jpg"
            Image.fromarray(data.load_image(i)).save(path.parent / entry["file_name"])
        path.write_text(json.dumps(content))

    return write


def coco_folder(**files):
    """-> a function that makes a folder with COCO files and their pictures; files: name without .json -> Dataset."""

    def write(path):
        path.mkdir(parents=True)
        for name, data in files.items():
            coco_file(data, "images")(path / f"{name}.json")

    return write


def nuclei(count, seed=0, side=32):
    """-> a function that makes a folder in the layout of the 2018 Data Science Bowl: a file per picture and object."""

    def write(path):
        data = shapes(count, seed, side)
        for i in data.image_ids:
            image, found = data.load_example(i)
            folder = path / f"{path.name}-{i}"
            for inner in ("images", "masks"):
                (folder / inner).mkdir(parents=True)
            Image.fromarray(image).save(folder / "images" / f"{folder.name}.png")
            for number in range(len(found)):
                Image.fromarray(found.masks[..., number]).save(folder / "masks" / f"{number}.png")

    return write


def both(write, *names):
    """-> a function that makes a folder with these subsets; write: function of a number of pictures and a seed."""

    def fill(path):
        for seed, name in enumerate(names):
            write(5 - seed, seed)(path / name)

    return fill


def yolo(path):
    """data.yaml with the folders beside it."""
    save_dataset({"train": shapes(4), "val": shapes(2, seed=1)}, path.parent / "yolo", "yolo")
    shutil.copytree(path.parent / "yolo", path.parent, dirs_exist_ok=True)


def photograph(height, width):
    """-> a function that writes a picture."""

    def write(path):
        image = np.random.default_rng(0).integers(0, 200, (height, width, 3), dtype=np.uint8)
        image[height // 4 : height // 2, width // 4 : width // 2] = 255
        Image.fromarray(image).save(path)

    return write


def folder_of_pictures(count, ending="jpg"):
    """-> a function that makes a folder of pictures without annotations."""

    def write(path):
        path.mkdir(parents=True)
        data = shapes(count, seed=2)
        for i in data.image_ids:
            Image.fromarray(data.load_image(i)).save(path / f"{i}.{ending}")

    return write


def film(path, frames=3):
    """A film in which something moves."""
    with open_video(path, 10) as file:
        for number in range(frames):
            frame = np.zeros((SIDE, SIDE, 3), np.uint8)
            frame[20:50, 8 * number : 8 * number + 30] = (255, 255, 40)
            file.write(frame)


PLACES = {
    # pictures with annotations
    "photos": coco_folder(annotations=shapes(6)),
    "more-photos": coco_folder(annotations=shapes(2, seed=1)),
    "DATA": coco_folder(train=shapes(3), val=shapes(2, seed=1)),
    "photos/train": coco_folder(annotations=shapes(4)),
    "photos/val": coco_folder(annotations=shapes(2, seed=1)),
    "/data/photos": coco_folder(annotations=shapes(6)),
    "data.yaml": yolo,
    "first.json": coco_file(shapes(4), "pictures"),
    "corrected.json": coco_file(shapes(3, seed=1), "pictures"),
    "fruits_nuts/data": coco_folder(trainval=shapes(14)),
    "person_keypoints_train2017.json": coco_file(people(4), "train2017"),
    "person_keypoints_val2017.json": coco_file(people(2, seed=1), "val2017"),
    "coco": coco_folder(person_keypoints_train2017=people(4), person_keypoints_val2017=people(2, seed=1)),
    "FRUITS": coco_folder(trainval=shapes(18)),
    "NUCLEI": both(lambda count, seed: nuclei(236 if seed == 0 else 3, seed), "train", "val"),
    "FOLDER": both(nuclei, "train", "val"),
    "stage1_train": nuclei(236),
    "stage1_val": nuclei(3, seed=1),
    "stage1_test": nuclei(2, seed=2),
    "train": nuclei(5),
    "val": nuclei(2, seed=1),
    # pictures without
    "PICTURES": folder_of_pictures(2),
    "pictures": folder_of_pictures(3),
    "/data/pictures": folder_of_pictures(3),
    "unlabelled": folder_of_pictures(3),
    "photo.jpg": photograph(60, 80),
    "other.png": photograph(80, 60),
    "photo.png": photograph(60, 80),
    "orthophoto.tif": photograph(700, 1100),
    "sky.png": photograph(300, 440),
    "party.jpg": photograph(60, 80),
    "walk.mp4": film,
    "party.mp4": film,
    # published weights under their names; the classes are COCO's
    "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth": lambda path: save_torch(path, torchvision_file(classes=91)),
    "model_final_f10217.pkl": lambda path: save_pickle(path, detectron2_file(classes=80)),
    "mask_rcnn_coco.h5": lambda path: save_h5(path, matterport_file(classes=81, **RESNET50)),
}
# Trained models: `run` is what `mrcnn train photos/` writes.
RUNS = {"run", "RUN", "custom-run", "pose-run", "shapes-run"}
# Where another machine or disk is: here a folder of the same name below the page's own.
MOUNTED = "/data/"


@contextmanager
def published(monkeypatch, folder):
    """The published weights, from a server on this computer: thin networks of the same kinds.

    folder: for the cache, and the files until they are sent.
    """
    files = [
        (COCO, "torchvision_v1", save_torch, torchvision_file(classes=91)),
        (COCO, "torchvision_v2", save_torch, torchvision_file(classes=91, v2=True)),
        (COCO, "torchvision_keypoint", save_torch, torchvision_file(classes=2, masks=False, keypoints=17)),
        (COCO, "detectron2_r50_fpn", save_pickle, detectron2_file(classes=80)),
        (IMAGENET, ("resnet18", "3x3"), save_torch, imagenet_file(**RESNET18)),
        (IMAGENET, ("resnet50", "3x3"), save_torch, imagenet_file(**RESNET50)),
    ]
    folder.mkdir()
    with serving(monkeypatch, folder / "home") as (put, _):
        for number, (table, key, save, tensors) in enumerate(files):
            put(table, key, save(folder / str(number), tensors))
        yield
