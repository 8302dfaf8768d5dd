"""Small maps to full masks inside a graph: the twin of ops.masks.paste_mask, which detect uses."""

import tensorflow as tf

from mrcnn_keras.ops import masks as mask_ops

# Masks pasted at the same time; each holds a float32 map as large as its box.
PARALLEL = 4


def full_masks(masks, boxes, class_ids, height, width, threshold=0.5):
    """Masks in the picture's pixels.

    masks [B, N, h, w] float32 0..1, each inside its box, N known when the graph is made; boxes
    [B, N, (y1, x1, y2, x2)] pixels; class_ids [B, N], 0 for padding; height, width: int32, of the pictures.
    Returns [B, N, height, width] uint8: 1 where a pixel's centre lies in the box and the value there is at
    least the threshold, as ops.masks.paste_mask has it. The two may differ where a value lies within a
    rounding step of the threshold, since their matrix products round in another order: 3 of 130 million
    pixels with an untrained mask head, whose values all lie near 0.5; 0 of 670 million with a sharper one.

    Of each detection only its box is worked on. Besides the answer it needs memory for the full masks of the
    real detections, once.
    """
    empty = tf.zeros([height, width], tf.uint8)

    def paste(row):
        mask, box, class_id = row
        return tf.cond(class_id > 0, lambda: _paste(mask, box, height, width, threshold), lambda: empty)

    batch, count = tf.shape(masks)[0], masks.shape[1]
    # map_fn cannot put together nothing: where there are no pictures it gets one row, which is cut off again.
    extra = tf.cast(batch == 0, tf.int32)
    rows = (
        tf.pad(tf.reshape(masks, [-1, *masks.shape[2:]]), [[0, extra], [0, 0], [0, 0]]),
        tf.pad(tf.reshape(boxes, [-1, 4]), [[0, extra], [0, 0]]),
        tf.pad(tf.reshape(class_ids, [-1]), [[0, extra]]),
    )
    pasted = tf.map_fn(
        paste,
        rows,
        fn_output_signature=tf.TensorSpec([None, None], tf.uint8),
        parallel_iterations=PARALLEL,
    )
    return tf.reshape(pasted[: batch * count], [-1, count, height, width])


def _paste(mask, box, height, width, threshold):
    vertical, top, bottom = _axis_weights(box[0], box[2], height, mask.shape[0])
    horizontal, left, right = _axis_weights(box[1], box[3], width, mask.shape[1])
    values = tf.matmul(tf.matmul(vertical, mask), horizontal, transpose_b=True)
    bits = tf.cast(values >= threshold, tf.uint8)
    return tf.pad(bits, [[top, height - bottom], [left, width - right]])


def _axis_weights(low, high, limit, cells):
    """Weights [pixels, cells] of the pixels whose centre lies from low to high, the first and their end."""
    first = tf.clip_by_value(tf.cast(tf.math.ceil(low - 0.5), tf.int32), 0, limit)
    last = tf.clip_by_value(tf.cast(tf.math.floor(high + 0.5), tf.int32), first, limit)
    last = tf.where(high > low, last, first)
    pixels = tf.cast(tf.range(first, last), tf.float32) + 0.5
    positions = (pixels - low) * float(cells) / tf.maximum(high - low, 1e-6)
    return mask_ops.hat_weights(positions, cells), first, last
