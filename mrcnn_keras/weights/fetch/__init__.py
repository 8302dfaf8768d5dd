"""Published files: which there are, how one is fetched, once, and what it was converted to."""

from mrcnn_keras.weights.fetch.converted import open_converted
from mrcnn_keras.weights.fetch.download import cache_folder, fetch_file
from mrcnn_keras.weights.fetch.published import COCO, name_hash_mismatch, published_file

__all__ = ["COCO", "cache_folder", "fetch_file", "name_hash_mismatch", "open_converted", "published_file"]
