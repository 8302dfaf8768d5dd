"""keras.models.load_model finds the package's classes, whatever was imported first."""

import keras
import pytest

import mrcnn_keras.model  # noqa: F401  registers all classes
from mrcnn_keras.keras_registry import CLASSES, PACKAGE
from tests.test_public_names import printed

SAY = "import sys; m = keras.models.load_model(sys.argv[1]); print(type(m).__name__)"
ORDERS = {
    "keras first": f"import keras, mrcnn_keras; {SAY}",
    "keras second": f"import mrcnn_keras, keras; {SAY}",
    "tf.keras, after what imports TensorFlow": (
        f"import mrcnn_keras as mk; mk.Config(); mk.load_dataset; import tensorflow as tf; keras = tf.keras; {SAY}"
    ),
}


@pytest.mark.parametrize("order", ORDERS)
def test_load_model_knows_the_class_in_any_order_of_imports(order, trained):
    assert printed(ORDERS[order], str(trained / "best.keras")) == ["MaskRCNN"]


def test_every_class_that_registers_itself_has_a_stand_in():
    registered = {
        name: found for name, found in keras.saving.get_custom_objects().items() if name.startswith(f"{PACKAGE}>")
    }
    assert sorted(registered) == sorted(f"{PACKAGE}>{name}" for name in CLASSES)
    assert all(isinstance(found, type) for found in registered.values())  # no stand-in is left


QUIET = """
import sys
import mrcnn_keras
print([type(finder).__name__ for finder in sys.meta_path].count("_KerasFinder"))
import keras
print([type(finder).__name__ for finder in sys.meta_path].count("_KerasFinder"))
print(type(keras.__loader__).__name__, "mrcnn_keras.model" in sys.modules)
"""


def test_importing_keras_leaves_no_trace_and_imports_no_model():
    assert printed(QUIET) == ["1", "0", "SourceFileLoader False"]
