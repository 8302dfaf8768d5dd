"""One process with several devices learns what one device learns from the whole batch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.graphs import AS_MADE
from tests.tiny import ONE_MAP

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds until a test gives up

# Trains for two steps on one device and on two, and measures the losses of three pictures.
SCRIPT = """
import json, sys
import tensorflow as tf

cpu, two = tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(cpu, two)
import keras
import numpy as np
import mrcnn_keras as mk
from mrcnn_keras.training import device_strategy

settings, out = json.loads(sys.argv[1]), sys.argv[2]

class Framed(mk.ShapesDataset):  # pictures of different sizes
    def load_image(self, image_id):
        return super().load_image(image_id)[: 64 - 8 * (image_id % 3)]
    def load_annotations(self, image_id):
        found = super().load_annotations(image_id)
        height = 64 - 8 * (image_id % 3)
        masks = found.masks[:height]
        kept = masks.any(axis=(0, 1))
        return mk.Detections.from_masks(masks[:, :, kept], found.class_ids[kept])

data, validation = (Framed(count=count, image_size=(64, 64), seed=seed) for count, seed in ((8, 0), (3, 1)))
config = mk.Config.preset("resnet18_fpn", NUM_CLASSES=4, **settings)

def train(name, strategy):
    keras.utils.set_random_seed(1)
    with strategy.scope():
        model = mk.MaskRCNN(config)
    first = [keras.ops.convert_to_numpy(v) for v in model.weights]
    history = mk.train(model, data, validation, epochs=1, out=f"{out}/{name}", seed=5)
    variables = [*model.weights, *model.optimizer.variables]
    values = [(v.path, keras.ops.convert_to_numpy(v)) for v in variables]
    moved = max(float(np.abs(value - old).max()) for (_, value), old in zip(values, first) if value.dtype == np.float32)
    return history, values, moved

two = device_strategy(config.BATCH_SIZE, ["CPU:0", "CPU:1"])
assert two.num_replicas_in_sync == 2
(history, alone, moved), (others, shared, _) = train("alone", tf.distribute.get_strategy()), train("shared", two)
pairs = [(path, mine, its) for (path, mine), (_, its) in zip(alone, shared, strict=True)]
differing = [path for path, mine, its in pairs if not np.allclose(mine, its, rtol=0, atol=1e-3 * moved)]
differing += [name for name in others if name != "seconds" and not np.allclose(history[name], others[name], rtol=1e-3)]
worst = max(float(np.abs(mine - its).max()) for _, mine, its in pairs)
counts = {"variables": len(alone), "figures": len(others)}
print(json.dumps({"differing": differing, "worst": worst, "moved": moved, **counts}))
"""


@pytest.mark.slow
def test_two_devices_learn_what_one_learns(tmp_path):
    settings = {**ONE_MAP, "BATCH_SIZE": 4, "IMAGE_RESIZE_MODE": "fit", "EMA_MOMENTUM": 0.9, "GRADIENT_CLIP_NORM": 0.5}
    settings |= {"LEARNING_RATE": 0.1, "WARMUP_STEPS": 0}
    command = [sys.executable, "-c", AS_MADE + SCRIPT, json.dumps(settings), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["variables"] > 50
    assert found["figures"] > 10
    assert found["moved"] > 0.001
    assert found["differing"] == [], found
