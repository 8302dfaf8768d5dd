"""Keras's registry knows the classes of this package, whichever of the two was imported first.

Keras looks up the classes of a saved model by name, and does not import a package for them. Importing the model at
`import mrcnn_keras` would take TensorFlow's seconds; importing it as soon as Keras is imported could be in the middle
of TensorFlow's own import. So Keras is given a stand-in for each class, which imports it when it is called for.
"""

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder

PACKAGE = "mrcnn_keras"  # under this name the classes register themselves
CLASSES = (
    "AnchorLayer",
    "AnchorTargetLayer",
    "BatchNorm",
    "BoxCorners",
    "BoxHead",
    "ChannelScale",
    "Conv2D",
    "DepthwiseConv2D",
    "DetectionKeypoints",
    "DetectionLayer",
    "DetectionMasks",
    "FPN",
    "FlattenDetections",
    "GivenProposalsLayer",
    "GroupNorm",
    "HeNormalInPieces",
    "KeypointHead",
    "KeypointTargetLayer",
    "LastMap",
    "MaskHead",
    "MaskMLP",
    "MaskRCNN",
    "MaskTargetLayer",
    "NormalizeImages",
    "PickAnchors",
    "PickRoIs",
    "ProposalLayer",
    "RPNHead",
    "RoIAlignLayer",
    "RoIStage",
    "RoITargetLayer",
    "WindowLayer",
)


def register_classes():
    """Registers the stand-ins: at once if Keras is imported, otherwise as soon as it is."""
    if "keras" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _KerasFinder())


def _registered():
    return sys.modules["keras"].saving.get_custom_objects()


def _register():
    for name in CLASSES:
        _registered().setdefault(f"{PACKAGE}>{name}", _StandIn(f"{PACKAGE}>{name}"))


class _StandIn:
    """In the registry until the class of that name is imported, which then takes its place."""

    def __init__(self, name):
        self.name = name

    def from_config(self, config):
        importlib.import_module(f"{PACKAGE}.model.mask_rcnn")
        return _registered()[self.name].from_config(config)


class _KerasFinder(MetaPathFinder):
    """Finds Keras as the other finders do, once, to register the stand-ins when it is imported."""

    def find_spec(self, name, path=None, target=None):
        if name != "keras":
            return None
        found = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _KerasLoader(spec.loader, self)
        return spec


class _KerasLoader(Loader):
    def __init__(self, loader, finder):
        self.loader, self.finder = loader, finder

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader  # nobody sees this one afterwards
        self.loader.exec_module(module)
        sys.meta_path.remove(self.finder)
        _register()
