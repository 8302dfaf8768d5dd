"""Backbones, from a normalised image to a map per stage, and what the heads read: a pyramid or the last map."""

from mrcnn_keras.backbones.applications import application_backbone
from mrcnn_keras.backbones.fpn import FPN, LastMap
from mrcnn_keras.backbones.given import given_backbone
from mrcnn_keras.backbones.resnet import resnet_backbone
from mrcnn_keras.backbones.roi_stage import RoIStage

__all__ = ["FPN", "LastMap", "RoIStage", "application_backbone", "given_backbone", "resnet_backbone"]
