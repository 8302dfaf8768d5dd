"""Annotations that are read once."""

import numpy as np

from mrcnn_keras.data.generated import ShapesDataset
from mrcnn_keras.data.remembered import RememberedDataset


def test_remembered_annotations_are_read_once_and_equal():
    calls = []

    class Counted(ShapesDataset):
        def load_annotations(self, image_id):
            calls.append(int(image_id))
            return super().load_annotations(image_id)

    data = RememberedDataset(Counted(count=3, image_size=(64, 64), seed=4))
    first = [data.load_annotations(i) for i in range(3)]
    second = [data.load_annotations(i) for i in range(3)]
    assert calls == [0, 1, 2]
    for i, (one, other) in enumerate(zip(first, second, strict=True)):
        assert one is other
        np.testing.assert_array_equal(one.boxes, ShapesDataset(3, (64, 64), seed=4).load_annotations(i).boxes)


def test_no_more_is_remembered_than_fits(monkeypatch):
    monkeypatch.setattr("mrcnn_keras.data.remembered.LIMIT", 0)
    data = RememberedDataset(ShapesDataset(count=2, image_size=(64, 64), seed=4))
    assert data.load_annotations(0) is not data.load_annotations(0)
