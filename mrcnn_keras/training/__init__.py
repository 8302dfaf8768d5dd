"""Training: the loop around Keras's `fit`, its callbacks, the schedule, and the folder that a run writes."""

from mrcnn_keras.training.callbacks import CocoMetrics
from mrcnn_keras.training.evaluation_report import report_evaluation
from mrcnn_keras.training.loop import train
from mrcnn_keras.training.run_folder import RunFolder

__all__ = ["CocoMetrics", "RunFolder", "report_evaluation", "train"]
