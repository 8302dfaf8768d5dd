"""RoIAlign (He et al. 2017, section 3): features of a box, sampled at exact positions.

Positions are continuous: pixel i of a map has its centre at i + 0.5. A sample more than one pixel outside the map
is 0, a sample between is that of the nearest edge pixel, as in torchvision and Detectron2.
"""

import functools

import tensorflow as tf

from mrcnn_keras.ops import boxes as box_ops
from mrcnn_keras.ops.crops import crop_and_resize, gather_samples, neighbours, neighbours_of_crops
from mrcnn_keras.ops.portability import wants_portable


def pyramid_level(boxes, levels, canonical_size=224.0, canonical_level=2, tolerance=0.0):
    """Level of the pyramid that each box is read from (Lin et al. 2017, equation 1).

    boxes [..., 4] in image pixels. A box of canonical_size squared is read from index `canonical_level` (P4 of P2..P5),
    one of half that side from the level below. tolerance: share of a level that a smaller box may lack (torchvision
    adds 1e-6 to the logarithm). Returns [...] int32 in 0 .. levels - 1. Compares areas instead of taking logarithms,
    so that a box right at a border lands on one side everywhere.
    """
    area = box_ops.area(boxes)
    level = tf.zeros_like(area, tf.int32)
    for index in range(1, levels):
        level += tf.cast(area >= (canonical_size * 2.0 ** (index - canonical_level - tolerance)) ** 2, tf.int32)
    return level


def roi_align(
    features,
    strides,
    boxes,
    box_indices,
    size,
    *,
    sampling=2,
    aligned=True,
    reduce="mean",
    canonical_size=224.0,
    level_tolerance=0.0,
):
    """Features of boxes, each from the level of a pyramid that fits it.

    features: list of [B, h, w, C] float32 (one map, or a pyramid from fine to coarse); strides: image pixels per cell
    of each map; boxes [M, (y1, x1, y2, x2)] in image pixels; box_indices [M] int32, the image of each box; size: bins
    per axis; sampling: samples per bin and axis, 0: as many as the bin has cells, rounded up (Detectron2's default);
    reduce: "mean" or "max" of a bin's samples. aligned=False is the older convention: half a cell up and left, boxes at
    least one cell large. canonical_size, level_tolerance: see pyramid_level. Gradients reach the features, not the
    boxes. Returns [M, size, size, C].
    """
    boxes = tf.stop_gradient(boxes)
    level = pyramid_level(boxes, len(features), canonical_size, tolerance=level_tolerance)
    cells = boxes / tf.gather(tf.constant(strides, boxes.dtype), level)[:, None]
    if not aligned:
        low, high = tf.split(cells + 0.5, 2, axis=-1)
        cells = tf.concat([low, tf.maximum(high, low + 1.0)], axis=-1)
    return sample_bins(features, level, cells, box_indices, size, sampling, reduce)


def sample_bins(features, level, cells, box_indices, size, sampling, reduce):
    """The mean or maximum of bilinear samples in size x size bins of each box.

    level [M] int32: the map of each box; cells [M, (y1, x1, y2, x2)]: its corners in cells of that map; the other
    arguments are those of roi_align. Returns [M, size, size, C].
    """
    if sampling == 0:
        adaptive = _adaptive_by_gather if wants_portable() else _adaptive
        return adaptive(features, level, cells, box_indices, size, reduce)
    count = (size * sampling, size * sampling)
    if wants_portable():
        pool = {"mean": tf.nn.avg_pool2d, "max": _max_pool2d}[reduce]
        return pool(_gather(*end_to_end(features, level, box_indices), cells, count), sampling, sampling, "VALID")

    def crop(*what):
        if reduce == "mean":
            return crop_and_resize(*what, count, border=1, pool=sampling)
        return _max_pool2d(crop_and_resize(*what, count, border=1), sampling, sampling, "VALID")

    corners = _corners(cells, tf.gather(_sides(features), level), count)
    return _from_each_level(crop, features, level, corners, box_indices)


def _max_pool2d(samples, *how):
    """tf.nn.max_pool2d, also of no boxes at all, for which oneDNN's gradient would end the process."""
    boxes = tf.shape(samples)[0]
    samples = tf.pad(samples, [[0, tf.cast(boxes == 0, tf.int32)], [0, 0], [0, 0], [0, 0]])
    return tf.nn.max_pool2d(samples, *how)[:boxes]


def _from_each_level(crop, features, level, boxes, box_indices):
    """crop(feature, boxes, box_indices) of the boxes [M, 4] of each level, in the order of the boxes."""
    parts, rows = [], []
    for index, feature in enumerate(features):
        row = tf.where(level == index)[:, 0]
        parts.append(crop(feature, tf.gather(boxes, row), tf.gather(box_indices, row)))
        rows.append(row)
    return parts[0] if len(parts) == 1 else _in_order(tf.concat(parts, axis=0), tf.concat(rows, axis=0))


def _in_order(parts, rows):
    """Row i of parts comes to place rows[i]."""
    return tf.gather(parts, tf.argsort(rows))


def _adaptive(features, level, cells, box_indices, size, reduce):
    """roi_align with as many samples per bin and axis as the bin has cells, rounded up.

    Boxes with equal numbers of samples are read together, in a loop over the numbers that there are.
    """
    samples, sides = _adaptive_samples(cells, size), tf.gather(_sides(features), level)
    parts, rows = [], []
    for index, feature in enumerate(features):
        on_level = tf.where(level == index)[:, 0]
        # One number for the pair, so that tf.unique can keep the pairs apart.
        pairs = tf.gather(samples[:, 0] * PAIR + samples[:, 1], on_level)
        unique = tf.unique(pairs).y

        def read(place, part, row, feature=feature, on_level=on_level, pairs=pairs, unique=unique):
            pair = unique[place - 1]
            chosen = tf.gather(on_level, tf.where(pairs == pair)[:, 0])
            per_bin = pair // PAIR, pair % PAIR
            count = size * per_bin[0], size * per_bin[1]
            corners = _corners(tf.gather(cells, chosen), tf.gather(sides, chosen), count)
            sampled = crop_and_resize(feature, corners, tf.gather(box_indices, chosen), count, border=1)
            pooled = _pool_bins(sampled, size, per_bin, reduce)
            return place + 1, part.write(place, pooled), row.write(place, chosen)

        # Place 0 holds nothing, since arrays without any part cannot be put together.
        count = tf.size(unique) + 1
        shape = [None, size, size, feature.shape[-1]]
        nothing = tf.zeros([0, *shape[1:]], feature.dtype), tf.zeros([0], tf.int64)
        arrays = [
            tf.TensorArray(part.dtype, count, infer_shape=False, element_shape=[None, *part.shape[1:]]).write(0, part)
            for part in nothing
        ]
        _, part, row = tf.while_loop(lambda place, *_, count=count: place < count, read, (1, *arrays))
        parts.append(tf.ensure_shape(part.concat(), shape))
        rows.append(row.concat())
    return _in_order(tf.concat(parts, axis=0), tf.concat(rows, axis=0))


def _adaptive_by_gather(features, level, cells, box_indices, size, reduce):
    """The same, one box after the other: loops of portable graphs have no parts of different sizes."""
    flat, *places = end_to_end(features, level, box_indices)

    def read(row):
        first, sides, cells, per_bin = (part[None] for part in row)
        per_bin = tf.unstack(per_bin[0])
        samples = _gather(flat, first, sides, cells, (size * per_bin[0], size * per_bin[1]))
        return _pool_bins(samples, size, per_bin, reduce)[0]

    return tf.map_fn(
        read,
        (*places, cells, _adaptive_samples(cells, size)),
        fn_output_signature=tf.TensorSpec([size, size, flat.shape[-1]], flat.dtype),
    )


def _adaptive_samples(cells, size):
    """Samples [M, (down, across)] int32 of a bin of each box."""
    return tf.maximum(tf.cast(tf.math.ceil((cells[:, 2:] - cells[:, :2]) / size), tf.int32), 1)


PAIR = 1 << 15  # more than the samples that a bin can have along an axis


def _pool_bins(samples, size, per_bin, reduce):
    """samples [M, size * ny, size * nx, C], per_bin (ny, nx) -> [M, size, size, C]."""
    over = {"mean": tf.reduce_mean, "max": tf.reduce_max}[reduce]
    channels = samples.shape[-1]
    rows = over(tf.reshape(samples, [-1, per_bin[0], size * per_bin[1] * channels]), axis=1)
    return tf.reshape(over(tf.reshape(rows, [-1, per_bin[1], channels]), axis=1), [-1, size, size, channels])


def crop_and_resize_rois(features, strides, boxes, box_indices, size, *, canonical_size=224.0):
    """Matterport's RoIAlign: one sample per bin, the outermost on the box's corners.

    Arguments and result as in roi_align. The box's corners count as shares of the picture's last pixel's index, which
    tf.image.crop_and_resize takes for shares of the map's last cell's index; the level's border is halfway between
    two sizes on the scale of the logarithm.
    """
    boxes = tf.stop_gradient(boxes)
    network = tf.cast(tf.shape(features[0])[1:3] * strides[0], boxes.dtype)
    shares = boxes / tf.tile(network - 1, [2])
    level = pyramid_level(shares * tf.tile(network, [2]), len(features), canonical_size * 2**-0.5)
    if not wants_portable():
        crop = functools.partial(crop_and_resize, count=(size, size))
        return _from_each_level(crop, features, level, shares, box_indices)
    cells, first, sides = end_to_end(features, level, box_indices)
    height, width = tf.split(sides, 2, axis=-1)
    return gather_samples(cells, first, width, *neighbours_of_crops(shares, (size, size), height, width))


def _sides(features):
    """[(height, width)] int32 of each map, in cells."""
    return tf.stack([tf.shape(feature)[1:3] for feature in features])


def _corners(cells, sides, count):
    """What crop_and_resize takes for `count` (rows, columns) samples of each box. cells [M, 4], sides [M, 2] int32.

    It places its first and last sample at the given corners, in units of (side - 1), and gives 0 outside. One cell of
    repeated border turns that into RoIAlign's rule: the edge's value up to one cell outside.
    """
    y1, x1, y2, x2 = tf.unstack(cells, axis=-1)
    half_y, half_x = ((b - a) / tf.cast(2 * n, cells.dtype) for a, b, n in ((y1, y2, count[0]), (x1, x2, count[1])))
    first = tf.stack([y1 + half_y, x1 + half_x], axis=-1)
    last = tf.stack([y2 - half_y, x2 - half_x], axis=-1)
    # + 0.5: 1 for the border, - 0.5 from continuous positions to indices of cells. sides + 1: with the border, less 1.
    return tf.concat([first + 0.5, last + 0.5], axis=-1) / tf.cast(tf.tile(sides + 1, [1, 2]), cells.dtype)


def _gather(flat, first, sides, cells, count):
    """The samples of sample_bins from gathers. flat, first, sides: see end_to_end; cells [M, 4] -> [M, *count, C]."""
    height, width = tf.split(sides, 2, axis=-1)
    y1, x1, y2, x2 = tf.unstack(cells, axis=-1)
    rows = neighbours(_positions(y1, y2, count[0]) - 0.5, height, reach=1.0)
    columns = neighbours(_positions(x1, x2, count[1]) - 0.5, width, reach=1.0)
    return gather_samples(flat, first, width, rows, columns)


def end_to_end(features, level, box_indices):
    """The cells of all maps and pictures as one list, and where in it the map of each box is.

    features, box_indices: as in roi_align; level [M]: the map of each box. Returns the list [cells, C]; the place [M]
    of the first cell of the box's map in the box's picture; and the sides [M, (height, width)] of that map.
    """
    sides = _sides(features)
    areas = sides[:, 0] * sides[:, 1]
    batch, channels = tf.shape(features[0])[0], features[0].shape[-1]
    flat = tf.concat([tf.reshape(feature, [batch, -1, channels]) for feature in features], axis=1)
    first = box_indices * tf.reduce_sum(areas) + tf.gather(tf.cumsum(areas, exclusive=True), level)
    return tf.reshape(flat, [-1, channels]), first, tf.gather(sides, level)


def _positions(low, high, count):
    """low, high [M]: edges of the boxes along one axis -> [M, count] positions, evenly spread between them."""
    steps = (tf.range(count, dtype=low.dtype) + 0.5) / tf.cast(count, low.dtype)
    return low[:, None] + (high - low)[:, None] * steps[None, :]
