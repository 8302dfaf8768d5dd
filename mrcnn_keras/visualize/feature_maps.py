"""What a network makes of a picture between its layers: feature maps as pictures, activations as histograms."""

import numpy as np

from mrcnn_keras.errors import UserError
from mrcnn_keras.visualize.axes import grid_of_axes

BARS = 60
COLUMNS = 4


def display_feature_maps(feature_maps, titles=None, *, channels=7, cmap="viridis"):
    """Shows feature maps, one in each row: the mean of its absolute values, then the channels that vary most.

    Args:
        feature_maps: List of `[h, w, C]` or `[1, h, w, C]`, such as the levels of a pyramid, or one of them.
        titles: List of strings, one per map, or `None`.
        channels: Integer, how many channels are shown of each.
        cmap: matplotlib colour map; each picture goes from its lowest to its highest value.

    Returns:
        matplotlib `Figure`.

    Raises:
        UserError: If a map has another shape.
    """
    maps = feature_maps if isinstance(feature_maps, (list, tuple)) else [feature_maps]
    maps = [_one_map(values) for values in maps]
    columns = 1 + max((min(channels, values.shape[2]) for values in maps), default=0)
    tallest = max((values.shape[0] / values.shape[1] for values in maps), default=1)
    figure, axes = grid_of_axes(max(1, len(maps)), columns, tallest * 1.15)
    titles = [f"level {i}" for i in range(len(maps))] if titles is None else titles
    for row, values, title in zip(axes, maps, titles, strict=False):
        strongest = np.argsort(-values.std(axis=(0, 1)), kind="stable")[:channels]
        row[0].set_title(f"{title}, {values.shape[0]} x {values.shape[1]}: mean", fontsize=8)
        row[0].imshow(np.abs(values).mean(axis=2), cmap=cmap)
        for ax, channel in zip(row[1:], strongest, strict=False):
            ax.set_title(f"channel {channel}", fontsize=8)
            ax.imshow(values[:, :, channel], cmap=cmap)
    return figure


def display_activations(activations):
    """Shows how the values of tensors are distributed: what is all zero, or not finite, is dead or has diverged.

    Args:
        activations: Dict from a name to an array of any shape, or a list of arrays, as `network_stages` returns it.
            Dicts in it are left out.

    Returns:
        matplotlib `Figure` with a histogram for each array; its title has the mean, the standard deviation, and the
        share of zeros.
    """
    arrays = {}
    for name, values in activations.items():
        if isinstance(values, (list, tuple)):
            arrays |= {f"{name} {i}": np.asarray(part) for i, part in enumerate(values)}
        elif not isinstance(values, dict):
            arrays[name] = np.asarray(values)
    columns = max(1, min(COLUMNS, len(arrays)))
    figure, axes = grid_of_axes(max(1, -(-len(arrays) // columns)), columns, 0.7)
    for ax, (name, values) in zip(axes.flat, arrays.items(), strict=False):
        ax.axis("on")
        ax.set_yticks([])
        ax.tick_params(labelsize=7)
        values = values.astype(float).reshape(-1)
        finite = values[np.isfinite(values)]
        ax.hist(finite, BARS, log=bool(finite.size))
        lost = f", {len(values) - len(finite)} not finite" if len(finite) < len(values) else ""
        figures = "nothing"
        if finite.size:
            figures = f"mean {finite.mean():.3g}, std {finite.std():.3g}, {np.mean(finite == 0):.0%} zero"
        ax.set_title(f"{name}\n{figures}{lost}", fontsize=8)
    return figure


def _one_map(values):
    values = np.asarray(values, float)
    values = values[0] if values.ndim == 4 and values.shape[0] == 1 else values
    if values.ndim != 3:
        raise UserError(f"a feature map has shape {values.shape}; give [height, width, channels] of one picture")
    return values
