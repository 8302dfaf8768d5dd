"""The parts of several processes are together the batches of one."""

import numpy as np
import pytest

from mrcnn_keras.config import Config
from mrcnn_keras.data import ShapesDataset, make_pipeline
from mrcnn_keras.data.shards import Shard


@pytest.mark.parametrize(("count", "devices"), [(2, 1), (2, 2), (4, 1), (1, 4)])
def test_shards_are_together_all_samples_of_each_step(count, devices):
    for num_images in (None, 8, 10, 3):
        whole = [np.arange(step * 4, step * 4 + 4) for step in range(1, 3)]
        if num_images:
            whole = [batch[batch < num_images] for batch in whole[: -(-num_images // 4) - 1]]
        parts = []
        for index in range(count):
            shard = Shard(index, count, devices)
            numbers = shard.numbers(4, 1, num_images).batch(shard.size(4)).map(lambda n: {"n": n})
            if num_images:
                numbers = shard.without_filling(numbers, 4, 1, num_images)
            batches = [batch["n"].numpy() for batch in numbers.take(2 * devices)]
            assert len(batches) == len(whole) * devices
            parts.append([np.concatenate(batches[i : i + devices]) for i in range(0, len(batches), devices)])
        together = [np.concatenate(step) for step in zip(*parts, strict=True)]
        assert [step.tolist() for step in together] == [step.tolist() for step in whole]


@pytest.mark.parametrize("training", [True, False])
def test_pipelines_of_two_processes_have_the_pictures_of_one(tiny, training):
    data = ShapesDataset(count=7, image_size=(64, 64), seed=0)
    config = Config.preset("resnet18_fpn", NUM_CLASSES=4, **{**tiny, "BATCH_SIZE": 4})
    kinds = {"training": training, "seed": 3, "start_step": 1}
    (whole,) = make_pipeline(data, config, **kinds).take(1).as_numpy_iterator()
    parts = [make_pipeline(data, config, shard=Shard(i, 2), **kinds).take(1).as_numpy_iterator() for i in range(2)]
    first, second = (next(part) for part in parts)
    assert len(first["image"]) == 2
    assert len(second["image"]) == (2 if training else 1)
    for name in ("image", "image_size"):
        np.testing.assert_array_equal(np.concatenate([first[name], second[name]]), whole[name])
    objects = whole["gt_boxes"].shape[1]
    for part, rows in ((first, whole["gt_boxes"][:2]), (second, whole["gt_boxes"][2:])):
        boxes = np.pad(part["gt_boxes"], ((0, 0), (0, objects - part["gt_boxes"].shape[1]), (0, 0)))
        np.testing.assert_array_equal(boxes, rows)
