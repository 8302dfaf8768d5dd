"""Files of an earlier version, in earlier/: a shared C4 head, and keypoints with AdamW; both after one step."""

from pathlib import Path

import numpy as np
import pytest

from mrcnn_keras.model import MaskRCNN

FOLDER = Path(__file__).with_name("earlier")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["c4", "keypoints"])
def test_an_earlier_file_gives_the_same_detections_and_the_same_next_step(name):
    """On the machine that wrote the files all numbers are equal to the last bit; others round differently."""
    model, expected = MaskRCNN.load(FOLDER / f"{name}.keras"), np.load(FOLDER / f"{name}.npz")
    assert model.optimizer.iterations == 1
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (*size, 3)).astype(np.uint8) for size in ((60, 50), (64, 90))]
    for place, found in enumerate(model.detect(images)):
        assert found.class_ids.tolist() == expected[f"c{place}"].tolist()
        np.testing.assert_allclose(found.boxes, expected[f"b{place}"], atol=1e-3)
        np.testing.assert_allclose(found.scores, expected[f"s{place}"], atol=1e-4)
        assert np.mean(np.packbits(found.masks) != expected[f"m{place}"]) < 1e-3
        if model.config.NUM_KEYPOINTS:
            np.testing.assert_allclose(found.keypoints, expected[f"k{place}"], atol=1e-2)
    batch = {key.removeprefix("g_"): expected[key] for key in expected if key.startswith("g_")}
    for loss, value in model.train_on_batch(batch, return_dict=True).items():
        assert value == pytest.approx(float(expected[f"loss_{loss}"]), rel=1e-4)
