"""Training: the loop around Keras's `fit`, its callbacks, the schedule, and the folder that a run writes."""

from mrcnn_keras.training.callbacks import CocoMetrics
from mrcnn_keras.training.evaluation_report import report_evaluation
from mrcnn_keras.training.loop import train
from mrcnn_keras.training.run_folder import RunFolder
from mrcnn_keras.training.workers import Workers, cluster_strategy, device_strategy

__all__ = ["CocoMetrics", "RunFolder", "Workers", "cluster_strategy", "device_strategy", "report_evaluation", "train"]
