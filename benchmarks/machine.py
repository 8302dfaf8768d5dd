"""The machine, timing, its peak rate, and the operations in a graph."""

import os
import platform
import statistics
import time

import keras
import numpy as np
import tensorflow as tf

import mrcnn_keras as mk

MATMUL_SIDE = 2048


def describe():
    """The machine and the versions, for the record."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads_of_tensorflow": tf.config.threading.get_intra_op_parallelism_threads() or os.cpu_count(),
        "gpus": [gpu.name for gpu in tf.config.list_physical_devices("GPU")],
        "load_average": round(os.getloadavg()[0], 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "mrcnn_keras": mk.__version__,
    }


def _processor():
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def seconds(call, repeat):
    """Times call() after a warm-up: {"min", "median": wall-clock seconds, "cpu": seconds summed over all cores}."""
    return in_turn({"": call}, repeat)[""]


def in_turn(calls, repeat):
    """Times the calls {name: call()} in turn, so that other load affects all; returns {name: as seconds()}."""
    times = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeat):
        for name, call in calls.items():
            tf.test.experimental.sync_devices()
            start, cpu_start = time.perf_counter(), time.process_time()
            call()
            tf.test.experimental.sync_devices()
            times[name].append((time.perf_counter() - start, time.process_time() - cpu_start))
    columns = {name: list(zip(*pairs, strict=True)) for name, pairs in times.items()}
    return {
        name: {"min": min(clock), "median": statistics.median(clock), "cpu": min(cpu)}
        for name, (clock, cpu) in columns.items()
    }


def matmul_peak(repeat):
    """Floating-point operations per second of a float32 product of two matrices of side MATMUL_SIDE."""
    matrix = tf.random.uniform([MATMUL_SIDE, MATMUL_SIDE])
    product = tf.function(tf.matmul)
    return 2 * MATMUL_SIDE**3 / seconds(lambda: product(matrix, matrix), max(repeat, 3))["min"]


def operations(graph):
    """Floating-point operations of the convolutions and matrix products of a graph with static shapes.

    A multiplication and an addition count as two. All other kinds of operations (normalisation, sampling, sorting, ...)
    are not counted, nor are small products whose sizes only show when the graph runs. Each gradient of
    a convolution takes as many as the convolution itself.
    """
    total = 0
    for op in graph.get_operations():
        shapes = [tensor.shape for tensor in op.inputs]
        if op.type == "Conv2D":
            total += 2 * op.outputs[0].shape.num_elements() * shapes[1][:3].num_elements()
        elif op.type == "Conv2DBackpropInput":  # also the forward pass of a deconvolution; its inputs: sizes, filter
            total += 2 * shapes[2].num_elements() * shapes[1][:3].num_elements()
        elif op.type == "Conv2DBackpropFilter":  # inputs: images, sizes of the filter, gradient
            total += 2 * shapes[2].num_elements() * op.outputs[0].shape[:3].num_elements()
        elif op.type in ("MatMul", "BatchMatMulV2") and op.outputs[0].shape.is_fully_defined():
            transposed = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
            total += 2 * op.outputs[0].shape.num_elements() * shapes[0][-2 if transposed else -1]
    return total
