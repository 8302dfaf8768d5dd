"""The network: MaskRCNN, the front door (mask_rcnn.py), over figure 1 of the paper (network.py)."""

from mrcnn_keras.model.checkpoints import PUBLISHED, model_file, open_checkpoint
from mrcnn_keras.model.detecting import BEST, lowest_scores
from mrcnn_keras.model.distribution import is_multi_worker
from mrcnn_keras.model.fixed_sizes import with_fixed_sizes
from mrcnn_keras.model.graphs import graphs_as_made
from mrcnn_keras.model.mask_rcnn import MaskRCNN
from mrcnn_keras.model.precision import computing_in, in_float32, in_words
from mrcnn_keras.model.proposal_files import read_proposals
from mrcnn_keras.model.saved_scores import save_class_min_scores
from mrcnn_keras.model.tiled import Tiled
from mrcnn_keras.model.trainability import train_stages, train_the_same

__all__ = [
    "BEST",
    "MaskRCNN",
    "PUBLISHED",
    "Tiled",
    "computing_in",
    "graphs_as_made",
    "in_float32",
    "in_words",
    "is_multi_worker",
    "lowest_scores",
    "model_file",
    "open_checkpoint",
    "read_proposals",
    "save_class_min_scores",
    "train_stages",
    "train_the_same",
    "with_fixed_sizes",
]
