"""Linear interpolation along one axis, written as a matrix; a bilinear resize is one matrix for each axis."""

import numpy as np


def sampling_matrix(positions, length, outside):
    """[P, length] float64: row p holds the weights of the pixels that make the sample at `positions[p]`.

    Pixel i lies at position i. outside: "edge" repeats the edge pixel; "blend" has zeros beyond the edge and
    interpolates towards them; "cut" gives zero for each position outside 0..length-1.
    """
    positions = np.asarray(positions, np.float64)
    matrix = np.zeros((len(positions), length))
    for row, position in enumerate(positions):
        if outside == "edge":
            position = min(max(position, 0.0), length - 1.0)
        if outside == "cut" and not 0 <= position <= length - 1:
            continue
        low = int(np.floor(position))
        for pixel, weight in ((low, 1 - (position - low)), (low + 1, position - low)):
            if 0 <= pixel < length:
                matrix[row, pixel] += weight
    return matrix


def resize_positions(size, new_size):
    """Where the centres of `new_size` pixels lie among `size` pixels (half-pixel centres, no antialiasing)."""
    return (np.arange(new_size) + 0.5) * (size / new_size) - 0.5


def resize(image, height, width, outside):
    """image: [h, w] -> [height, width] float64, bilinear."""
    rows = sampling_matrix(resize_positions(image.shape[0], height), image.shape[0], outside)
    columns = sampling_matrix(resize_positions(image.shape[1], width), image.shape[1], outside)
    return rows @ image @ columns.T
