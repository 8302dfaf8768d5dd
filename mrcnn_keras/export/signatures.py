"""The signatures of a SavedModel: pictures, or the bytes of their files, to what is found in them, as graphs."""

import tensorflow as tf

from mrcnn_keras.export.mask_forms import full_masks, png_masks
from mrcnn_keras.export.model_graph import with_mask_boxes
from mrcnn_keras.export.picture_bytes import decode_picture

MASKS = ("small", "full", "png")


class Signatures:
    """Makes the functions that a SavedModel of a MaskRCNN consists of.

    model: a MaskRCNN; masks: one of MASKS. `functions` is a dict of tf.functions by the name of their signature. They
    share the network's graph.
    """

    def __init__(self, model, masks):
        self._model, self._masks = model, masks
        pictures, *self._given = model.answer_signature().values()  # given: proposals, of a model that takes them
        files = tf.TensorSpec((None,), tf.string, name="image_bytes")
        self._answer = self._graph(self._limited_answer, pictures)
        of_images, of_files = self._graph(self._of_images, pictures), self._graph(self._of_files, files)
        # One value for all pictures, with a batch axis: TensorFlow Serving puts batches together along it.
        self._limits = (
            tf.constant([model.config.DETECTION_MIN_CONFIDENCE], tf.float32),
            tf.constant([model.config.DETECTION_MAX_INSTANCES], tf.int32),
        )
        self.functions = {
            "serving_default": self._plain(of_images, pictures),
            "serving_bytes": self._plain(of_files, files),
            "detect": self._limited(of_images, pictures),
            "detect_bytes": self._limited(of_files, files),
        }

    def _graph(self, function, pictures):
        """`function` as one graph for all that call it. It takes the limits of each picture, pictures, given."""
        limits = tf.TensorSpec((None,), tf.float32), tf.TensorSpec((None,), tf.int32)
        return tf.function(function, input_signature=[*limits, pictures, *self._given], autograph=False)

    def _limited_answer(self, score_threshold, max_detections, *pictures):
        return self._model.answer(*pictures, limits=(score_threshold, max_detections))

    def _plain(self, answer, pictures):
        """pictures: the tf.TensorSpec of what `answer` takes."""

        def plain(pictures, *given):
            return answer(*_of_each(pictures, *self._limits), pictures, *given)

        return tf.function(plain, input_signature=[pictures, *self._given], autograph=False)

    def _limited(self, answer, pictures):
        """The same with two more inputs, whose defaults go into the SavedModel with the function's own."""
        score, count = self._limits
        if self._given:

            def limited(pictures, proposals, score_threshold=score, max_detections=count):
                return answer(*_of_each(pictures, score_threshold, max_detections), pictures, proposals)
        else:

            def limited(pictures, score_threshold=score, max_detections=count):
                return answer(*_of_each(pictures, score_threshold, max_detections), pictures)

        limits = [
            tf.TensorSpec(None, tf.float32, name="score_threshold"),
            tf.TensorSpec(None, tf.int32, name="max_detections"),
        ]
        return tf.function(limited, input_signature=[pictures, *self._given, *limits], autograph=False)

    def _of_images(self, score_threshold, max_detections, images, *given):
        """images [B, H, W, 3] uint8, given: nothing or proposals [B, R, 4]."""
        shape = tf.shape(images)
        found = self._answer(score_threshold, max_detections, images, *given)
        return self._with_masks(found, tf.repeat(shape[None, 1:3], shape[0], axis=0), shape[1:3])

    def _of_files(self, score_threshold, max_detections, image_bytes, *given):
        """image_bytes [B] string. One picture at a time: the padding of a batch would change what is found."""
        outputs = self._answer.get_concrete_function().structured_outputs
        specs = {name: tf.TensorSpec(value.shape[1:], value.dtype) for name, value in outputs.items()}
        specs["image_size"] = tf.TensorSpec([2], tf.int32)

        def of_file(values):
            index, data, *more = values
            image = decode_picture(data, index)
            limits, given = more[:2], more[2:]
            found = self._answer(*(value[None] for value in (*limits, image, *given)))
            return {**{name: value[0] for name, value in found.items()}, "image_size": tf.shape(image)[:2]}

        rows = (tf.range(tf.size(image_bytes)), image_bytes, score_threshold, max_detections, *given)
        found = tf.map_fn(of_file, rows, fn_output_signature=specs, parallel_iterations=1)
        sizes = found.pop("image_size")
        largest = tf.reduce_max(tf.pad(sizes, [[0, 1], [0, 0]]), axis=0)
        return self._with_masks(found, sizes, largest)

    def _with_masks(self, found, sizes, largest):
        """found with image_size, and its masks in the form that was asked for."""
        found = with_mask_boxes(self._model, {**found, "image_size": sizes})
        if "masks" not in found or self._masks == "small":
            return found
        masks = (found.pop("masks"), found.pop("mask_boxes"), found["class_ids"], sizes)
        if self._masks == "full":
            return {**found, "masks": full_masks(*masks, largest)}
        return {**found, "masks_bytes": png_masks(*masks)}


def _of_each(pictures, *limits):
    """-> each limit, [B] or one number, as [B], one for each of the pictures."""
    count = tf.shape(pictures)[0]
    return [tf.broadcast_to(tf.reshape(limit, [-1]), [count]) for limit in limits]
