"""MaskRCNN, the front door: the network as a functional Keras model that trains, detects, saves and loads."""

import functools
import os
import zipfile
import zlib
from contextlib import nullcontext

import keras
import numpy as np
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.detections import Detections, as_boxes, paste_mask
from mrcnn_keras.errors import UserError
from mrcnn_keras.model.checkpoints import PUBLISHED, load_into, of_variables, open_checkpoint, open_published
from mrcnn_keras.model.network import image_inputs, inference_outputs, make_parts, training_outputs
from mrcnn_keras.model.optimizer import make_optimizer, spare_from_decay
from mrcnn_keras.ops import detections as detection_ops
from mrcnn_keras.ops import images as image_ops
from mrcnn_keras.ops import losses as loss_ops
from mrcnn_keras.ops import masks as mask_ops
from mrcnn_keras.resize import as_rgb


@keras.saving.register_keras_serializable("mrcnn_keras")
class MaskRCNN(keras.Model):
    """Mask R-CNN (He et al. 2017); without masks, Faster R-CNN; with PROPOSALS "given" and without masks, Fast R-CNN.

    The model itself is the training mode: fit it on dicts as make_pipeline gives them (image [B, H, W, 3] RGB 0..255,
    image_size [B, 2], gt_boxes [B, G, 4], gt_class_ids [B, G], gt_masks [B, G, h, w] uint8, gt_keypoints
    [B, G, K, (y, x, visibility)]; proposals [B, R, 4] where they are given). `inference` is the other mode, a
    functional keras.Model over the same layers: image and image_size (and proposals) in, a dict of boxes, class_ids,
    scores, num_detections, masks and keypoints out, in pixels of the network image. `detect` wraps it for photographs.
    """

    def __init__(self, config):
        config = Config.from_dict(config) if isinstance(config, dict) else config
        if not isinstance(config, Config):
            raise UserError(
                f"MaskRCNN got a {type(config).__name__}; give a Config, such as Config.preset('resnet18_fpn')"
            )
        parts = make_parts(config)
        inputs = {
            **image_inputs(parts),
            "gt_boxes": keras.Input((None, 4), name="gt_boxes"),
            "gt_class_ids": keras.Input((None,), dtype="int32", name="gt_class_ids"),
        }
        if config.MASKS:
            inputs["gt_masks"] = keras.Input((None, *config.MINI_MASK_SHAPE), dtype="uint8", name="gt_masks")
        if config.NUM_KEYPOINTS:
            inputs["gt_keypoints"] = keras.Input((None, config.NUM_KEYPOINTS, 3), name="gt_keypoints")
        super().__init__(inputs, training_outputs(parts, **inputs), name=config.NAME)
        self.config = config
        self.parts = parts
        self.loss_names = list(config.loss_names())
        self.loss_trackers = [keras.metrics.Mean(name=name) for name in self.loss_names]

    # --- training

    def compile(self, optimizer=None, jit_compile=False, **kwargs):
        """Keras's compile; without an optimizer, the one that the settings describe."""
        if optimizer is None:
            optimizer = make_optimizer(
                self.config.OPTIMIZER,
                self.config.LEARNING_RATE,
                momentum=self.config.LEARNING_MOMENTUM,
                weight_decay=self.config.WEIGHT_DECAY,
                clip_norm=self.config.GRADIENT_CLIP_NORM,
            )
        optimizer = keras.optimizers.get(optimizer)
        spare_from_decay(optimizer)
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """L = L_cls + L_box of the RPN and the heads + L_mask + L_keypoint, each times its weight in LOSS_WEIGHTS."""
        losses = self.losses_of(y_pred)
        for name, tracker in zip(self.loss_names, self.loss_trackers, strict=True):
            tracker.update_state(losses[name])
        total = tf.add_n([losses[name] * self.config.LOSS_WEIGHTS[name] for name in self.loss_names])
        # Under tf.distribute gradients of the replicas are added up.
        return (total + sum(self.losses)) / tf.distribute.get_strategy().num_replicas_in_sync

    def losses_of(self, outputs):
        """The parts of the loss, by name, from what the training mode's forward pass made."""
        losses = {}
        if "rpn_logits" in outputs:
            losses["rpn_class_loss"] = loss_ops.objectness_loss(outputs["rpn_logits"], outputs["rpn_labels"])
            losses["rpn_bbox_loss"] = loss_ops.box_loss(
                outputs["rpn_deltas"],
                outputs["rpn_target_deltas"],
                outputs["rpn_labels"],
                self.config.RPN_BBOX_BETA,
            )
        losses |= {
            "mrcnn_class_loss": loss_ops.class_loss(outputs["class_logits"], outputs["roi_class_ids"]),
            "mrcnn_bbox_loss": loss_ops.box_loss(
                loss_ops.of_class(outputs["box_deltas"], outputs["roi_class_ids"]),
                outputs["roi_target_deltas"],
                outputs["roi_class_ids"],
                self.config.BBOX_BETA,
            ),
        }
        if self.config.MASKS:
            losses["mrcnn_mask_loss"] = loss_ops.mask_loss(
                outputs["mask_logits"], outputs["mask_targets"], outputs["mask_class_ids"], self.config.MASK_LOSS
            )
        if self.config.NUM_KEYPOINTS:
            losses["mrcnn_keypoint_loss"] = loss_ops.keypoint_loss(
                outputs["keypoint_logits"], outputs["keypoint_cells"]
            )
        return losses

    # --- inference

    @functools.cached_property
    def inference(self):
        """The inference mode, a functional keras.Model."""
        inputs, outputs, _ = self._inference_graph
        return keras.Model(inputs, outputs, name=f"{self.config.NAME}_inference")

    def inference_tensors(self, *names):
        """A keras.Model from a picture, as `inference` takes it, to intermediate tensors of the inference mode.

        names: window, normalized (what the backbone sees), stages (C2 .. C5), pyramid (P2 .. P6), anchors, rpn_logits,
        rpn_deltas (each a list over levels; with PROPOSALS "given" there is given_proposals instead), proposals,
        box_features, class_logits, box_deltas, detections, with masks mask_features, mask_logits, and with keypoints
        keypoint_features, keypoint_logits.
        Returns a dict of them. (Shared layers' own `.output` is that of the training mode.)
        """
        inputs, _, tensors = self._inference_graph
        for name in names:
            if name not in tensors:
                raise UserError(f"the inference mode has no tensor {name!r}; there are {', '.join(tensors)}")
        return keras.Model(inputs, {name: tensors[name] for name in names})

    @functools.cached_property
    def _inference_graph(self):
        inputs = image_inputs(self.parts)
        return inputs, *inference_outputs(self.parts, **inputs)

    @property
    def class_names(self):
        """Names of the classes, background first; () where they are unknown."""
        return self.config.CLASS_NAMES

    @property
    def max_detections(self):
        """Detections that a picture can have."""
        return self.config.DETECTION_MAX_INSTANCES

    @property
    def takes_proposals(self):
        """Whether `detect` needs proposals for each picture."""
        return self.config.PROPOSALS == "given"

    @property
    def keypoint_sigmas(self):
        """How exact each keypoint is, for evaluation; () where the dataset decides."""
        return self.config.KEYPOINT_SIGMAS

    def predict(self, x, **kwargs):
        """Keras's predict of the inference mode: x is a dict of its inputs, such as image, or batches of it."""
        return self.inference.predict(x, **kwargs)

    def export(self, filepath, **kwargs):
        """Keras's export of the inference mode alone; for one that takes photographs see mrcnn_keras.export."""
        return self.inference.export(filepath, **kwargs)

    def answer(self, images, proposals=None):
        """Detections of photographs of one size, as tensors; runs in a graph.

        images [B, H, W, 3] uint8 RGB; proposals [B, R, 4], of a model that takes them, in the photographs' pixels, best
        first, rows without area are padding. Returns a dict: boxes [B, N, 4] in the photographs' pixels, class_ids
        [B, N], scores [B, N], num_detections [B], masks [B, N, h, w] 0..1, each inside its box, and keypoints
        [B, N, K, (y, x, score)] in the photographs' pixels.
        """
        config, shape = self.config, tf.shape(images)
        resized, network, offset = image_ops.plan_resize(shape[1], shape[2], **config.resize_options())
        # Convolutions cannot answer to no pictures at all: then one black picture is looked at, and left out again.
        missing = tf.cast(shape[0] == 0, tf.int32)
        images = tf.pad(images, [[0, missing], [0, 0], [0, 0], [0, 0]])
        resized_images = image_ops.resize_images(images, resized, network, offset, config.resize_method())
        sizes = tf.repeat(resized[None], shape[0] + missing, axis=0)
        inputs = {"image": resized_images, "image_size": sizes}
        if proposals is not None:
            proposals = tf.pad(proposals, [[0, missing], [0, 0], [0, 0]])
            inputs["proposals"] = image_ops.boxes_to_network(proposals, shape[1:3], resized, offset)
        found = self.inference(inputs)
        boxes = image_ops.boxes_to_photograph(
            found["boxes"],
            shape[1:3],
            resized,
            offset,
            corners=config.BOX_CORNERS,
            whole_pixels=config.DETECTION_WHOLE_PIXELS,
        )
        found = {**found, "boxes": boxes}
        if config.NUM_KEYPOINTS:
            found["keypoints"] = image_ops.keypoints_to_photograph(
                found["keypoints"], shape[1:3], resized, offset, corners=config.BOX_CORNERS
            )
        found = detection_ops.without_empty(found)
        return {name: value[: shape[0]] for name, value in found.items()}

    def mask_boxes(self, boxes):
        """The boxes [..., 4] that the masks of `answer` are spread over, given its boxes."""
        return mask_ops.paste_boxes(boxes, self.config.mask_side(), self.config.MASK_PASTE)

    def answer_signature(self):
        """{argument of `answer`: tf.TensorSpec}."""
        signature = {"images": tf.TensorSpec((None, None, None, 3), tf.uint8, name="images")}
        if self.takes_proposals:
            signature["proposals"] = tf.TensorSpec((None, None, 4), tf.float32, name="proposals")
        return signature

    @functools.cached_property
    def _answer(self):
        return tf.function(self.answer, input_signature=[*self.answer_signature().values()])

    def detect(self, images, min_score=None, proposals=None):
        """Finds objects in photographs of any number and any sizes.

        images: list of [H, W, 3] RGB uint8 (grey [H, W], [H, W, 1] and RGBA are converted). min_score: drops what
        scores lower; None: the setting DETECTION_MIN_CONFIDENCE decides. proposals: of a model that takes them, a list
        with [N, (y1, x1, y2, x2)] a picture, in its pixels, best first. Returns a list of Detections.
        """
        images = photographs(images)
        given = proposals_of(images, proposals, self.takes_proposals)
        found = [self._detect(image, *more) for image, more in zip(images, given, strict=True)]
        return found if min_score is None else [detections.above(min_score) for detections in found]

    def _detect(self, image, *given):
        found = {name: value[0] for name, value in self._answer(image[None], *given).items()}
        count = int(found["num_detections"])
        boxes = found["boxes"].numpy()[:count]
        crops = None
        if self.config.MASKS:
            masks, size = found["masks"].numpy(), image.shape[:2]
            spread = self.mask_boxes(found["boxes"]).numpy()
            crops = [paste_mask(masks[i], spread[i], size) for i in range(count)]
        class_ids, scores = (found[name].numpy()[:count] for name in ("class_ids", "scores"))
        keypoints = found["keypoints"].numpy()[:count] if self.config.NUM_KEYPOINTS else None
        return Detections(image.shape[:2], boxes, class_ids, scores, crops, keypoints)

    # --- saving

    @classmethod
    def from_checkpoint(cls, path, **overrides):
        """The model that a file of another project holds, with its weights: its settings are found in the file.

        path: a file as `load_weights` takes it, but for a .keras file, which `load` reads. overrides: settings on
        top, such as DETECTION_MIN_CONFIDENCE.
        """
        if path in PUBLISHED:
            raise UserError(
                f"from_checkpoint({path!r}): give a file, or MaskRCNN(Config.preset(NAME)).load_weights({path!r})"
            )
        with open_checkpoint(path) as checkpoint:
            model = cls(checkpoint.config(**overrides))
            model._take(checkpoint)
        return model

    def load_weights(self, filepath, **kwargs):
        """Takes the weights of a file; the kind of file is found by looking into it. Returns a LoadReport.

        filepath: a checkpoint of torchvision (.pth), Detectron2 (.pkl, .pth), Matterport (.h5) or keras.applications
        (.h5), a .safetensors with the names of one of these, a .keras file of this package, or "coco" or "imagenet":
        the published file that belongs to the preset, which is fetched once. Heads that do not fit, since the number
        of classes differs, stay as they were made; the report, printed too and kept as `load_report`, tells it.
        A .weights.h5 file goes to Keras, with `kwargs`, which other files do not have. Raises UserError for a file that
        cannot be read or is of another model; the model is then as it was.
        """
        if str(filepath).endswith(".weights.h5"):
            try:
                return super().load_weights(filepath, **kwargs)
            except (OSError, ValueError) as error:
                raise UserError(f"{filepath} does not fit this model or cannot be read: {error}") from error
        if kwargs:
            raise UserError(
                f"load_weights of {filepath} has no {', '.join(kwargs)}: names are matched, and heads with another "
                "number of classes made anew, without being told; leave it out"
            )
        with self._checkpoint(filepath) as checkpoint:
            return self._take(checkpoint)

    def _take(self, checkpoint):
        self.load_report = load_into(self._weights_by_path(), self.config, checkpoint)
        print(self.load_report)
        return self.load_report

    def _checkpoint(self, filepath):
        if filepath in PUBLISHED:
            return open_published(self.config, filepath)
        if str(filepath).endswith(".keras"):
            other = MaskRCNN.load(filepath)
            return nullcontext(of_variables(filepath, other.config, other._weights_by_path()))
        return open_checkpoint(filepath)

    def _weights_by_path(self):
        """{path: variable} but for counters of steps."""
        return {variable.path: variable for variable in self.weights if variable.dtype.startswith("float")}

    @classmethod
    def load(cls, path):
        """Reads a .keras file that `save` wrote, with its optimizer."""
        try:
            model = keras.saving.load_model(path, safe_mode=True)
        except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            reason = " ".join(str(error).split())[:200]
            raise UserError(f"{path} cannot be read as a .keras model ({reason}); give a whole one") from error
        if not isinstance(model, cls):
            raise UserError(f"{path} holds a {type(model).__name__}, not a MaskRCNN; give a file that its save wrote")
        return model

    def get_config(self):
        return {"config": self.config.to_dict()}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        return cls(Config.from_dict(config["config"]))

    def get_compile_config(self):
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer)} if self.compiled else None

    def compile_from_config(self, config):
        self.compile(keras.saving.deserialize_keras_object(config["optimizer"]))
        self.optimizer.build(self.trainable_variables)


def photographs(images):
    """A list of pictures -> list of [H, W, 3] uint8 RGB. Raises UserError for what is none."""
    if not isinstance(images, (list, tuple)) and np.ndim(images) in (2, 3):
        raise UserError(f"detect got one picture of shape {np.shape(images)}; give a list: model.detect([image])")
    images = [images] if isinstance(images, (str, os.PathLike)) else images
    return [_as_rgb(image, index) for index, image in enumerate(images)]


def proposals_of(images, proposals, wanted):
    """-> for each picture what the model takes besides it: (), or where proposals are wanted ([1, N, 4] float32,)."""
    if not wanted:
        if proposals is not None:
            raise UserError("this model finds its proposals itself; call detect without them")
        return [()] * len(images)
    if proposals is None or len(proposals) != len(images):
        given = "none" if proposals is None else len(proposals)
        raise UserError(
            f"this model takes proposals, and {given} were given for {len(images)} pictures; give one array "
            "[N, (y1, x1, y2, x2)] a picture: model.detect(images, proposals=[boxes, ...])"
        )
    return [(as_boxes(boxes, f"picture {index}: proposals")[None],) for index, boxes in enumerate(proposals)]


def _as_rgb(image, index):
    """A picture as [H, W, 3] uint8."""
    if isinstance(image, (str, os.PathLike)):
        raise UserError(f"picture {index} is {str(image)!r}; give its pixels, [height, width, 3] RGB")
    rgb = as_rgb(image)
    if rgb is None:
        raise UserError(f"picture {index} has shape {np.shape(image)}; give [height, width, 3] RGB")
    if rgb.dtype != np.uint8:
        raise UserError(f"picture {index} has type {rgb.dtype}; give uint8 0..255")
    return rgb
