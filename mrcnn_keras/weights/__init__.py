"""Weights: readers for files of other projects, maps from their names to this package's, and published files.

Nothing here imports TensorFlow, Keras or PyTorch.
"""
