"""Small maps to masks in the pictures' pixels inside a graph, with the pixels of model.detect."""

import tensorflow as tf

from mrcnn_keras.ops.masks import paste_mask

# Masks pasted at the same time; each holds a float32 map as large as its box.
PARALLEL = 4
# zlib's fastest: masks are long runs, and the slowest makes them a little smaller in ten times the time.
PNG_COMPRESSION = 1


def full_masks(masks, boxes, class_ids, sizes, canvas, threshold=0.5):
    """Masks in the pictures' pixels.

    masks [B, N, h, w] float32 0..1, each inside its box, N known when the graph is made; boxes
    [B, N, (y1, x1, y2, x2)] pixels; class_ids [B, N], 0 for padding; sizes [B, (height, width)] int32, of the
    pictures; canvas: (height, width) int32, of the largest. Returns [B, N, *canvas] uint8: 1 where a pixel's
    centre lies in the box and the value there is at least the threshold, as mask_crop.paste_mask has it; 0 beyond
    a smaller picture. The two may differ where a value lies within a rounding step of the threshold, since their
    matrix products round in another order: 3 of 130 million pixels with an untrained mask head, whose values all
    lie near 0.5; 0 of 670 million with a sharper one.

    Of each detection only its box is worked on. Besides the output it needs memory for the full masks of the
    real detections, once.
    """
    empty = tf.zeros(canvas, tf.uint8)

    def row(mask, box, size):
        bits = _paste(mask, box, size, threshold)
        return tf.pad(bits, [[0, canvas[0] - size[0]], [0, canvas[1] - size[1]]])

    return _of_real(row, empty, tf.TensorSpec([None, None], tf.uint8), masks, boxes, class_ids, sizes)


def png_masks(masks, boxes, class_ids, sizes, threshold=0.5):
    """The same masks as PNG files [B, N] string: grey, 0 and 255, each as large as its picture; "" for padding."""

    def row(mask, box, size):
        bits = _paste(mask, box, size, threshold)
        return tf.io.encode_png(bits[..., None] * tf.constant(255, tf.uint8), compression=PNG_COMPRESSION)

    return _of_real(row, tf.constant(b""), tf.TensorSpec([], tf.string), masks, boxes, class_ids, sizes)


def _of_real(row, padding, spec, masks, boxes, class_ids, sizes):
    """row(mask, box, size) of each real detection, `padding` for the others -> [B, N, ...] as spec says."""
    batch, count = tf.shape(masks)[0], masks.shape[1]

    def answer(values):
        mask, box, class_id, size = values
        return tf.cond(class_id > 0, lambda: row(mask, box, size), lambda: padding)

    # map_fn cannot stack nothing: where there are no pictures it gets one row, which is cut off again.
    extra = tf.cast(batch == 0, tf.int32)
    rows = (
        tf.pad(tf.reshape(masks, [-1, *masks.shape[2:]]), [[0, extra], [0, 0], [0, 0]]),
        tf.pad(tf.reshape(boxes, [-1, 4]), [[0, extra], [0, 0]]),
        tf.pad(tf.reshape(class_ids, [-1]), [[0, extra]]),
        tf.pad(tf.repeat(sizes, count, axis=0), [[0, extra], [0, 0]]),
    )
    answers = tf.map_fn(answer, rows, fn_output_signature=spec, parallel_iterations=PARALLEL)
    return tf.reshape(answers[: batch * count], tf.concat([[batch, count], tf.shape(answers)[1:]], axis=0))


def _paste(mask, box, size, threshold):
    """One mask [h, w] -> [*size] uint8."""
    values, (top, bottom), (left, right) = paste_mask(mask, box, size)
    return tf.pad(tf.cast(values >= threshold, tf.uint8), [[top, size[0] - bottom], [left, size[1] - right]])
