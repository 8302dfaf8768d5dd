"""Batches: their shapes, their order, and how an interrupted stream goes on."""

import subprocess
import sys
from itertools import islice

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from mrcnn_keras.data import ShapesDataset, load_dataset, make_pipeline
from mrcnn_keras.data.pipeline import RememberedDataset, take_error, training_order
from mrcnn_keras.errors import UserError
from tests.data.small_coco import coco_content
from tests.data.small_config import TURNED, small_config

WILD = {**TURNED, "AUGMENT_SCALE": (0.5, 2.0), "AUGMENT_BRIGHTNESS": 0.3}


@pytest.fixture(scope="module")
def five(squares):
    """Five pictures with 2, 0, 1, 1 and 3 annotations."""
    return squares(
        [(1, 0, 0, 15, 30), (2, 20, 20, 40, 60)],
        [],
        [(1, 5, 5, 9, 9)],
        [(-2, 0, 0, 40, 60)],
        [(1, 1, 1, 9, 9), (2, 11, 1, 19, 9), (1, 21, 1, 29, 9)],
    )


def batches(pipeline, count=None):
    return list(islice(pipeline.as_numpy_iterator(), count))


def pictures(batch):
    """The ids: the grey level less 10, see conftest.Squares; without brightness."""
    return [int(image.max()) - 10 for image in batch["image"]]


def test_validation_batches_are_one_pass_in_order(five):
    found = batches(make_pipeline(five, small_config(), training=False))
    assert [pictures(batch) for batch in found] == [[0, 1], [2, 3], [4]]
    first, second, last = found
    assert first["image"].shape == (2, 64, 64, 3)
    assert first["image_size"].tolist() == [[43, 64], [43, 64]]
    assert first["gt_class_ids"].tolist() == [[1, 2], [0, 0]]
    assert not first["gt_boxes"][1].any()
    assert first["gt_masks"].shape == (2, 2, 4, 4)
    assert second["gt_class_ids"].tolist() == [[1], [-2]]
    assert last["gt_class_ids"].tolist() == [[1, 2, 1]]
    types = {name: str(value.dtype) for name, value in first.items()}
    assert types == {
        "image": "uint8",
        "image_size": "int32",
        "gt_boxes": "float32",
        "gt_class_ids": "int32",
        "gt_masks": "uint8",
    }
    rest = batches(make_pipeline(five, small_config(), training=False, start_step=2))
    assert [pictures(batch) for batch in rest] == [[4]]
    assert batches(make_pipeline(five, small_config(), training=False, start_step=9)) == []


def test_batch_without_objects_has_one_padding_row(squares):
    (batch,) = batches(make_pipeline(squares([], []), small_config(), training=False))
    assert batch["gt_boxes"].tolist() == [[[0, 0, 0, 0]]] * 2
    assert batch["gt_class_ids"].tolist() == [[0], [0]]
    assert batch["gt_masks"].shape == (2, 1, 4, 4)


def test_batches_without_masks_have_no_gt_masks(five):
    (batch,) = batches(make_pipeline(five, small_config(MASKS=False)), 1)
    assert list(batch) == ["image", "image_size", "gt_boxes", "gt_class_ids"]


def test_element_spec_has_static_shapes(five):
    for mode, side in (("square", 64), ("crop", 64), ("fit", None)):
        spec = make_pipeline(five, small_config(IMAGE_RESIZE_MODE=mode)).element_spec
        assert spec["image"].shape.as_list() == [2, side, side, 3]
        assert spec["image_size"].shape.as_list() == [2, 2]
        assert spec["gt_boxes"].shape.as_list() == [2, None, 4]
        assert spec["gt_masks"].shape.as_list() == [2, None, 4, 4]
        assert spec["image"].dtype == tf.uint8


def test_fit_mode_pads_to_the_largest_picture_of_the_batch(five):
    five.load_image = lambda image_id: np.full((40, 60, 3), 99, np.uint8)
    config = small_config(IMAGE_RESIZE_MODE="fit", IMAGE_MAX_DIM=128, AUGMENT_ROT90=True)
    found = batches(make_pipeline(five, config), 8)
    del five.load_image
    sizes = {tuple(map(tuple, batch["image_size"].tolist())) for batch in found}
    assert ((64, 96), (96, 64)) in sizes or ((96, 64), (64, 96)) in sizes
    for batch in found:
        largest = batch["image_size"].max(axis=0)
        assert batch["image"].shape[1:3] == tuple(largest)
        for image, (height, width) in zip(batch["image"], batch["image_size"], strict=True):
            assert image[:height, :width].min() == 99
            assert not image[height:].any()
            assert not image[:, width:].any()


def test_training_shows_each_picture_once_per_epoch_in_full_batches(five):
    found = batches(make_pipeline(five, small_config(), seed=3), 10)
    assert all(len(batch["image"]) == 2 for batch in found)
    order = [i for batch in found for i in pictures(batch)]
    for epoch in range(4):
        assert sorted(order[5 * epoch : 5 * epoch + 5]) == [0, 1, 2, 3, 4]
    assert len({tuple(order[5 * epoch : 5 * epoch + 5]) for epoch in range(4)}) > 1
    order = training_order(five, small_config(), 3)
    assert [pictures(batch) for batch in found] == [order.of_step(step, 2) for step in range(10)]
    assert order.of_step(0, 2) + order.of_step(1, 2) != [0, 1, 2, 3]


@pytest.mark.parametrize("mode", ["square", "crop"])
def test_interrupted_stream_goes_on_with_the_same_batches(five, mode):
    """Across epochs, with every augmentation, for any number of threads."""
    config = small_config(IMAGE_RESIZE_MODE=mode, **WILD)
    whole = batches(make_pipeline(five, config, seed=7, workers=4), 9)
    for start in (1, 4, 8):
        tail = batches(make_pipeline(five, config, seed=7, start_step=start, workers=1), 9 - start)
        for expected, batch in zip(whole[start:], tail, strict=True):
            assert all(np.array_equal(expected[name], batch[name]) for name in expected)
    other = batches(make_pipeline(five, config, seed=8), 1)[0]
    assert not np.array_equal(other["image"], whole[0]["image"])


def test_augmentation_differs_from_epoch_to_epoch(squares):
    one = squares([(1, 0, 0, 15, 30)])
    found = batches(make_pipeline(one, small_config(BATCH_SIZE=1, **WILD)), 6)
    assert len({batch["gt_boxes"].tobytes() for batch in found}) > 3


def test_batch_larger_than_the_dataset(squares):
    two = squares([], [])
    (batch,) = batches(make_pipeline(two, small_config(BATCH_SIZE=5)), 1)
    assert sorted(pictures(batch)[:4]) == [0, 0, 1, 1]
    (batch,) = batches(make_pipeline(two, small_config(BATCH_SIZE=5), training=False))
    assert pictures(batch) == [0, 1]


def test_training_pipeline_has_infinite_cardinality(five):
    assert make_pipeline(five, small_config()).cardinality() == tf.data.INFINITE_CARDINALITY
    assert make_pipeline(five, small_config(), training=False).cardinality() == 3


def test_training_pipeline_says_how_long_an_epoch_is(five):
    assert make_pipeline(five, small_config()).steps_per_epoch == 3
    assert make_pipeline(five, small_config(BATCH_SIZE=5)).steps_per_epoch == 1
    assert make_pipeline(five, small_config(STEPS_PER_EPOCH=7)).steps_per_epoch == 7


def test_make_pipeline_refuses_datasets_that_do_not_fit(five, squares):
    with pytest.raises(UserError, match="has no picture"):
        make_pipeline(squares([]).subset([]), small_config())
    with pytest.raises(UserError, match="has 3 classes including the background .* is 2; set NUM_CLASSES=3"):
        make_pipeline(five, small_config(NUM_CLASSES=2))
    for wrong in ({"seed": -1}, {"start_step": -1}):
        with pytest.raises(UserError, match="give whole numbers from 0 on"):
            make_pipeline(five, small_config(), **wrong)


@pytest.fixture
def damaged(make_coco, tmp_path):
    """A COCO file whose one photograph was cut off after the annotations were made."""
    content = coco_content()
    content["images"][0]["file_name"] = 'it\'s "cut".jpg'
    path = make_coco(content)
    photograph = tmp_path / content["images"][0]["file_name"]
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).save(photograph, quality=95)
    photograph.write_bytes(photograph.read_bytes()[:-40])
    return load_dataset(path)


def test_take_error_finds_the_user_error_of_a_pipeline(damaged):
    with pytest.raises(tf.errors.OpError) as caught:
        batches(make_pipeline(damaged, small_config()), 1)
    found = take_error(caught.value)
    assert isinstance(found, UserError)
    with pytest.raises(UserError) as expected:
        damaged.load_image(0)
    assert str(found) == str(expected.value)
    assert "cut" in str(found)
    assert "is damaged" in str(found)


def test_take_error_finds_the_user_error_of_fit(damaged):
    import keras

    inputs = keras.Input((64, 64, 3))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(inputs)))
    model.compile(loss="mse")
    data = make_pipeline(damaged, small_config()).map(lambda batch: (batch["image"], tf.zeros((2, 3))))
    with pytest.raises(tf.errors.OpError) as caught:
        model.fit(data, steps_per_epoch=1, verbose=0, shuffle=False)
    assert "is damaged" in str(take_error(caught.value))


def test_take_error_ignores_other_errors(five):
    def broken(image_id):
        raise KeyError("polygons")

    five.load_mask = broken
    with pytest.raises(tf.errors.OpError, match="KeyError: 'polygons'") as caught:
        batches(make_pipeline(five, small_config()), 1)
    del five.load_mask
    assert take_error(caught.value) is None
    assert take_error(RuntimeError("x")) is None


def test_batches_of_real_pictures_have_boxes_and_masks_inside(shared):
    small = {"NUM_CLASSES": 81, "IMAGE_MIN_DIM": 128, "IMAGE_MAX_DIM": 192, "MAX_GT_INSTANCES": 20}
    for path, mode in (("coco", "fit"), ("nuclei/val", "crop")):
        config = small_config(IMAGE_RESIZE_MODE=mode, **small, **WILD)
        dataset = load_dataset(shared / "data" / path)
        for batch in batches(make_pipeline(dataset, config), 3):
            assert batch["gt_class_ids"].shape[1] <= 20
            sizes = batch["image_size"][:, None, [0, 1, 0, 1]]
            real = batch["gt_class_ids"] != 0
            assert (batch["gt_boxes"] <= sizes + 1e-3).all()
            assert (batch["gt_masks"][real].max(axis=(1, 2)) > 0).all()
            assert not batch["gt_masks"][~real].any()


def test_remembered_annotations_are_decoded_once_and_equal():
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


def test_remembered_annotations_keep_to_their_limit(monkeypatch):
    monkeypatch.setattr("mrcnn_keras.data.pipeline.REMEMBERED", 0)
    data = RememberedDataset(ShapesDataset(count=2, image_size=(64, 64), seed=4))
    assert data.load_annotations(0) is not data.load_annotations(0)


def test_the_end_of_a_pipeline_waits_for_no_tuning(five):
    assert make_pipeline(five, small_config()).options().autotune.enabled is False


def test_a_program_may_end_while_its_pipeline_reads_ahead():
    """Without care it hangs or aborts: Python ends during a call from one of TensorFlow's threads."""
    program = """if True:
        from mrcnn_keras.data import ShapesDataset, make_pipeline
        from tests.data.small_config import small_config

        data = ShapesDataset(400, (200, 200), max_shapes=8)
        batches = iter(make_pipeline(data, small_config(NUM_CLASSES=4)))
        for _ in range(5):
            next(batches)
        print("end")
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "end\n"), done.stderr
