"""Keypoints as maps inside boxes: the right cell, and the point that a map means (He et al. 2017, section 5).

The branch gives one map per keypoint, spread over the box, and one cell of it is right. Both rules are torchvision's
and Detectron2's: a map is read where it would be largest if it were resized to the box's pixels by bicubic
interpolation, so that the point is finer than a cell.
"""

import tensorflow as tf

# PyTorch's bicubic interpolation; tf.image.resize has -0.5.
CUBIC = -0.75
# Boxes worked on at the same time; each holds its maps in as many cells as its box has pixels.
PARALLEL = 2


def cells_of(keypoints, boxes, side):
    """The cell of each keypoint in a map of side x side cells over its box.

    keypoints [M, K, (y, x, visibility)] and boxes [M, (y1, x1, y2, x2)] float32, in the same pixels. Returns [M, K]
    int32, row * side + column; -1 for a point that does not count: not labelled (visibility 0) or outside the box. A
    point on the lower or right edge belongs to the last cell.
    """
    points, visibility = keypoints[..., :2], keypoints[..., 2]
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    cells = tf.floor((points - low) * tf.math.divide_no_nan(float(side), high - low))
    cells = tf.where(points == high, float(side - 1), cells)
    counted = (visibility > 0) & tf.reduce_all((cells >= 0) & (cells < side), axis=-1)
    rows, columns = tf.unstack(tf.cast(tf.where(counted[..., None], cells, 0.0), tf.int32), axis=-1)
    return tf.where(counted, rows * side + columns, -1)


def cubic_weights(cells, count):
    """Bicubic resizing of an axis as a matrix: cells: int, count: int32 -> weights [count, cells] float32.

    Centres are at half cells, and the outermost cells go on beyond the border (Keys 1981).
    """
    positions = (tf.range(count, dtype=tf.float32) + 0.5) * (cells / tf.cast(count, tf.float32)) - 0.5
    first = tf.floor(positions)
    taps = tf.range(-1.0, 3.0)
    distance = tf.abs((positions - first)[:, None] - taps)
    near = ((CUBIC + 2) * distance - (CUBIC + 3)) * distance * distance + 1
    far = ((CUBIC * distance - 5 * CUBIC) * distance + 8 * CUBIC) * distance - 4 * CUBIC
    weights = tf.where(distance <= 1, near, far)
    places = tf.clip_by_value(tf.cast(first[:, None] + taps, tf.int32), 0, cells - 1)
    return tf.reduce_sum(weights[..., None] * tf.one_hot(places, cells), axis=1)


def decode(logits, boxes, score="softmax"):
    """The point that each map means, and its score.

    logits [M, S, S, K] float32, one map per keypoint over boxes [M, (y1, x1, y2, x2)]; score: a key of SCORES.
    Returns [M, K, (y, x, score)] float32 in the pixels of the boxes: the centre of the largest value of the map resized
    to the box's sides, rounded up to whole pixels. Each box is processed on its own, so boxes may be of any size.
    """
    keypoints = logits.shape[-1]
    peaks = tf.map_fn(
        lambda row: _peaks(*row),
        (logits, boxes),
        fn_output_signature=tf.TensorSpec([keypoints, 3], tf.float32),
        parallel_iterations=PARALLEL,
    )
    points, values = peaks[..., :2], peaks[..., 2]
    return tf.concat([points, SCORES[score](logits, values)[..., None]], axis=-1)


def _peaks(maps, box):
    """maps [S, S, K], box [4] -> [K, (y, x, value)] of the largest values, the upper left of equal ones."""
    side, keypoints = maps.shape[0], maps.shape[2]
    sides = tf.maximum(box[2:] - box[:2], 1.0)
    whole = tf.math.ceil(sides)
    rows, columns = (cubic_weights(side, tf.cast(count, tf.int32)) for count in tf.unstack(whole))
    # Each axis on its own, all maps in one product: [rows, K, S], then [rows, K, columns].
    values = tf.matmul(rows, tf.reshape(tf.transpose(maps, [0, 2, 1]), [side, -1]))
    values = tf.matmul(tf.reshape(values, [-1, side]), columns, transpose_b=True)
    values = tf.reshape(values, [-1, keypoints, tf.shape(columns)[0]])
    row = tf.argmax(tf.reduce_max(values, axis=2), axis=0, output_type=tf.int32)
    line = tf.gather_nd(values, tf.stack([row, tf.range(keypoints)], axis=1))
    column = tf.argmax(line, axis=1, output_type=tf.int32)
    cells = tf.cast(tf.stack([row, column], axis=1), tf.float32)
    points = box[:2] + (cells + 0.5) * (sides / whole)
    return tf.concat([points, tf.reduce_max(line, axis=1, keepdims=True)], axis=1)


def softmax_score(logits, values):
    """The share of the peak in its map: logits [M, S, S, K], values [M, K] of the peaks -> [M, K] (Detectron2).

    Compared with the cells of the map as it is, so that the size of the box does not matter; a peak between cells may
    be a little higher than all of them, and its share a little above 1 then.
    """
    return 1.0 / tf.reduce_sum(tf.exp(logits - values[:, None, None, :]), axis=[1, 2])


def logit_score(logits, values):
    """The peak itself (torchvision): any number."""
    del logits
    return values


SCORES = {"softmax": softmax_score, "logit": logit_score}
