"""Photographs in, detections in their pixels out: one graph for exports, and batches with work beside the network."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from mrcnn_keras.detections import Detections, paste_mask
from mrcnn_keras.errors import UserError
from mrcnn_keras.ops import detections as detection_ops
from mrcnn_keras.ops import images as image_ops

# Unless a number is given, a batch has as many pictures as have this many network pixels in all: on a processor more
# gain little for their memory. (Four pictures of 128 x 128 take 0.7 of the time of one by one, of 832 x 832 0.9.)
BATCH_PIXELS, LARGEST_BATCH = 256 * 256, 8
COMPILED_SIZES = 4  # shapes of batches that XLA compiles the network for, since each takes minutes
BEST = "best"  # as a lowest score: what was measured for each class


def lowest_scores(config, min_score):
    """The lowest score of each class.

    Args:
        config: `Config` of the model.
        min_score: Float, or "best": those of the setting CLASS_MIN_SCORES.

    Returns:
        `[C]` float64 by class id; that of the background, which is never found, is 1.

    Raises:
        UserError: If the best ones have not been measured.
    """
    if not (isinstance(min_score, str) and min_score == BEST):
        return np.full(config.NUM_CLASSES, min_score, float)
    if not config.CLASS_MIN_SCORES:
        raise UserError(
            "the best scores of this model are not known; `mrcnn evaluate MODEL DATA --save-thresholds` measures them "
            "and saves them in it"
        )
    return np.array([1, *config.CLASS_MIN_SCORES])


class Detector:
    """The path of photographs through the network of a MaskRCNN, and back to their own pixels."""

    def __init__(self, model):
        self.model = model
        photographs, *given = model.answer_signature().values()
        self._prepare = tf.function(self.prepare, input_signature=[photographs, *given], autograph=False)
        inputs = {name: tf.TensorSpec(spec.shape, spec.dtype) for name, spec in model.network.inputs().items()}
        limits = tf.TensorSpec((), tf.float32), tf.TensorSpec((), tf.int32)
        options = {"input_signature": [inputs, limits], "autograph": False}
        self._find, self._compiled = (
            tf.function(self.find, jit_compile=compiled, **options) for compiled in (None, True)
        )
        self._compiled_for = set()  # shapes of images
        self._restore = tf.function(self.restore, reduce_retracing=True, autograph=False)

    # --- graphs

    def prepare(self, images, proposals=None):
        """-> inputs of the network, and a plan, which says how the photographs were resized.

        images [B, H, W, 3] uint8 of one size; proposals [B, R, 4] in their pixels.
        """
        shape = tf.shape(images)
        resized, network, offset = image_ops.plan_resize(shape[1], shape[2], **self.model.config.resize_options())
        # Convolutions have no output for no images at all: then one black image is used, and left out again.
        rows = tf.maximum(shape[0], 1)
        method = self.model.config.resize_method()
        inputs = {
            "image": image_ops.resize_images(_padded(images, rows), resized, network, offset, method),
            "image_size": tf.tile(tf.expand_dims(resized, 0), [rows, 1]),
        }
        if proposals is not None:
            inputs["proposals"] = image_ops.boxes_to_network(_padded(proposals, rows), shape[1:3], resized, offset)
        return inputs, {"count": shape[0], "size": shape[1:3], "resized": resized, "offset": offset}

    def find(self, inputs, limits=None):
        """-> what the network finds in its inputs, in their pixels. limits: as in `MaskRCNN.answer`."""
        return self.model.network.detect(**inputs, limits=limits)[0]

    def restore(self, found, plan):
        """-> what `find` gave, in pixels of the photographs, as `MaskRCNN.answer` returns it."""
        config, place = self.model.config, (plan["size"], plan["resized"], plan["offset"])
        whole, corners = config.DETECTION_WHOLE_PIXELS, config.BOX_CORNERS
        boxes = image_ops.boxes_to_photograph(found["boxes"], *place, corners=corners, whole_pixels=whole)
        found = {**found, "boxes": boxes}
        if config.NUM_KEYPOINTS:
            found["keypoints"] = image_ops.keypoints_to_photograph(found["keypoints"], *place, corners=corners)
        found = detection_ops.without_empty(found)
        return {name: value[: plan["count"]] for name, value in found.items()}

    def answer(self, images, proposals=None, limits=None):
        """The three one after the other: `MaskRCNN.answer`."""
        inputs, plan = self.prepare(images, proposals)
        if limits is not None:
            rows = tf.shape(inputs["image_size"])[0]
            each = (tf.broadcast_to(tf.reshape(limit, [-1]), [plan["count"]]) for limit in limits)
            limits = [_padded(limit, rows) for limit in each]
        return self.restore(self.find(inputs, limits), plan)

    # --- pictures

    def batch(self, images):
        """`answer` for photographs of one size, [B, H, W, 3] uint8, by the graphs that `each` has made."""
        inputs, plan = self._prepare(images)
        return self._restore(self._found(inputs, self._limits(0.0)), plan)

    def _found(self, inputs, limits):
        """`find`, compiled by XLA where the model was compiled so, for the first sizes that there are."""
        # The maps of keypoints become as large as their boxes: a loop without static shape.
        if self.model.jit_compile and not self.model.config.NUM_KEYPOINTS:
            shape = tuple(inputs["image"].shape)
            if len(self._compiled_for) < COMPILED_SIZES:
                self._compiled_for.add(shape)
            if shape in self._compiled_for:
                return self._compiled(inputs, limits)
        return self._find(inputs, limits)

    def each(self, pictures, min_score, batch_size=None):
        """Yields the Detections of each picture, in order.

        One thread takes pictures from the iterable and resizes them, the network works in another on those that have
        the same size there, and a third pastes masks. No more than two batches are under way.

        pictures: an iterable of pairs, a photograph [H, W, 3] uint8 and () or, for a model that takes them, a tuple of
        its proposals [1, N, 4].
        batch_size: None: by BATCH_PIXELS.
        """
        source, limits, most = iter(pictures), self._limits(min_score), 1
        under_way, waiting = deque(), {}
        with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as network, ThreadPoolExecutor(1) as paster:
            coming = reader.submit(self._next, source)
            while coming or under_way:
                while coming and len(under_way) < 2 * most:
                    picture = coming.result()
                    coming = picture and reader.submit(self._next, source)
                    if picture:
                        under_way.append(picture)
                        batch = waiting.setdefault(picture.sides, [])
                        batch.append(picture)
                        most = batch_size or min(max(BATCH_PIXELS // np.prod(picture.sides), 1), LARGEST_BATCH)
                        if len(batch) >= most:
                            network.submit(self._run, waiting.pop(picture.sides), limits, paster, self._found)
                if under_way:
                    picture = under_way.popleft()
                    if picture in waiting.get(picture.sides, ()):
                        # Not full: XLA would have to compile for this number of pictures, too.
                        network.submit(self._run, waiting.pop(picture.sides), limits, paster, self._find)
                    yield picture.found.result()

    def _limits(self, min_score):
        return tf.constant(min_score, tf.float32), tf.constant(self.model.max_detections, tf.int32)

    def _next(self, source):
        for photograph, given in source:
            return _Picture(*self._prepare(photograph[None], *given))
        return None

    def _run(self, pictures, limits, paster, find):
        """The network's work for pictures of one size; what it finds goes on to the paster."""
        try:
            inputs = {name: _joined([picture.inputs[name] for picture in pictures]) for name in pictures[0].inputs}
            found = find(inputs, limits)
            for row, picture in enumerate(pictures):
                paster.submit(self._finish, picture, {name: value[row : row + 1] for name, value in found.items()})
        except BaseException as error:
            for picture in pictures:
                picture.found.set_exception(error)

    def _finish(self, picture, found):
        try:
            picture.found.set_result(self._detections(found, picture.plan))
        except BaseException as error:
            picture.found.set_exception(error)

    def _detections(self, found, plan):
        found = {name: value[0] for name, value in self._restore(found, plan).items()}
        count, size = int(found["num_detections"]), tuple(plan["size"].numpy().tolist())
        crops = None
        if "masks" in found:
            masks, spread = found["masks"].numpy(), self.model.mask_boxes(found["boxes"]).numpy()
            crops = [paste_mask(masks[i], spread[i], size) for i in range(count)]
        boxes, class_ids, scores = (found[name].numpy()[:count] for name in ("boxes", "class_ids", "scores"))
        keypoints = found["keypoints"].numpy()[:count] if "keypoints" in found else None
        return Detections(size, boxes, class_ids, scores, crops, keypoints)


class _Picture:
    """A resized picture under way; `found` is the Future of its Detections."""

    def __init__(self, inputs, plan):
        self.inputs, self.plan, self.found = inputs, plan, Future()
        self.sides = tuple(inputs["image"].shape[1:3])


def _padded(batch, rows):
    """batch [B, ...] with zeros up to this many rows."""
    return tf.pad(batch, [[0, rows - tf.shape(batch)[0]], *[[0, 0]] * (len(batch.shape) - 1)])


def _joined(parts):
    """Arrays [1, ...] of several pictures as a batch. Rows of zeros are added where one has fewer proposals."""
    if parts[0].shape.rank == 3:  # [1, N, 4]
        most = max(part.shape[1] for part in parts)
        parts = [tf.pad(part, [[0, 0], [0, most - part.shape[1]], [0, 0]]) for part in parts]
    return tf.concat(parts, axis=0)
