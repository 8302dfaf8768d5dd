"""What XLA compiles: a training step and a detection of fixed sizes; what cannot be compiled is refused.

Layers know by themselves that they are traced for XLA, see ops/portability.py.
"""

import tensorflow as tf

from mrcnn_keras.errors import UserError


def check_compilable(config, replicas):
    """Checks that XLA can compile the training step.

    Args:
        config: `Config`.
        replicas: Integer, on how many devices `tf.distribute` runs a step.

    Raises:
        UserError: If a part of the network has sizes that depend on values, or there are several replicas.
    """
    if replicas > 1:
        raise UserError(
            f"compile(jit_compile=True): XLA cannot compile a step for {replicas} devices at once; leave jit_compile "
            "out, or make the model outside of the tf.distribute strategy"
        )
    for name, wrong, cure, reason in (
        ("ROI_OPERATOR", "pool", "'align' or 'warp'", "its bins have different sizes"),
        ("ROI_ALIGN_SAMPLING", 0, "2", "its bins have different numbers of samples"),
    ):
        if getattr(config, name) == wrong:
            raise UserError(
                f"compile(jit_compile=True): XLA cannot compile {name} = {wrong!r}, since {reason}; make the model "
                f"with {name}={cure}, or leave jit_compile out"
            )


def with_fixed_sizes(batches, config):
    """Batches with the same numbers of rows, since XLA recompiles the step for any other.

    Ground truth gets rows of padding up to MAX_GT_INSTANCES, and given proposals up to POST_NMS_ROIS_TRAINING; what is
    beyond is cut off.

    Args:
        batches: `tf.data.Dataset` of dicts as from `make_pipeline`, or one such dict.
        config: `Config`.

    Returns:
        The same with other shapes.

    Raises:
        UserError: If the pictures of a dataset may have different sizes.
    """
    limits = {"proposals": config.POST_NMS_ROIS_TRAINING}
    limits |= dict.fromkeys(("gt_boxes", "gt_class_ids", "gt_masks", "gt_keypoints"), config.MAX_GT_INSTANCES)

    def fixed(batch):
        return {name: _of_length(value, limits[name]) if name in limits else value for name, value in batch.items()}

    if isinstance(batches, dict):
        return fixed(batches)
    if None in batches.element_spec["image"].shape[1:3]:
        raise UserError(
            "XLA would recompile the training step for each size of pictures, which takes minutes, and the sizes "
            f"of these batches are open (IMAGE_RESIZE_MODE = {config.IMAGE_RESIZE_MODE!r}); make the model with "
            "IMAGE_RESIZE_MODE='square' or 'crop', or compile it without jit_compile"
        )
    return batches.map(fixed)


def _of_length(values, count):
    """values [B, any, ...] -> [B, count, ...]."""
    values = tf.convert_to_tensor(values)[:, :count]
    padded = tf.pad(values, [[0, 0], [0, count - tf.shape(values)[1]], *[[0, 0]] * (len(values.shape) - 2)])
    return tf.ensure_shape(padded, [values.shape[0], count, *values.shape[2:]])
