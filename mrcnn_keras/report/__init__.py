"""What is written for people to look at: learning curves, sheets of pictures, tables, and the page of an evaluation."""

from mrcnn_keras.report.charts import Chart, Curve
from mrcnn_keras.report.dataset_table import counted, dataset_report
from mrcnn_keras.report.evaluation_page import Confusion, Table, write_report
from mrcnn_keras.report.gallery import OUTCOMES, Picture
from mrcnn_keras.report.learning import plot_curves
from mrcnn_keras.report.sheet import contact_sheet

__all__ = [
    "OUTCOMES",
    "Chart",
    "Confusion",
    "Curve",
    "Picture",
    "Table",
    "contact_sheet",
    "counted",
    "dataset_report",
    "plot_curves",
    "write_report",
]
