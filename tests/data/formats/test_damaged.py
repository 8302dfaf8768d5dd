"""300 randomly damaged files of each format: a clear error or a counted skip, never a traceback or a hang."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tests.data.formats.damage import check_damaged


def picture(pixels, kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(file, kind)
    return file.getvalue()


GREY = picture(np.full((20, 30), 99), "JPEG")
BOX = "<object><name>cat</name><bndbox><xmin>3</xmin><ymin>2</ymin><xmax>8</xmax><ymax>7.5</ymax></bndbox></object>"
VOC = (
    "<annotation><filename>a.jpg</filename><source><database>The VOC2012 Database</database></source>"
    f"<size><width>30</width><height>20</height></size><segmented>1</segmented>{BOX}{BOX}</annotation>"
)
OBJECTS = np.zeros((20, 30), np.uint8)
OBJECTS[2:9, 3:9], OBJECTS[12:18, 10:29], OBJECTS[12:13] = 1, 2, 255
CVAT = (
    "<?xml version='1.0' encoding='utf-8'?><annotations><version>1.1</version><meta><task><labels><label><name>cat"
    '</name></label></labels></task></meta><image id="0" name="a.jpg" subset="Train" width="30" height="20">'
    '<polygon label="cat" points="2.0,1.0;6.0,1.0;6.0,4.0;2.0,4.0" group_id="1"/><box label="cat" xtl="1" ytl="2" '
    'xbr="9" ybr="8" rotation="30"/><mask label="dog" rle="1, 2, 2, 1" left="10" top="5" width="3" height="2" '
    'group_id="1"/><ellipse label="cat" cx="15" cy="10" rx="9" ry="4"/><polyline label="cat" points="1,1;2,2"/></image>'
    '<image id="1" name="b.jpg" subset="Validation" width="30" height="20"></image></annotations>'
)
VIDEO = (
    "<annotations><version>1.1</version><meta><task><labels><label><name>cat</name></label></labels><original_size>"
    '<width>30</width><height>20</height></original_size></task></meta><track id="0" label="cat"><box frame="0" '
    'outside="0" xtl="3" ytl="4" xbr="10" ybr="5"/><box frame="1" outside="0" xtl="3" ytl="4" xbr="10" ybr="5"/>'
    '</track><track id="1" label="dog"><polygon frame="1" points="2,1;6,1;6,4;2,4"/></track></annotations>'
)
COORDINATES = {"x": 10, "y": 8.5, "width": 6, "height": 4}
CREATEML = [
    {"image": f"{name}.jpg", "annotations": [{"label": label, "coordinates": COORDINATES} for label in ("cat", "dog")]}
    for name in "ab"
]
LINES = "0 0.5 0.5 0.4 0.2\n1 0.1 0.2 0.9 0.2 0.9 0.8\n"
FILES = {
    "voc": {
        "JPEGImages/a.jpg": GREY,
        "JPEGImages/b.jpg": GREY,
        "Annotations/a.xml": VOC.encode(),
        "Annotations/b.xml": VOC.replace("a.jpg", "b.jpg").encode(),
        "SegmentationObject/a.png": picture(OBJECTS),
        "SegmentationClass/a.png": picture(OBJECTS),
        "ImageSets/Segmentation/train.txt": b"a\n",
        "ImageSets/Main/train.txt": b"a\nb\n",
        "labelmap.txt": b"# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:128,0,0::\ndog:0,128,0::\n",
    },
    "cvat": {"images/a.jpg": GREY, "images/b.jpg": GREY, "annotations.xml": CVAT.encode()},
    "cvat of a video": {
        "images/frame_000000.jpg": GREY,
        "images/frame_000001.jpg": GREY,
        "annotations.xml": VIDEO.encode(),
    },
    "createml": {"a.jpg": GREY, "b.jpg": GREY, "a.json": json.dumps(CREATEML).encode()},
    "yolo": {
        "images/train/a.jpg": GREY,
        "images/val/b.jpg": GREY,
        "labels/train/a.txt": LINES.encode(),
        "labels/val/b.txt": LINES.encode(),
        "data.yaml": b"path: .\ntrain: images/train\nval: [images/val]\nnames:\n  0: cat\n  1: 'big dog'  # b\n",
    },
    "yolo of darknet": {
        "data/a.jpg": GREY,
        "data/b.jpg": GREY,
        "data/a.txt": LINES.encode(),
        "data/b.txt": b"1 .5 .5 .2 .2\n",
        "train.txt": b"data/a.jpg\ndata/b.jpg\n",
        "obj.data": b"classes = 2\ntrain = train.txt\nnames = obj.names\n",
        "obj.names": b"cat\ndog\n",
    },
}


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files_are_refused_or_skipped(tmp_path, kind):
    loaded, skipped = check_damaged(tmp_path, FILES[kind], kind.split()[0])
    assert 20 < loaded < 300
    assert skipped > 3
