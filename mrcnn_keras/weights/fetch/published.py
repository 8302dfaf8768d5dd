"""The published files of weights: where they are, how to know them again, and which one belongs to a model.

`url`, `license` and the AP of boxes, masks and keypoints (COCO val2017) are what the projects say about their files. A
size or a whole sha256 is given where public records were found that agree with the project's own (rounded) size, or
with the digits in the file's name; otherwise only these digits are known: torchvision's names have the first 8 of the
sha256, Detectron2's the first 6 of the md5. docs/checkpoints.md says where each was found.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from mrcnn_keras.errors import UserError

TORCHVISION = "https://download.pytorch.org/models/"
DETECTRON2 = "https://dl.fbaipublicfiles.com/detectron2/"
MATTERPORT = "https://github.com/matterport/Mask_RCNN/releases/download/v2.0/"
FOLDERS = {"faster": "COCO-Detection", "mask": "COCO-InstanceSegmentation", "keypoint": "COCO-Keypoints"}
KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"


@dataclass(frozen=True, kw_only=True)
class PublishedFile:
    """A published file.

    size: bytes, or None. sha256, md5: hexadecimal, all digits or the first ones, or None; one of them is known.
    backbone, stride_in: the values of BACKBONE and BACKBONE_STRIDE_IN that the weights are for. box_ap, mask_ap,
    keypoint_ap: in percent, or None.
    """

    url: str
    project: str
    license: str
    backbone: str
    stride_in: str
    size: int | None = None
    sha256: str | None = None
    md5: str | None = None
    box_ap: float | None = None
    mask_ap: float | None = None
    keypoint_ap: float | None = None

    @property
    def name(self):
        """The file's name."""
        return self.url.rpartition("/")[2]


def _torchvision(name, size=None, sha256=None, **facts):
    facts |= {"size": size, "sha256": sha256 or name.removesuffix(".pth").rpartition("-")[2]}
    backbone = re.search(r"resnet\d+|resnext\d+_\d+x\d+d", name)[0]
    terms = "torchvision states no licence for its weights (its code is BSD-3-Clause): terms of the data may apply"
    project = {"project": "torchvision", "license": terms, "stride_in": "3x3"}
    return PublishedFile(url=TORCHVISION + name, backbone=backbone, **project, **facts)


def _detectron2(path, **facts):
    """path: of the file in one of FOLDERS, without its ending."""
    model, architecture, digits = re.fullmatch(r"([a-z]+)_rcnn_(\w_\d+)\w*_FPN_3x/\d+/model_final_(\w+)", path).groups()
    backbone = {"R_50": "resnet50", "R_101": "resnet101", "X_101": "resnext101_32x8d"}[architecture]
    facts = {"md5": digits, "stride_in": "3x3" if architecture == "X_101" else "1x1", **facts}
    terms = "Creative Commons Attribution-ShareAlike 3.0 (CC BY-SA 3.0)"
    url = f"{DETECTRON2}{FOLDERS[model]}/{path}.pkl"
    return PublishedFile(url=url, project="Detectron2", license=terms, backbone=backbone, **facts)


def _keras(backbone, **facts):
    name = f"{backbone}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    terms = "MIT (converted from the ResNets of Kaiming He and others)"
    project = {"project": "keras.applications", "license": terms, "stride_in": "1x1"}
    return PublishedFile(url=f"{KERAS}resnet/{name}", backbone=backbone, **project, **facts)


def _application(path, backbone, md5):
    terms = "Keras states none for the file; the projects that it comes from, of Google, are under Apache-2.0"
    project = {"project": "keras.applications", "license": terms, "stride_in": "3x3"}
    return PublishedFile(url=KERAS + path, backbone=backbone, md5=md5, **project)


def _mobilenet(size, md5):
    path = f"mobilenet_v3/weights_mobilenet_v3_{size}_224_1.0_float_no_top_v2.h5"
    return _application(path, f"mobilenet_v3_{size}", md5)


def _efficientnet(size, md5):
    return _application(f"efficientnet_v2/efficientnetv2-{size}_notop.h5", f"efficientnet_v2_{size}", md5)


COCO = {
    "torchvision_v1": _torchvision(
        "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth",
        178_090_079,
        "bf2d0c1efbc936eeee2bc95a48e80ebc86b891f61b0106485937fc29f9315fc0",
        box_ap=37.9,
        mask_ap=34.6,
    ),
    "torchvision_v2": _torchvision(
        "maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth",
        185_828_065,
        "73cbd0190fcbe3ba339921fbce2c3a0b6bb9126c9a133c85e43a2a8e060a109e",
        box_ap=47.4,
        mask_ap=41.8,
    ),
    "torchvision_faster_v1": _torchvision(
        "fasterrcnn_resnet50_fpn_coco-258fb6c6.pth",
        167_502_836,
        "258fb6c638b15964ddcdd1ae0748c5eef1be9e732750120cc857feed3faac384",
        box_ap=37.0,
    ),
    "torchvision_faster_v2": _torchvision(
        "fasterrcnn_resnet50_fpn_v2_coco-dd69338a.pth",
        175_221_657,
        "dd69338a24b8d7381807e247652bdc356325bcbaf1cd3e092e00e0a1a58706bf",
        box_ap=46.7,
    ),
    "torchvision_keypoint": _torchvision(
        "keypointrcnn_resnet50_fpn_coco-fc266e95.pth",
        237_034_793,
        "fc266e953d2b302cdcbb9ae66f71f6b0d4649928bf02dc573961e361e4918926",
        box_ap=54.6,
        keypoint_ap=65.0,
    ),
    "detectron2_r50_fpn": _detectron2(
        "mask_rcnn_R_50_FPN_3x/137849600/model_final_f10217",
        size=177_841_981,
        sha256="9a737e290372f1f70994ebcbd89d8004dbb3ae30a605fd915a190fa4a782dd66",
        box_ap=41.0,
        mask_ap=37.2,
    ),
    "detectron2_r101_fpn": _detectron2(
        "mask_rcnn_R_101_FPN_3x/138205316/model_final_a3ec72", box_ap=42.9, mask_ap=38.6
    ),
    "detectron2_x101_fpn": _detectron2(
        "mask_rcnn_X_101_32x8d_FPN_3x/139653917/model_final_2d9806",
        sha256="12f6e1811baf1b4d329c3f5ac5ec52d8f634d3cedc82a13fff55d0c05d84f442",
        box_ap=44.3,
        mask_ap=39.5,
    ),
    "detectron2_faster_r50_fpn": _detectron2(
        "faster_rcnn_R_50_FPN_3x/137849458/model_final_280758",
        sha256="3c25caca37baabbff3e22cc9eb0923db165a0c18b867871a3bf3570bac9b7ef0",
        box_ap=40.2,
    ),
    "detectron2_faster_r101_fpn": _detectron2("faster_rcnn_R_101_FPN_3x/137851257/model_final_f6e8b1", box_ap=42.0),
    "detectron2_faster_x101_fpn": _detectron2(
        "faster_rcnn_X_101_32x8d_FPN_3x/139173657/model_final_68b088",
        sha256="fe5ad56ff746aa55c5f453b01f8395134e9281d240dbeb473411d4a6b262c9dc",
        box_ap=43.0,
    ),
    "detectron2_keypoint_r50_fpn": _detectron2(
        "keypoint_rcnn_R_50_FPN_3x/137849621/model_final_a6e10b", box_ap=55.4, keypoint_ap=65.5
    ),
    "detectron2_keypoint_r101_fpn": _detectron2(
        "keypoint_rcnn_R_101_FPN_3x/138363331/model_final_997cc7", box_ap=56.4, keypoint_ap=66.1
    ),
    "detectron2_keypoint_x101_fpn": _detectron2(
        "keypoint_rcnn_X_101_32x8d_FPN_3x/139686956/model_final_5ad38f", box_ap=57.3, keypoint_ap=66.0
    ),
    "matterport": PublishedFile(
        url=MATTERPORT + "mask_rcnn_coco.h5",
        project="Matterport Mask R-CNN",
        license="Matterport states no licence for its weights (its code is MIT): terms of the data may apply",
        backbone="resnet101",
        stride_in="1x1",
        size=257_557_808,
        md5="e98aaff6f99e307b5e2a8a3ff741a518",
    ),
}
# The settings of resnet50_fpn fit torchvision's file except for a few conventions, to which fine-tuning adapts.
COCO["resnet50_fpn"] = COCO["torchvision_v1"]

# By BACKBONE and BACKBONE_STRIDE_IN. torchvision's files are those of its first training recipe (IMAGENET1K_V1).
IMAGENET = {
    (file.backbone, file.stride_in): file
    for file in (
        _torchvision(
            "resnet18-f37072fd.pth", 46_830_571, "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec"
        ),
        _torchvision(
            "resnet34-b627a593.pth", 87_319_819, "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f"
        ),
        _torchvision(
            "resnet50-0676ba61.pth", 102_530_333, "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a"
        ),
        _torchvision(
            "resnet101-63fe2227.pth", None, "63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a"
        ),
        _torchvision("resnext101_32x8d-8ba56ff5.pth", size=356_082_095),
        _torchvision("resnext101_64x4d-173b62eb.pth"),
        _keras("resnet50", size=94_765_736, md5="4d473c1dd8becc155b73f8504c6f6626"),
        _keras("resnet101", size=171_446_536, md5="88cf7a10940856eca736dc7b7e228a21"),
        # The checksums are those in Keras's source.
        _mobilenet("small", "d3e8ec802a04aa4fc771ee12a9a9b836"),
        _mobilenet("large", "07fb09a5933dd0c8eaafa16978110389"),
        _efficientnet("b0", "893217f2bb855e2983157299931e43ff"),
        _efficientnet("b1", "0e80663031ca32d657f9caa404b6ec37"),
        _efficientnet("b2", "1dfe2e7a5d45b6632553a8961ea609eb"),
        _efficientnet("b3", "f6abf7b5849ac99a89b50dd3fd532856"),
        _efficientnet("s", "af0682fb74e8c54910f2d4393339c070"),
        _efficientnet("m", "1b8dc055df72dde80d614482840fe342"),
        _efficientnet("l", "b0b66b5c863aef5b46e8608fe1711615"),
    )
}
# Their blocks have two 3x3 convolutions: there is no choice where the stride is.
BASIC_BLOCKS = ("resnet18", "resnet34")


def published_file(preset, backbone, stride_in, kind):
    """The PublishedFile that belongs to a model. Raises UserError, with those that there are, if there is none.

    preset: the name of the preset that the model's settings come from, or None. backbone, stride_in: its BACKBONE and
    BACKBONE_STRIDE_IN. kind: "coco" (the whole model) or "imagenet" (the backbone).
    """
    if kind == "coco":
        return _coco_file(preset, backbone, stride_in)
    if kind == "imagenet":
        return _imagenet_file(backbone, stride_in)
    raise UserError(f"weights {kind!r} are not published; there are 'coco' and 'imagenet', or give a file")


def _coco_file(preset, backbone, stride_in):
    if preset not in COCO:
        which = "settings without a preset have" if preset is None else f"preset {preset!r} has"
        raise UserError(f"{which} no published COCO weights; take 'imagenet', or one of the presets {', '.join(COCO)}")
    file = COCO[preset]
    for setting, needed, given in (
        ("BACKBONE", file.backbone, backbone),
        ("BACKBONE_STRIDE_IN", file.stride_in, stride_in),
    ):
        if given != needed:
            raise UserError(
                f"{setting} = {given!r}: the published COCO weights of preset {preset!r} are for {needed!r}; "
                f"leave {setting} out, or take 'imagenet'"
            )
    return file


def _imagenet_file(backbone, stride_in):
    file = IMAGENET.get((backbone, "3x3" if backbone in BASIC_BLOCKS else stride_in))
    if file is None:
        there = ", ".join(f"{name} with {place!r}" for name, place in IMAGENET)
        raise UserError(
            f"BACKBONE = {backbone!r} with BACKBONE_STRIDE_IN = {stride_in!r} has no published ImageNet weights; "
            f"there are {there}"
        )
    return file


# torchvision's maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth; Detectron2's model_final_f10217.pkl, with digits of the md5
# (the sha256 of this file begins with 9a737e).
PATTERNS = {"sha256": r".*-([0-9a-f]{8})\.pth", "md5": r"model_final_([0-9a-f]{6})\.pkl"}


def digest_of(path, kind):
    """The sha256 or md5 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def name_hash_mismatch(path):
    """A sentence for the user if the file's name has digits of another checksum than its content, else None.

    It is a note and no error: a file may have been trained further and kept its name.
    """
    path = Path(path)
    for kind, pattern in PATTERNS.items():
        if match := re.fullmatch(pattern, path.name):
            digits, found = match[1], digest_of(path, kind)
            if not found.startswith(digits):
                return (
                    f"{path} is not the published file of that name: its {kind} begins with {found[: len(digits)]}, "
                    f"not {digits}; unless you changed it yourself, download it again"
                )
    return None
