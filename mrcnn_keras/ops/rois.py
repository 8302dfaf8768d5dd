"""RoI features as a batch for convolutions."""

import tensorflow as tf


def at_least_one(rois):
    """rois [M, S, S, C] -> the same, or one RoI of zeros where M is 0, and M.

    For an empty batch oneDNN's convolutions (TensorFlow on CPUs) return the shape of their input, which no bias fits;
    what comes of the RoI of zeros is cut off again.
    """
    count = rois.shape[0]
    if count:
        return rois, count
    count = tf.shape(rois)[0]
    missing = tf.cast(count == 0, tf.int32)
    return tf.concat([rois, tf.zeros([missing, *rois.shape[1:]], rois.dtype)], axis=0), count
