"""MaskRCNN, the front door: the network as a functional Keras model that trains, detects, saves and loads."""

import functools
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from mrcnn_keras.architectures import GIVEN
from mrcnn_keras.backend import check_process
from mrcnn_keras.config import GIVEN_BACKBONE, PRESETS, Config
from mrcnn_keras.detections import check_score, proposals_of
from mrcnn_keras.errors import UserError
from mrcnn_keras.files import replace_folder
from mrcnn_keras.model.checkpoints import (
    PRESET_FILES,
    PUBLISHED,
    PUBLISHED_PRESETS,
    Checkpoint,
    existing_file,
    load_into,
    load_keras,
    load_state,
    open_checkpoint,
    open_published,
)
from mrcnn_keras.model.detecting import BEST, Detector, lowest_scores
from mrcnn_keras.model.distribution import clip_whole_gradient, is_multi_worker, make_step, padded_alike
from mrcnn_keras.model.fixed_sizes import check_compilable
from mrcnn_keras.model.fused_updates import fuse_updates
from mrcnn_keras.model.losses import loss_parts
from mrcnn_keras.model.network import Network
from mrcnn_keras.model.network_inputs import checked_inputs
from mrcnn_keras.model.optimizer import check_accumulation, exclude_from_weight_decay, make_optimizer
from mrcnn_keras.model.precision import computing_in
from mrcnn_keras.model.strict_model import StrictModel, refuse_arguments, refuse_hdf5
from mrcnn_keras.model.tiled import Tiled
from mrcnn_keras.model.trainability import (
    apply_changes,
    check_names,
    optimizer_paths,
    trainable_by_path,
    trainable_changes,
)
from mrcnn_keras.ops import masks as mask_ops
from mrcnn_keras.ops.replicas import of_whole_batch
from mrcnn_keras.pictures import as_picture, as_pictures


@keras.saving.register_keras_serializable("mrcnn_keras")
class MaskRCNN(StrictModel):
    """Mask R-CNN (He et al. 2017); without masks, Faster R-CNN; with given proposals and without masks, Fast R-CNN.

    A functional Keras model in two modes over the same layers. The model itself, `model(x)`, `fit` and `evaluate`, is
    the **training mode**: ground truth goes in with the images, and everything that the losses compare comes out. The
    **inference mode** is `inference`, a functional `keras.Model` of its own; `predict`, `predict_on_batch` and `export`
    run it, and `detect` wraps it for photographs of any size.

    The training mode takes dicts as `make_pipeline` makes them: `image` `[B, H, W, 3]` RGB 0..255, `image_size`
    `[B, 2]`, `gt_boxes` `[B, G, 4]`, `gt_class_ids` `[B, G]`, `gt_masks` `[B, G, h, w]` uint8, `gt_keypoints`
    `[B, G, K, (y, x, visibility)]`, and `proposals` `[B, R, 4]` where they are given.

    Args:
        config: `Config`, or the dict that its `to_dict` returns.
        backbone: A `keras.Model` of your own instead of the setting BACKBONE, which then is "given": from images
            `[B, H, W, 3]`, normalised by MEAN_PIXEL and STD_PIXEL, to C2 .. C5, see `backbones.given_backbone`. It is
            saved with the model, as Keras saves models.

    Raises:
        UserError: If `config` or `backbone` is something else.
    """

    def __init__(self, config, backbone=None):
        check_process()
        config = Config.from_dict(config) if isinstance(config, dict) else config
        if not isinstance(config, Config):
            raise UserError(
                f"MaskRCNN got a {type(config).__name__}; give a Config, such as Config.preset('resnet18_fpn')"
            )
        if backbone is not None:
            config = config.replace(**GIVEN_BACKBONE)
        elif config.BACKBONE == GIVEN:
            raise UserError(f"BACKBONE = {GIVEN!r} needs the backbone itself: MaskRCNN(config, backbone=keras_model)")
        with computing_in(config.PRECISION):
            network = Network(config, backbone)
            inputs = {
                **network.inputs(),
                "gt_boxes": keras.Input((None, 4), name="gt_boxes"),
                "gt_class_ids": keras.Input((None,), dtype="int32", name="gt_class_ids"),
            }
            if config.MASKS:
                inputs["gt_masks"] = keras.Input((None, *config.MINI_MASK_SHAPE), dtype="uint8", name="gt_masks")
            if config.NUM_KEYPOINTS:
                inputs["gt_keypoints"] = keras.Input((None, config.NUM_KEYPOINTS, 3), name="gt_keypoints")
            super().__init__(inputs, network.train(**inputs), name=config.NAME)
        self._config = config
        self.network = network
        if backbone is not None:
            check_names(self)
        self.loss_names = list(config.loss_names())
        self.loss_trackers = [keras.metrics.Mean(name=name) for name in self.loss_names]
        self._trainable_at_first = trainable_by_path(self)

    @property
    def config(self):
        """The settings that the network was made from."""
        return self._config

    @config.setter
    def config(self, other):
        raise UserError(
            "model.config cannot be replaced, since the network is made from it; open the model with other settings: "
            "MaskRCNN.load(path, NAME=value), or MaskRCNN(config) and then load_weights(path)"
        )

    @property
    def precision(self):
        """What the network computes in here: `"float32"`, `"bfloat16"` or `"float16"`, see the setting PRECISION."""
        return self.compute_dtype

    # --- training

    def compile(self, optimizer=None, loss=None, jit_compile=False, **kwargs):
        """Keras's compile. The losses are the model's own, and metrics have no `y_true` to compare with.

        Args:
            optimizer: A Keras optimizer or its name; `None`: the one that the settings describe.
            loss: `None` only.
            jit_compile: Boolean, whether XLA compiles the training step, and the network for full batches in `detect`
                and for photographs in `predict` (of the first four sizes that there are, and without keypoints). Each
                size is compiled by itself, which takes minutes: so `fit` wants pictures of one size (IMAGE_RESIZE_MODE
                "square" or "crop"), and `"auto"` is `False`.
            **kwargs: `run_eagerly` and `steps_per_execution`, as in Keras. All of these come back with a saved model.

        Raises:
            UserError: If a loss, loss weights or metrics are given, XLA cannot compile the network, or gradients are to
                be accumulated on several devices.
        """
        refuse_arguments("compile", {"loss": loss, **kwargs})
        if optimizer is None:
            optimizer = make_optimizer(
                self.config.OPTIMIZER,
                self.config.peak_learning_rate(),
                momentum=self.config.LEARNING_MOMENTUM,
                weight_decay=self.config.WEIGHT_DECAY,
                clip_norm=self.config.GRADIENT_CLIP_NORM,
                accumulation=self.config.GRADIENT_ACCUMULATION,
                ema_momentum=self.config.EMA_MOMENTUM,
            )
        optimizer = keras.optimizers.get(optimizer)
        check_accumulation(optimizer, self.distribute_strategy.num_replicas_in_sync)
        exclude_from_weight_decay(optimizer)
        fuse_updates(optimizer)
        super().compile(optimizer=optimizer, jit_compile=jit_compile, **kwargs)

    @property
    def jit_compile(self):
        """Whether XLA compiles the training step and detection: what `compile` was asked for."""
        return bool(self._jit_compile)

    @jit_compile.setter
    def jit_compile(self, value):
        # Keras's own would turn it off, as RoIAlignLayer.supports_jit is False: by that "auto" is False.
        if value:
            check_compilable(self.config, self.distribute_strategy.num_replicas_in_sync)
        self._jit_compile = value

    def make_train_function(self, force=False):
        """Keras's. Makes the optimizer's variables first: made while the step is traced, they cost a second trace.

        Args:
            force: Boolean, as in Keras.
        """
        if not self.optimizer.built:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            clip_whole_gradient(self.optimizer)
        if not is_multi_worker(self.distribute_strategy):
            super().make_train_function(force)
        elif self.train_function is None or force:
            self.train_function = make_step(self, self.train_step)

    def make_test_function(self, force=False):
        """Keras's. It is never compiled by XLA, as the pictures of validation data may have any size.

        Args:
            force: Boolean, as in Keras.
        """
        if is_multi_worker(self.distribute_strategy):
            if self.test_function is None or force:
                self.test_function = make_step(self, self.test_step)
            return
        compiled, self._jit_compile = self._jit_compile, False
        try:
            super().make_test_function(force)
        finally:
            self._jit_compile = compiled

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # A functional model is built already; Keras's own fails where devices have batches of different shapes.
        pass

    def call(self, inputs, training=None, mask=None, **kwargs):
        """The training mode, also where tf.distribute has no picture of the last batch left for a replica."""
        check_process()
        if tf.distribute.get_strategy().num_replicas_in_sync == 1:
            return super().call(inputs, training=training, mask=mask, **kwargs)
        # Convolutions have no output for no images at all: then one black image is used, and left out again.
        missing = tf.cast(tf.shape(inputs["image"])[0] == 0, tf.int32)
        padded = {k: tf.pad(v, [[0, missing], *[[0, 0]] * (len(v.shape) - 1)]) for k, v in inputs.items()}
        outputs = super().call(padded_alike(padded), training=training, mask=mask, **kwargs)
        return {name: value[: tf.shape(value)[0] - missing] for name, value in outputs.items()}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The sum of the parts of the loss (losses.py), each times its weight in the setting LOSS_WEIGHTS."""
        refuse_arguments("fit or evaluate", {"sample_weight": sample_weight})
        losses = of_whole_batch(self.losses_of(y_pred))
        seen = tf.cast(tf.shape(y_pred["class_logits"])[0] > 0, tf.float32)  # 0 in a replica that got no picture
        for name, tracker in zip(self.loss_names, self.loss_trackers, strict=True):
            tracker.update_state(losses[name], sample_weight=seen)
        total = tf.add_n([losses[name] * self.config.LOSS_WEIGHTS[name] for name in self.loss_names])
        # Under tf.distribute gradients of the replicas are added up.
        return (total + sum(self.losses)) / tf.distribute.get_strategy().num_replicas_in_sync

    def losses_of(self, outputs):
        """The parts of the loss.

        Args:
            outputs: Dict of what the training mode outputs.

        Returns:
            Dict of scalars by the names in `loss_names`.
        """
        betas = {"rpn_beta": self.config.RPN_BBOX_BETA, "box_beta": self.config.BBOX_BETA}
        return loss_parts(outputs, mask_loss=self.config.MASK_LOSS, **betas)

    # --- inference

    @functools.cached_property
    def inference(self):
        """The inference mode, a functional `keras.Model`.

        Its inputs are `image`, `image_size` and, where they are given, `proposals`; its output is a dict of `boxes`
        `[B, N, 4]`, `class_ids` `[B, N]`, `scores` `[B, N]`, `num_detections` `[B]`, `masks` `[B, N, h, w]` 0..1 inside
        their boxes, and `keypoints` `[B, N, K, (y, x, score)]`, in pixels of the network image.
        """
        inputs, outputs, _ = self._inference_graph
        name = f"{self.config.NAME}_inference"
        number = keras.backend.get_uid(name)  # two models may be parts of a third, where names must differ
        return keras.Model(inputs, outputs, name=name if number == 1 else f"{name}_{number}")

    def inference_tensors(self, *names):
        """A model from an image, as `inference` takes it, to intermediate tensors of the inference mode.

        (Shared layers' own `.output` is that of the training mode.)

        Args:
            *names: Strings: window, normalized (what the backbone takes), stages (C2 .. C5), pyramid (P2 .. P6),
                anchors, rpn_logits, rpn_deltas (each a list over levels; with given proposals there is given_proposals
                instead), proposals, box_features, class_logits, box_deltas, detections, with masks mask_features and
                mask_logits, and with keypoints keypoint_features and keypoint_logits.

        Returns:
            `keras.Model` whose output is a dict of these tensors.

        Raises:
            UserError: If there is no tensor of that name.
        """
        inputs, _, tensors = self._inference_graph
        for name in names:
            if name not in tensors:
                raise UserError(f"the inference mode has no tensor {name!r}; there are {', '.join(tensors)}")
        return keras.Model(inputs, {name: tensors[name] for name in names})

    def __dir__(self):
        # Keras's save and load ask for the value of each attribute: these would be made for it, and hold no weights.
        return sorted({*super().__dir__()} - {"inference", "_inference_graph", "_detector"})

    @functools.cached_property
    def _inference_graph(self):
        inputs = self.network.inputs()
        return inputs, *self.network.detect(**inputs)

    @property
    def class_names(self):
        """Names of the classes, background first; () where they are unknown."""
        return self.config.CLASS_NAMES

    @property
    def max_detections(self):
        """The most detections that an image can have."""
        return self.config.DETECTION_MAX_INSTANCES

    @property
    def takes_proposals(self):
        """Whether `detect` needs proposals for each image."""
        return self.config.PROPOSALS == "given"

    @property
    def keypoint_sigmas(self):
        """How exact each keypoint is, for evaluation; () where the dataset decides."""
        return self.config.KEYPOINT_SIGMAS

    def predict(self, x, batch_size=None, **kwargs):
        """Keras's predict, of the inference mode.

        Args:
            x: Photographs as `detect` takes them, a list of `[H, W, 3]` uint8 RGB or a batch `[B, H, W, 3]`; or inputs
                of `inference`: a dict of arrays, or a `tf.data.Dataset` of such dicts. Ground truth in a dict is left
                out.
            batch_size: Integer, photographs or rows per step; default the setting BATCH_SIZE.
            **kwargs: As in Keras, for inputs of `inference`.

        Returns:
            Dict of arrays: the output of `inference`; for photographs with boxes and keypoints in their own pixels.

        Raises:
            UserError: If `x` is none of these, or has no end.
        """
        check_process()
        if isinstance(x, tf.data.Dataset):
            if isinstance(x.element_spec, tuple) or not isinstance(x.element_spec, dict):
                raise UserError("predict got a tf.data.Dataset that has no dicts; give batches of image and image_size")
            if kwargs.get("steps") is None and x.cardinality() == tf.data.INFINITE_CARDINALITY:
                raise UserError("predict got a tf.data.Dataset without end, as make_pipeline has it; give steps=N")
            return self.inference.predict(x.map(self._inference_inputs), **kwargs)
        batch_size = batch_size or self.config.BATCH_SIZE
        if isinstance(x, dict):
            inputs = checked_inputs(x, self.inference.input)
            return self.inference.predict(inputs, batch_size=batch_size, **kwargs)
        if self.takes_proposals:
            raise UserError("this model takes proposals; call detect(images, proposals=[boxes, ...])")
        images = as_pictures(x)
        if np.ndim(x) == 4 and not isinstance(x, (list, tuple)):  # of one size
            batches = [np.stack(images[i : i + batch_size]) for i in range(0, len(images), batch_size)]
        else:
            batches = [image[None] for image in images]
        batches = batches or [np.zeros((0, 1, 1, 3), np.uint8)]
        found = [self._detector.batch(batch) for batch in batches]
        return {name: np.concatenate([part[name] for part in found]) for name in found[0]}

    def predict_on_batch(self, x):
        """`predict` of one batch.

        Args:
            x: A batch of photographs `[B, H, W, 3]` uint8 RGB, or a dict of inputs of `inference`.

        Returns:
            Dict of arrays, as `predict` returns it.
        """
        check_process()
        if isinstance(x, dict):
            return self.inference.predict_on_batch(checked_inputs(x, self.inference.input))
        return self.predict(x, batch_size=max(len(x), 1))

    def _inference_inputs(self, inputs):
        """The entries of a dict that the inference mode takes."""
        return {name: inputs[name] for name in self.inference.input if name in inputs}

    def export(self, filepath, **kwargs):
        """Keras's export, of the inference mode alone; for one that takes photographs see `mrcnn_keras.export`.

        Args:
            filepath: Path of the folder to write.
            **kwargs: As in Keras.
        """
        self.inference.export(filepath, **kwargs)

    def answer(self, images, proposals=None, limits=None):
        """Detections in photographs of one size, as tensors; for use in graphs.

        Args:
            images: `[B, H, W, 3]` uint8 RGB.
            proposals: `[B, R, 4]` float32, of a model that takes them, in pixels of the photographs, best first; rows
                without area are padding.
            limits: (lowest score, most detections), float32 and int32, `[B]` or one number each; `None`: the settings
                alone decide. What they leave out gets no mask and no keypoints, which saves the time.

        Returns:
            Dict of `boxes` `[B, N, 4]` in pixels of the photographs, `class_ids` `[B, N]`, `scores` `[B, N]`,
            `num_detections` `[B]`, `masks` `[B, N, h, w]` 0..1, each inside its box, and `keypoints`
            `[B, N, K, (y, x, score)]` in pixels of the photographs.
        """
        check_process()
        return self._detector.answer(images, proposals, limits)

    def mask_boxes(self, boxes):
        """The boxes that the masks of `answer` are spread over.

        Args:
            boxes: `[..., 4]`, the boxes of `answer`.

        Returns:
            `[..., 4]` float32, pixels of the photographs.
        """
        return mask_ops.paste_boxes(boxes, self.config.mask_side(), self.config.MASK_PASTE)

    def answer_signature(self):
        """The arguments of `answer`.

        Returns:
            Dict of `tf.TensorSpec` by the name of the argument.
        """
        signature = {"images": tf.TensorSpec((None, None, None, 3), tf.uint8, name="images")}
        if self.takes_proposals:
            signature["proposals"] = tf.TensorSpec((None, None, 4), tf.float32, name="proposals")
        return signature

    @functools.cached_property
    def _detector(self):
        return Detector(self)

    def detect(self, images, min_score=None, proposals=None, batch_size=None, *, tile=None, overlap=0.2):
        """Finds objects in photographs of any number and sizes.

        Args:
            images: A list of `[H, W, 3]` uint8 RGB, or a batch `[B, H, W, 3]`. Grey (`[H, W]`, `[H, W, 1]`), RGBA,
                16-bit and bool arrays, floats from 0 to 255 and Pillow images of any mode are converted; a Pillow image
                is taken as it is stored, whatever its EXIF orientation.
            min_score: Float, 0 to 1: drops detections with a lower score, before their masks are computed. `None`: the
                setting DETECTION_MIN_CONFIDENCE decides, below which nothing is found (a warning says so). `"best"`:
                for each class the score with the highest F1, if it was measured (`mrcnn evaluate --save-thresholds`).
            proposals: Of a model that takes them, a list of `[N, (y1, x1, y2, x2)]`, one per image, in its pixels,
                best first.
            batch_size: Integer, photographs of the same network size that go through the network together; `None`: one
                of more than 256 x 256 pixels, up to eight small ones.
            tile: Integer, side of the tiles that larger photographs are cut into, pixels, see `Tiled`; `None`: none.
            overlap: Float, share of a tile's side that the next tile shows, too.

        Returns:
            List of `Detections`, one per image.

        Raises:
            UserError: If an image is not an image, proposals are missing or not wanted, or no best scores are known.
        """
        if tile is not None:
            return Tiled(self, tile, overlap).detect(images, min_score, proposals, batch_size)
        images = as_pictures(images)
        given = proposals_of(len(images), proposals, self.takes_proposals)
        pictures = [
            (image, () if boxes is None else (boxes[None],)) for image, boxes in zip(images, given, strict=True)
        ]
        return [*self._detect_each(pictures, min_score, batch_size)]

    def detect_each(self, images, min_score=None, batch_size=None):
        """`detect` for more photographs than fit into memory; not for models that take proposals.

        Args:
            images: An iterable of photographs, as in `detect`. It is read in another thread, a few photographs ahead.
            min_score: As in `detect`.
            batch_size: As in `detect`.

        Returns:
            A generator of `Detections`, in the order of the photographs.

        Raises:
            UserError: As in `detect`; for something other than a photograph, when its turn comes.
        """
        proposals_of(0, None, self.takes_proposals)
        pictures = ((as_picture(image, f"picture {index}"), ()) for index, image in enumerate(images))
        return self._detect_each(pictures, min_score, batch_size)

    def _detect_each(self, pictures, min_score, batch_size):
        """pictures: pairs of a photograph and (), or its proposals in a tuple."""
        check_process()
        limit = self.config.DETECTION_MIN_CONFIDENCE
        if isinstance(min_score, str) and min_score == BEST:
            lowest = lowest_scores(self.config, min_score)
            found = self._detector.each(pictures, max(limit, lowest.min()), batch_size)
            return (one.above(lowest[one.class_ids]) for one in found)
        check_score(min_score)
        if min_score is not None and min_score < limit:
            warnings.warn(
                f"min_score={min_score:g} is below the model's DETECTION_MIN_CONFIDENCE={limit:g}: it finds "
                f"nothing there; open it with MaskRCNN.load(path, DETECTION_MIN_CONFIDENCE={min_score:g})",
                stacklevel=3,
            )
        return self._detector.each(pictures, limit if min_score is None else min_score, batch_size)

    # --- saving

    @classmethod
    def from_preset(cls, preset, load_weights=True, **settings):
        """A model by name, or from a folder, as in KerasHub.

        Args:
            preset: Name of a preset, such as `"torchvision_v2"`, or a folder that `save_to_preset` or a training wrote.
            load_weights: Boolean, whether the model gets the weights of the folder, or the published COCO weights of
                the preset, which are fetched once. Where none are published, it keeps its random weights.
            **settings: Settings to change, such as `NUM_CLASSES`; heads that no longer fit are re-initialised.

        Returns:
            A `MaskRCNN`; if it got weights, its `load_report` says which.

        Raises:
            UserError: If there is no such preset or folder, a setting is wrong, or the weights cannot be obtained.
        """
        if preset not in PRESETS and Path(preset).is_dir():
            with open_checkpoint(preset) as checkpoint:
                model = cls._like(checkpoint, settings)
                if load_weights:
                    model.load_weights(checkpoint)
            return model
        if preset not in PRESETS and (Path(preset).suffix or len(Path(preset).parts) > 1):
            raise UserError(f"{existing_file(preset)} is a file; open it with MaskRCNN.load or from_checkpoint")
        model = cls(Config.preset(preset, **settings))
        if load_weights and preset in PUBLISHED_PRESETS:
            model.load_weights("coco")
        elif load_weights:
            print(f"no weights of preset {preset!r} are published: the model starts from random ones")
        return model

    def save_to_preset(self, folder):
        """Writes settings and weights, without the optimizer, for `from_preset`: config.json and model.weights.h5.

        Args:
            folder: Path of the folder. It appears whole; an older preset there is replaced.

        Raises:
            UserError: If the folder holds something else, or the backbone is your own.
        """
        if self.config.BACKBONE == GIVEN:
            raise UserError("a preset has settings and weights alone, no backbone of your own; save a .keras file")
        folder = Path(folder)
        if folder.exists() and (not folder.is_dir() or {p.name for p in folder.iterdir()} - set(PRESET_FILES)):
            raise UserError(f"{folder} holds something else than a preset; give another folder")
        with replace_folder(folder) as temporary:
            self.config.save(temporary / PRESET_FILES[0])
            self.save_weights(temporary / PRESET_FILES[1])

    @classmethod
    def from_checkpoint(cls, path, **overrides):
        """The model that a file of another project holds, with its weights: its settings are found in the file.

        Args:
            path: A file as `load_weights` takes it, except a `.keras` file, which `load` reads.
            **overrides: Settings to change, such as `DETECTION_MIN_CONFIDENCE`.

        Returns:
            A `MaskRCNN`; what became of the file's tensors is its `load_report`.

        Raises:
            UserError: If the file cannot be read, or holds no whole model.
        """
        if path in PUBLISHED:
            raise UserError(
                f"from_checkpoint({path!r}): give a file, or MaskRCNN(Config.preset(NAME)).load_weights({path!r})"
            )
        if existing_file(path).suffix == ".keras":
            raise UserError(f"{path} is a .keras model; open it with MaskRCNN.load")
        with open_checkpoint(path) as checkpoint:
            model = cls._like(checkpoint, overrides)
            model.load_weights(checkpoint)
        return model

    @classmethod
    def _like(cls, checkpoint, settings):
        """A new model with the settings of a checkpoint and those given; what is frozen there is frozen here.

        Its values need no proof beforehand: if one of them cannot be read, nobody has this model yet.
        """
        checkpoint.verified = True
        model = cls(checkpoint.config(**settings), checkpoint.backbone)
        apply_changes(model, checkpoint.trainable)
        return model

    def load_weights(self, filepath, skip_mismatch=False, **kwargs):
        """Takes the weights of a file; the kind of file is found by reading its beginning.

        Layers that do not fit, since the number of classes differs, stay as they were initialised; the report, which
        is printed too and kept as `load_report`, says so.

        Args:
            filepath: A checkpoint of torchvision (`.pth`), Detectron2 (`.pkl`, `.pth`), Matterport (`.h5`) or
                keras.applications (`.h5`), a `.safetensors` with the names of one of these, a `.keras` or `.weights.h5`
                file of this package, an open `Checkpoint`, or `"coco"` or `"imagenet"`: the published file that belongs
                to the preset, which is fetched once. A `.weights.h5` of the same model also has the optimizer's state.
            skip_mismatch: For Keras's callers: heads that do not fit are re-initialised in any case.
            **kwargs: None.

        Returns:
            A `LoadReport`.

        Raises:
            UserError: If the file cannot be read or is of another model; the model is then as it was.
        """
        if kwargs:
            raise UserError(
                f"load_weights of {filepath} takes no {', '.join(kwargs)}: names are matched, and heads with another "
                "number of classes re-initialised, without being asked; leave it out"
            )
        if not isinstance(filepath, Checkpoint):
            open_file = functools.partial(open_published, self.config) if filepath in PUBLISHED else open_checkpoint
            with open_file(filepath) as checkpoint:
                return self.load_weights(checkpoint)
        self._take(filepath)
        print(self.load_report)
        return self.load_report

    def _take(self, checkpoint):
        report = load_into(self._weights_by_path(), self.config, checkpoint)
        load_state(self, checkpoint, report)
        self.load_report = report

    def _weights_by_path(self):
        """All float variables by path: no step counters."""
        return {variable.path: variable for variable in self.weights if variable.dtype.startswith("float")}

    @classmethod
    def load(cls, path, **settings):
        """Reads a `.keras` file that `save` wrote.

        Args:
            path: The file, or the folder of a training, for its best.keras (last.keras, if there is no other yet).
            **settings: Settings to change, such as `DETECTION_MIN_CONFIDENCE`.

        Returns:
            A `MaskRCNN`. It comes with its optimizer, unless `settings` are given.

        Raises:
            UserError: If the file cannot be read, or holds another model.
        """
        if settings:
            with open_checkpoint(path) as checkpoint:
                model = cls._like(checkpoint, settings)
                model._take(checkpoint)
            if not model.load_report.complete or model.load_report.notes:
                print(model.load_report)
            return model
        model = load_keras(path)
        if not isinstance(model, cls):
            raise UserError(f"{path} holds a {type(model).__name__}, not a MaskRCNN; give a file that its save wrote")
        return model

    def get_config(self):
        refuse_hdf5()
        changes = trainable_changes(self, self._trainable_at_first)
        config = {"config": self.config.to_dict()} | ({"trainable": changes} if changes else {})
        if self.config.BACKBONE == GIVEN:
            config["backbone"] = keras.saving.serialize_keras_object(self.network.backbone)
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        backbone = config.get("backbone") and keras.saving.deserialize_keras_object(config["backbone"])
        model = cls(Config.from_dict(config["config"]), backbone)
        apply_changes(model, config.get("trainable", {}))
        return model

    def get_compile_config(self):
        if not self.compiled:
            return None
        config = {"optimizer": keras.saving.serialize_keras_object(self.optimizer)} | {
            name: getattr(self, name) for name in ("jit_compile", "run_eagerly", "steps_per_execution")
        }
        # Layers that were frozen after the first step keep their part of the optimizer's state.
        paths = optimizer_paths(self)
        same = paths == [variable.path for variable in self.trainable_variables]
        return config if same else config | {"optimizer_variables": paths}

    def compile_from_config(self, config):
        optimizer = keras.saving.deserialize_keras_object(config["optimizer"])
        options = {name: value for name, value in config.items() if name != "optimizer_variables"}
        self.compile(**{**options, "optimizer": optimizer})
        by_path = self._weights_by_path()
        paths = config.get("optimizer_variables", [variable.path for variable in self.trainable_variables])
        if paths:
            self.optimizer.build([by_path[path] for path in paths])
