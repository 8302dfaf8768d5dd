"""Training on several devices or machines (tf.distribute) that learns what one device learns from the whole batch."""

import tensorflow as tf

from mrcnn_keras.ops.replicas import largest_of_replicas


def is_multi_worker(strategy):
    """Returns whether several processes train together, each with devices of its own.

    Args:
        strategy: `tf.distribute.Strategy`.

    Returns:
        Boolean.
    """
    extended = strategy.extended
    return bool(getattr(extended, "_in_multi_worker_mode", None) and extended._in_multi_worker_mode())


def padded_alike(inputs):
    """Inputs of the training mode with as many rows and pixels as those of the replica with the most.

    One device would have padded the whole batch like this; and anchors and random numbers depend on shapes.

    Args:
        inputs: Dict of tensors `[B, ...]`.

    Returns:
        Dict of the same names; only open dimensions after the first have grown.
    """
    places = [(name, axis) for name in sorted(inputs) for axis, size in enumerate(inputs[name].shape) if size is None]
    places = [(name, axis) for name, axis in places if axis]
    if not places:
        return inputs
    sizes = largest_of_replicas(tf.stack([tf.shape(inputs[name])[axis] for name, axis in places]))
    grown = {name: [[0, 0] for _ in value.shape] for name, value in inputs.items()}
    for (name, axis), size in zip(places, tf.unstack(sizes), strict=True):
        grown[name][axis][1] = size - tf.shape(inputs[name])[axis]
    changed = {name for name, _ in places}
    padded = {name: tf.pad(inputs[name], grown[name]) if name in changed else inputs[name] for name in inputs}
    return {name: tf.ensure_shape(value, inputs[name].shape) for name, value in padded.items()}


def clip_whole_gradient(optimizer):
    """Makes a Keras optimizer add up the gradients of the replicas before it clips them; Keras clips each alone.

    Args:
        optimizer: Keras optimizer, which stays changed; doing it again has no effect.
    """
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if vars(optimizer).get("_clips_whole_gradient"):
        return
    add_up, clip = optimizer._all_reduce_sum_gradients, optimizer._clip_gradients

    def clip_sum(gradients):
        return clip([total for total, _ in add_up([(gradient, None) for gradient in gradients])])

    optimizer._clip_gradients = clip_sum
    optimizer._all_reduce_sum_gradients = lambda gradients_and_variables: gradients_and_variables
    optimizer._clips_whole_gradient = True


def make_step(model, step):
    """What `fit` and `evaluate` call for each step, on several workers.

    Keras's own, as of 3.15, takes a mean over an axis that scalars do not have (keras-team/keras issue 20585). All
    workers have to trace equally often, since tracing numbers the collective operations: so the graph is given the
    iterator, whose shapes are open, and not the batch.

    Args:
        model: Compiled model.
        step: Function, `train_step` or `test_step` of the model.

    Returns:
        Function of an iterator, that returns a dict of scalars.
    """
    strategy = model.distribute_strategy

    def one_step(iterator):
        logs = strategy.run(step, args=(iterator.get_next(),))
        return {name: strategy.reduce(tf.distribute.ReduceOp.MEAN, value, axis=None) for name, value in logs.items()}

    if not model.run_eagerly:
        one_step = tf.function(one_step, reduce_retracing=True)

    def steps(iterator):
        for _ in range(model.steps_per_execution):
            logs = one_step(iterator)
        return logs

    return steps
