"""Compares the package's own gradients with TensorFlow's and Keras's: time, error, reproducibility."""

import argparse
import json
import sys
from pathlib import Path

import keras
import machine
import numpy as np
import tensorflow as tf

from mrcnn_keras.layers.norm import BatchNorm
from mrcnn_keras.ops.crops import crop_and_resize

BOXES, BINS, POOL, CHANNELS = 512, 7, 2, 256  # RoIAlign with 7 x 7 bins of 2 x 2 samples


def with_gradient(function, inputs, upstream):
    """Returns a graph of function(*inputs) and the gradient of sum(upstream * function) with respect to the inputs."""

    def both(*inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            output = function(*inputs)
            total = tf.reduce_sum(output * upstream)
        return output, *tape.gradient(total, inputs)

    traced = tf.function(both)
    return lambda: [value.numpy() for value in traced(*inputs)]


def crops(side):
    """Ways to read bins of boxes from a map of side x side cells, and their error, from exact sums of the gradient."""
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 0.7, (BOXES, 2))
    boxes = np.concatenate([low, low + rng.uniform(0.05, 0.3, (BOXES, 2))], axis=1).astype(np.float32)
    indices, count = np.zeros(BOXES, np.int32), (BINS * POOL, BINS * POOL)
    image = tf.zeros([1, side, side, CHANNELS])
    upstream = tf.ones([BOXES, BINS, BINS, CHANNELS])

    def of_tensorflow(image):
        bordered = tf.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="SYMMETRIC")
        samples = tf.image.crop_and_resize(bordered, boxes, indices, count)
        return tf.nn.avg_pool2d(samples, POOL, POOL, "VALID")

    def ours(image):
        return crop_and_resize(image, boxes, indices, count, border=1, pool=POOL)

    # The weights of each bin sum to 1, so the sum of a channel's gradient is the number of bins.
    def error(values):
        return float(np.abs(values[1].sum(axis=(0, 1, 2), dtype=np.float64) / (BOXES * BINS**2) - 1).max())

    ways = {"TensorFlow": of_tensorflow, "ours": ours}
    return {name: with_gradient(way, [image], upstream) for name, way in ways.items()}, error


def norms(side):
    """Batch norms of a map of side x side cells in training, and their error against the gradient in float64."""
    rng = np.random.default_rng(0)
    x, upstream = (rng.normal(1.5, 1.0, (2, side, side, CHANNELS // 4)).astype(np.float32) for _ in range(2))
    ways = {}
    for name, kind in (("Keras", keras.layers.BatchNormalization), ("ours", BatchNorm)):
        layer = kind(epsilon=1e-5)
        layer.build(x.shape)
        ways[name] = with_gradient(lambda x, layer=layer: layer(x, training=True), [tf.constant(x)], upstream)
    every = (0, 1, 2)
    inverse = 1 / np.sqrt(np.var(x, axis=every, dtype=np.float64) + 1e-5)
    normalized = (x - np.mean(x, axis=every, dtype=np.float64)) * inverse
    along = np.float64(upstream)
    exact = inverse * (along - along.mean(axis=every) - normalized * (along * normalized).mean(axis=every))
    return ways, lambda values: float(np.linalg.norm(values[1] - exact) / np.linalg.norm(exact))


def measure(what, ways, error, repeat):
    """Times the ways, returns rows; ratio: of the smallest time to that of the first way."""
    rows = []
    for name, run in ways.items():
        times = machine.seconds(run, repeat)
        outputs = [run() for _ in range(3)]
        same = all(np.array_equal(a, b) for again in outputs[1:] for a, b in zip(outputs[0], again, strict=True))
        row = {"what": what, "by": name, **times, "error": max(map(error, outputs)), "same_each_time": same}
        rows.append({**row, "ratio": times["min"] / (rows[0] if rows else times)["min"]})
    return rows


def main():
    """Prints a table and, with --json, writes it with a description of the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sides", type=int, nargs="+", default=[50, 200], help="sides of the map in cells")
    parser.add_argument("--repeat", type=int, default=10, help="timed runs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    rows = []
    print(f"{'':34} {'by':11} {'min ms':>8} {'ratio':>6} {'error':>8}  same each time")
    for side in options.sides:
        for name, make in (("RoIAlign", crops), ("batch norm", norms)):
            for row in measure(f"{name}, {side} x {side} cells", *make(side), options.repeat):
                rows.append(row)
                figures = f"{row['min'] * 1e3:8.1f} {row['ratio']:6.2f} {row['error']:8.1e}"
                print(f"{row['what']:34} {row['by']:11} {figures}  {'yes' if row['same_each_time'] else 'no'}")
                sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps({"machine": machine.describe(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
