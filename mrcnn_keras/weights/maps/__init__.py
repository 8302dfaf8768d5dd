"""Maps: which tensors of another project's file each of our variables is made of."""

from mrcnn_keras.weights.maps.projects import find_source

__all__ = ["find_source"]
