"""What the replicas of a step under tf.distribute have to know about each other to learn what one device would.

Each replica has a part of the batch. Outside of `strategy.run`, and with one replica, all of these change nothing.
"""

import tensorflow as tf


def several():
    """The replica context if this step runs on several replicas, else None."""
    context = tf.distribute.get_replica_context()
    return context if context is not None and context.num_replicas_in_sync > 1 else None


def mean_of_replicas(value):
    """The mean of a float tensor over the replicas, the same on each; no gradient goes through it."""
    context = several()
    if context is None:
        return value
    return tf.stop_gradient(context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.identity(value)))


def of_whole_batch(values):
    """Means over the replicas, with the gradient of this replica's own values. values: dict of float32 scalars."""
    if several() is None:
        return values
    own = tf.stack(list(values.values()))
    return dict(zip(values, tf.unstack(own + mean_of_replicas(own) - tf.stop_gradient(own)), strict=True))


def largest_of_replicas(numbers):
    """Element by element the largest number of any replica. numbers [N] int32, below 2^24."""
    return numbers if several() is None else tf.reduce_max(_of_each_replica(numbers), axis=0)


def own_rows(make, shape, equal=True):
    """This replica's rows of a tensor for the whole batch.

    make: function, shape -> tensor. shape: [B, ...] of this replica's part. equal: whether B is the same for all.
    """
    context = several()
    if context is None:
        return make(shape)
    rows, own = shape[0], context.replica_id_in_sync_group
    if equal:
        begin, total = tf.cast(own, tf.int32) * rows, context.num_replicas_in_sync * rows
    else:
        counts = _of_each_replica(rows[None])[:, 0]
        begin, total = tf.cumsum(counts, exclusive=True)[own], tf.reduce_sum(counts)
    return make(tf.concat([[total], shape[1:]], axis=0))[begin : begin + rows]


def _of_each_replica(numbers):
    """[N] int32 -> [replicas, N]"""
    context = several()
    row = tf.one_hot(context.replica_id_in_sync_group, context.num_replicas_in_sync, dtype=tf.float32)
    table = context.all_reduce(tf.distribute.ReduceOp.SUM, row[:, None] * tf.cast(numbers, tf.float32)[None])
    return tf.cast(tf.round(table), tf.int32)
