"""Installs mrcnn_keras; requirements.txt has the version ranges, mrcnn_keras/__init__.py the version."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search('__version__ = "(.+)"', (HERE / "mrcnn_keras/__init__.py").read_text(encoding="utf-8"))[1]
LINES = [line.partition("  #")[0] for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()]
REQUIREMENTS = [line for line in LINES if line and not line.startswith("#")]
# docs/tables.py reads the reasons.
DOCS = [
    "mkdocs-material>=9.6,<10",  # extra `docs`: the documentation as a site
    "mkdocstrings[python]>=0.29,<2",  # extra `docs`: its reference, from docstrings
]
ONNX = [
    "onnx>=1.23,<2",  # extra `onnx`: the file's format
    "onnxruntime>=1.31,<2",  # extra `onnx`: running the file, for the check
    "tf2onnx>=1.17,<2",  # extra `onnx`: the conversion; 1.16 asks for an older protobuf than TensorFlow 2.21
]
SUPERVISION = [
    "supervision>=0.29,<1"  # extra `supervision`: Detections.to_supervision
]
RAY = [
    "ray[data]>=2.40,<3"  # extra `ray`: samples/many_pictures
]
TFLITE = [
    "ai-edge-litert>=2.3,<3",  # extra `tflite`: running TFLite files; TensorFlow writes them in float32 and float16
    "ai-edge-quantizer>=0.10,<0.11",  # extra `tflite`: int8; its recipes change with its minor versions
]
TENSORBOARD = [
    "tensorboard>=2.20,<3"  # extra `tensorboard`: `--tensorboard`; TensorFlow 2.21 no longer comes with it
]
VIDEO = [
    "av>=15,<20"  # extra `video`: videos as H.264, written with less work than OpenCV's VP9
]
WEB = [
    "gradio>=6.31,<7"  # extra `web`: samples/web; not in `test`, since Gradio 6 holds Pillow below 13
]
TENSORFLOW = [line for line in REQUIREMENTS if line.startswith("tensorflow")]

setup(
    name="mrcnn_keras",
    version=VERSION,
    description="Mask R-CNN for Keras 3 with the TensorFlow backend",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="the mrcnn_keras authors",
    license="MIT",
    license_files=["LICENSE"],
    keywords="mask r-cnn, instance segmentation, object detection, keras, tensorflow",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
    packages=find_packages(include=["mrcnn_keras", "mrcnn_keras.*"]),
    package_data={"mrcnn_keras.report": ["*.css", "*.js"]},
    python_requires=">=3.11",  # the code uses 3.11; the classifiers name those that are tested
    install_requires=[line for line in REQUIREMENTS if line not in TENSORFLOW],
    extras_require={
        "cpu": TENSORFLOW,
        "tensorflow": [TENSORFLOW[-1].split(";")[0]],
        "tflite": TFLITE,
        "docs": DOCS,
        "onnx": ONNX,
        "ray": RAY,
        "supervision": SUPERVISION,
        "tensorboard": TENSORBOARD,
        "video": VIDEO,
        "web": WEB,
        "test": [
            *DOCS,
            *ONNX,
            *SUPERVISION,
            *TFLITE,
            *VIDEO,
            "cvat-sdk>=2.80,<3",  # tests: samples/cvat, by what CVAT's own programs take
            "faster-coco-eval>=1.8,<2",  # tests: another implementation of boundary AP
            *TENSORBOARD,
            "hypothesis>=6.100,<7",  # tests: properties
            "ipykernel>=7,<8",  # tests: running the notebook
            "nbclient>=0.11,<1",  # tests: running the notebook
            "packaging>=24,<27",  # tests: reading requirements
            "pytest>=9,<10",  # tests
            "pytest-xdist>=3.6,<4",  # tests: in several processes
            "ruff>=0.17,<0.18",  # tests: style; its formatting may change with any minor version
        ],
    },
    entry_points={"console_scripts": ["mrcnn = mrcnn_keras.cli:main"]},
)
