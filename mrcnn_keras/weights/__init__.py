"""Published weights: reading files of other projects, and the maps from their names to this package's.

Nothing here imports TensorFlow, Keras or PyTorch.
"""
