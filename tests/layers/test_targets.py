import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.layers import AnchorTargetLayer, MaskTargetLayer, RoITargetLayer
from mrcnn_keras.layers.targets import uniform
from mrcnn_keras.ops import boxes as box_ops

OBJECT = [0, 0, 20, 20]
CROWD = [0, 100, 60, 200]
AWAY = [200, 200, 220, 220]
NO_GT = (np.zeros((1, 0, 4)), np.zeros((1, 0)))


def boxes(*counts_and_boxes):
    return np.concatenate([np.tile(np.array(box, np.float32), (count, 1)) for count, box in counts_and_boxes])


def targets(layer, candidates, gt_boxes, gt_class_ids, training=False):
    candidates, gt_boxes = tf.constant(candidates, tf.float32), tf.constant(gt_boxes, tf.float32)
    first = [candidates] if isinstance(layer, AnchorTargetLayer) else candidates[None]
    found = layer(first, gt_boxes, tf.constant(gt_class_ids, tf.int32), training=training)
    return {name: value.numpy() for name, value in found.items()}


def counts(labels):
    return tuple(int(np.sum(labels == label)) for label in (1, 0, -1))


@pytest.mark.parametrize(
    ("on_object", "elsewhere", "expected"),
    [(300, 900, (128, 128, 0)), (50, 900, (50, 206, 0)), (300, 20, (128, 20, 108)), (0, 900, (0, 256, 0))],
)
def test_256_anchors_at_most_half_of_them_objects(on_object, elsewhere, expected):
    found = targets(AnchorTargetLayer(), boxes((on_object, OBJECT), (elsewhere, AWAY)), [[OBJECT]], [[1]])
    assert counts(found["labels"]) == expected
    assert found["indices"].shape == (1, 256)
    assert ((found["indices"] < on_object) == (found["labels"] == 1))[found["labels"] >= 0].all()


@pytest.mark.parametrize(
    ("on_object", "elsewhere", "expected"),
    [(300, 900, (128, 384, 0)), (50, 900, (51, 461, 0)), (300, 20, (128, 20, 364)), (0, 3, (1, 3, 508))],
)
def test_512_rois_at_most_a_quarter_of_them_objects(on_object, elsewhere, expected):
    # The annotated box itself is a candidate as well.
    found = targets(RoITargetLayer(), boxes((on_object, OBJECT), (elsewhere, AWAY)), [[OBJECT]], [[1]])
    assert counts(found["class_ids"]) == expected
    assert found["rois"].shape == (1, 512, 4)
    assert len(found["positive_rois"]) == expected[0]


def test_anchor_deltas_lead_to_the_object():
    anchors = [[0, 0, 20, 18], [0, 0, 20, 19], AWAY]
    found = targets(AnchorTargetLayer(4, std_dev=(0.1, 0.1, 0.2, 0.2)), anchors, [[OBJECT]], [[5]])
    moved = box_ops.decode(found["deltas"], np.array(anchors, np.float32)[found["indices"][0]], (0.1, 0.1, 0.2, 0.2))
    assert found["labels"].tolist() == [[1, 1, 0, -1]]
    np.testing.assert_allclose(moved[0, :2], [OBJECT, OBJECT], atol=1e-4)
    assert not found["deltas"][0, 2:].any()


def test_the_best_anchor_of_an_object_is_positive_whatever_its_overlap():
    found = targets(AnchorTargetLayer(2), [[0, 0, 5, 5], AWAY], [[OBJECT]], [[1]])
    assert found["labels"].tolist() == [[1, 0]]


def test_a_roi_gets_the_class_and_the_deltas_of_its_object():
    gt_boxes, gt_class_ids = [[OBJECT, [50, 50, 70, 90], CROWD]], [[4, 7, -1]]
    proposals = [[0, 0, 20, 16], [50, 50, 70, 80], [10, 110, 30, 150], AWAY]
    found = targets(RoITargetLayer(16, positive_ratio=0.5), proposals, gt_boxes, gt_class_ids)
    rois, class_ids = found["rois"][0], found["class_ids"][0]
    # The proposals and the annotated boxes; nothing of the crowd region.
    assert sorted(class_ids.tolist()) == [-1] * 11 + [0] + [4, 4, 7, 7]
    assert (class_ids > 0).tolist() == [True] * 4 + [False] * 12
    assert rois[4].tolist() == AWAY
    moved = box_ops.decode(found["deltas"][0], rois, (0.1, 0.1, 0.2, 0.2)).numpy()
    for row in range(4):
        np.testing.assert_allclose(moved[row], gt_boxes[0][0 if class_ids[row] == 4 else 1], atol=1e-3)
    assert found["positive_class_ids"].tolist() == class_ids[:4].tolist()
    assert found["positive_gt"].tolist() == [{4: 0, 7: 1}[i] for i in class_ids[:4].tolist()]
    assert (found["positive_rois"] == rois[:4]).all()


def test_positives_of_a_batch_know_their_picture():
    gt_boxes = tf.constant([[AWAY], [OBJECT], [OBJECT]], tf.float32)
    found = RoITargetLayer(8)(tf.zeros([3, 5, 4]), gt_boxes, tf.constant([[0], [2], [3]]))
    assert found["positive_images"].numpy().tolist() == [1, 2]
    assert found["positive_class_ids"].numpy().tolist() == [2, 3]
    assert found["class_ids"][0].numpy().tolist() == [-1] * 8


@pytest.mark.parametrize("gt", [NO_GT, ([[[0] * 4]], [[0]]), ([[CROWD]], [[-2]])], ids=["no slots", "padding", "crowd"])
def test_without_objects_all_are_background_or_in_the_crowd(gt):
    candidates = boxes((5, AWAY), (3, [10, 110, 30, 150]))
    background = 8 if gt[1] is NO_GT[1] or gt[1] == [[0]] else 5
    assert counts(targets(AnchorTargetLayer(9), candidates, *gt)["labels"]) == (0, background, 9 - background)
    found = targets(RoITargetLayer(9), candidates, *gt)
    assert counts(found["class_ids"]) == (0, background, 9 - background)
    assert found["positive_rois"].shape == (0, 4)
    assert not found["deltas"].any()


@pytest.mark.parametrize("layer", [AnchorTargetLayer(8), RoITargetLayer(8)], ids=["anchors", "rois"])
def test_each_training_step_draws_again_and_validation_always_the_same(layer):
    away = np.array([[300, i, 310, i + 10] for i in range(200)], np.float32)

    def drawn(training):
        found = targets(layer, away, [[OBJECT]], [[1]], training)
        return (found.get("rois") if "rois" in found else found["indices"]).tolist()

    validation = drawn(False)
    steps = [drawn(True) for _ in range(3)]
    assert drawn(False) == validation
    assert validation == steps[0]  # those of step 0
    assert steps[0] != steps[1] != steps[2] != steps[0]
    assert int(layer.step) == 3
    layer.step.assign(1)
    assert drawn(True) == steps[1]


def test_seeds_draw_differently():
    away = np.array([[300, i, 310, i + 10] for i in range(200)], np.float32)
    drawn = [targets(AnchorTargetLayer(8, seed=seed), away, *NO_GT)["indices"].tolist() for seed in (1, 2, 2)]
    assert drawn[0] != drawn[1]
    assert drawn[1] == drawn[2]


def mask_targets(shape, rois, objects, gt_boxes, gt_masks):
    """What MaskTargetLayer makes of RoIs of the first picture, of class 7 + their number."""
    count = len(rois)
    positives = {
        "positive_places": tf.stack([tf.zeros([count], tf.int64), tf.range(count, dtype=tf.int64)], axis=1),
        "positive_rois": tf.reshape(tf.constant(rois, tf.float32), [-1, 4]),
        "positive_images": tf.zeros([count], tf.int32),
        "positive_gt": tf.constant(objects, tf.int32),
        "positive_class_ids": 7 + tf.range(count),
    }
    return MaskTargetLayer(shape)(positives, gt_boxes, gt_masks)


def test_mask_targets_are_the_part_of_the_mask_inside_the_roi():
    left = np.zeros((1, 2, 4, 4), np.uint8)
    left[0, 1, :, :2] = 255
    gt_boxes = tf.constant([[AWAY, [0, 0, 16, 16]]], tf.float32)
    rois = [[0, 0, 16, 16], [0, 4, 16, 12], [0, 0, 16, 8], [40, 40, 50, 50]]
    found = mask_targets((2, 4), rois, [1] * 4, gt_boxes, left)["masks"].numpy()
    assert found[:, 0].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]]
    assert (found[:, 0] == found[:, 1]).all()


def test_a_cell_half_covered_belongs_to_the_mask():
    # One cell is centred in the middle between a covered and a bare one.
    box, masks = tf.constant([[[0, 0, 4, 4]]], tf.float32), tf.constant([[[[255, 0]]]], tf.uint8)
    assert mask_targets((1, 1), [[0, 0, 4, 4]], [0], box, masks)["masks"].numpy().tolist() == [[[1]]]
    assert mask_targets((1, 2), [[0, 0, 4, 4]], [0], box, masks // 2)["masks"].numpy().tolist() == [[[0, 0]]]


def test_rois_of_objects_with_a_box_only_have_no_mask_targets():
    masks = np.zeros((1, 2, 4, 4), np.uint8)
    masks[0, 1, 0, 0] = 1
    gt_boxes = tf.constant([[[0, 0, 8, 8], [0, 0, 16, 16]]], tf.float32)
    rois = [[0, 0, 8, 8], [0, 0, 16, 16], [0, 0, 8, 9], [0, 0, 16, 15]]
    found = {
        name: value.numpy().tolist()
        for name, value in mask_targets((1, 1), rois, [0, 1, 0, 1], gt_boxes, masks).items()
    }
    assert found["positive_rois"] == [rois[1], rois[3]]
    assert found["positive_places"] == [[0, 1], [0, 3]]
    assert found["positive_class_ids"] == [8, 10]
    assert (found["positive_images"], found["masks"]) == ([0, 0], [[[0]], [[0]]])


def test_no_rois_have_no_mask_targets():
    for slots in (0, 2):
        masks = tf.zeros([1, slots, 4, 4], tf.uint8)
        found = mask_targets((28, 28), [], [], tf.zeros([1, slots, 4]), masks)
        assert found["masks"].shape == (0, 28, 28)


@pytest.mark.parametrize("shape", [(1,), (2, 1001)])
def test_draws_are_tensorflows_uniform_numbers_also_under_xla(shape):
    for seed in ([1, 0], [2, 12345]):
        expected = tf.random.stateless_uniform(shape, seed)
        for compiled in (None, True):
            draw = tf.function(lambda seed: uniform(shape, seed), jit_compile=compiled, autograph=False)
            np.testing.assert_array_equal(draw(tf.constant(seed)), expected)


def test_under_xla_each_positive_slot_has_a_row_and_class_0_where_it_does_not_count():
    gt_boxes, gt_class_ids = tf.constant([[OBJECT, AWAY]], tf.float32), tf.constant([[3, 5]])
    masks = np.zeros((1, 2, 4, 4), np.uint8)
    masks[0, 1] = 255  # the first object has a box only
    rois, cut = RoITargetLayer(8, positive_ratio=0.5), MaskTargetLayer((2, 2))

    def make(proposals):
        chosen = rois(proposals, gt_boxes, gt_class_ids)
        return chosen, cut(chosen, gt_boxes, tf.constant(masks))

    proposals = tf.constant([[[300, i, 310, i + 10] for i in range(20)]], tf.float32)
    plain, plain_masks = make(proposals)
    fixed, fixed_masks = tf.function(make, jit_compile=True, autograph=False)(proposals)
    for name in ("rois", "class_ids", "deltas"):
        np.testing.assert_allclose(fixed[name], plain[name], atol=1e-6)
    assert sorted(plain["positive_class_ids"].numpy()) == [3, 5]
    assert fixed["positive_places"].numpy().tolist() == [[0, i] for i in range(4)]
    np.testing.assert_array_equal(fixed["positive_class_ids"], fixed["class_ids"][0, :4])
    np.testing.assert_array_equal(fixed["positive_rois"], fixed["rois"][0, :4])
    class_ids = fixed_masks["positive_class_ids"].numpy()
    assert sorted(class_ids) == [0, 0, 0, 5]
    for name, value in plain_masks.items():
        np.testing.assert_array_equal(fixed_masks[name].numpy()[class_ids > 0], value)
