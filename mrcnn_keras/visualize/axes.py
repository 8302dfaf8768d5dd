"""matplotlib axes to draw on: those that are given, or of a new figure.

pyplot creates a figure only if no `ax` is given, so that a notebook shows it. No display is needed; without one pyplot
keeps only the last of these figures, as nobody would close the others.
"""

import matplotlib

from mrcnn_keras.visualize.fonts import font_families

FIGURE_WIDTH = 16  # inches, as in Matterport's package
FIGURE = "mrcnn_keras"
WITHOUT_WINDOWS = ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")  # backends of matplotlib


def figure_name():
    """What a new figure is called: None where there are windows; otherwise one name, under which the last is closed."""
    from matplotlib import pyplot

    if matplotlib.get_backend().lower() not in WITHOUT_WINDOWS:
        return None
    pyplot.close(FIGURE)
    return FIGURE


def axes_or_new(ax, figsize):
    """`ax`, or the axes of a new figure of `figsize`, (width, height) in inches."""
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.figure(figure_name(), figsize=figsize, layout="constrained").add_subplot()


def show_picture(drawn, size, title, figsize, ax):
    """Shows a possibly enlarged picture on axes that count the pixels of a photograph of `size`, and returns them."""
    ax = axes_or_new(ax, figsize)
    ax.imshow(drawn, extent=(0, size[1], size[0], 0))
    ax.axis("off")
    ax.set_title(title, fontfamily=font_families(title))
    return ax


def grid_of_axes(rows, cols, tallest=1.0, width=14.0):
    """A new figure, and [rows, cols] of its axes without ticks for pictures whose height is `tallest` of their width.

    width: of the figure, inches.
    """
    from matplotlib import pyplot

    size = (width, width * rows / cols * tallest)
    figure, axes = pyplot.subplots(rows, cols, figsize=size, squeeze=False, layout="constrained", num=figure_name())
    for ax in axes.flat:
        ax.axis("off")
    return figure, axes
