"""Fast R-CNN: a model without a region proposal network, whose proposals come with the pictures."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from mrcnn_keras.config import Config
from mrcnn_keras.data import make_pipeline
from mrcnn_keras.data.generated import ShapesDataset
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import evaluate
from mrcnn_keras.layers import GivenProposalsLayer
from mrcnn_keras.model import MaskRCNN
from tests.graphs import op_by_op
from tests.model.proposed import give_proposals
from tests.model.served import assert_comes_back_and_is_served


@pytest.fixture(scope="module")
def given_model(tiny):
    """A function: settings -> a tiny model that takes proposals, always with the same weights."""

    def make(**settings):
        keras.utils.set_random_seed(0)
        return MaskRCNN(Config.preset("resnet18_fpn", NUM_CLASSES=4, **{**tiny, "PROPOSALS": "given", **settings}))

    return make


@pytest.fixture(scope="module")
def without_masks(given_model):
    return given_model(MASKS=False, DETECTION_MIN_CONFIDENCE=0.01)


@pytest.fixture(scope="module")
def photograph():
    return np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)


def test_layer_cuts_pads_and_clips():
    """Of a picture of 20 x 30: the third box lies outside, the fourth has no height, the fifth is beyond the limit."""
    boxes = tf.constant([[[1, 2, 9, 8], [-5, 10, 25, 90], [21, 0, 29, 9], [3, 3, 3, 9], [0, 0, 1, 1]]], tf.float32)
    window = tf.constant([[0, 0, 20, 30]], tf.float32)
    found = GivenProposalsLayer(limit=4)(boxes, window)
    assert found.numpy().tolist() == [[[1, 2, 9, 8], [0, 10, 20, 30], [0] * 4, [0] * 4]]
    assert GivenProposalsLayer(limit=6)(boxes, window).shape == (1, 6, 4)
    # By the last pixel's index: a box of one pixel has no extent there.
    found = GivenProposalsLayer(limit=2, corners="pixel")(
        tf.constant([[[1, 2, 9, 8], [1, 2, 2, 3]]], tf.float32), window
    )
    assert found.numpy().tolist() == [[[1, 2, 8, 7], [0] * 4]]


def test_there_is_no_rpn(given_model, without_masks):
    model = given_model()
    assert model.takes_proposals
    assert model.loss_names == ["mrcnn_class_loss", "mrcnn_bbox_loss", "mrcnn_mask_loss"]
    assert not [variable.path for variable in model.variables if "rpn" in variable.path or "anchor" in variable.path]
    assert without_masks.loss_names == ["mrcnn_class_loss", "mrcnn_bbox_loss"]


def test_the_heads_get_the_given_proposals(given_model):
    """In a network picture of 64 x 64 whose photograph is 64 x 48: rows are kept, what lies in the padding is cut."""
    model = given_model(POST_NMS_ROIS_INFERENCE=3)
    inputs = {
        "image": np.zeros((1, 64, 64, 3), np.float32),
        "image_size": np.array([[64, 48]], np.int32),
        "proposals": np.float32([[[0, 0, 10, 20], [5, 40, 25, 60]]]),
    }
    tensors = model.inference_tensors("proposals", "given_proposals")(inputs)
    assert tensors["proposals"].numpy().tolist() == [[[0, 0, 10, 20], [5, 40, 25, 48], [0, 0, 0, 0]]]
    assert tensors["given_proposals"].numpy().tolist() == inputs["proposals"].tolist()
    assert model.predict(inputs, verbose=0)["boxes"].shape == (1, 10, 4)


def test_no_proposals_no_detections(without_masks, photograph, without_graphs):
    proposals = [[[1, 2, 10, 15]], [], [[4, 4, 4, 20]]]
    found = without_masks.detect([photograph] * 3, proposals=proposals)
    assert [len(f) > 0 for f in found] == [True, False, False]


@pytest.mark.parametrize(
    ("proposals", "sentence"),
    [
        (None, "this model takes proposals with each picture, and there are none for 1; give one array"),
        ([[], []], "this model takes proposals with each picture, and there are 2 for 1; give one array"),
        ([[[1, 2, 3]]], r"picture 0: proposals have shape \(1, 3\); give \[any, 4\]"),
        ([[[9, 9, 4, 4]]], r"picture 0: proposals: box 0 is \[9.0, 9.0, 4.0, 4.0\]; give finite"),
    ],
)
def test_detect_refuses_proposals_that_do_not_fit(proposals, sentence, without_masks, photograph):
    with pytest.raises(UserError, match=sentence):
        without_masks.detect([photograph], proposals=proposals)


def test_a_model_with_an_rpn_refuses_proposals(model, photograph):
    assert not model.takes_proposals
    with pytest.raises(UserError, match="this model finds its proposals itself; leave them out"):
        model.detect([photograph], proposals=[[]])


@pytest.mark.slow
def test_weights_go_between_models_with_and_without_an_rpn(given_model, tmp_path):
    """All but the RPN fits; the way back leaves the RPN as it was made."""
    given_model(PROPOSALS="rpn").save(tmp_path / "faster.keras")
    model = given_model()
    report = model.load_weights(tmp_path / "faster.keras")
    assert report.complete
    assert {path.split("/")[0] for path in report.left_over} == {"rpn"}
    assert not report.notes
    model.save(tmp_path / "fast.keras")
    report = given_model(PROPOSALS="rpn").load_weights(tmp_path / "fast.keras")
    assert {path.split("/")[0] for path in report.missing} == {"rpn"}


@pytest.mark.slow
def test_model_with_given_proposals_learns_detects_and_is_served(given_model, tmp_path):
    """Two pictures by heart, from rough boxes among random ones; then the annotated boxes are found in both."""
    data = give_proposals(ShapesDataset(count=2, image_size=(64, 64), seed=3))
    model = given_model(OPTIMIZER="adamw", LEARNING_RATE=2e-3, BACKBONE_NORM="gn", AUGMENT_SCALE=(1, 1))
    model.compile()
    history = model.fit(make_pipeline(data, model.config), steps_per_epoch=60, verbose=0, shuffle=False).history
    assert {"loss", *model.loss_names} == set(history)
    with op_by_op():
        scores = evaluate(model, data)
    assert scores["bbox/AP50"] > 0.8
    assert scores["segm/AP50"] > 0.5
    images = [data.load_image(i) for i in data.image_ids]
    truth = [data.load_annotations(i) for i in data.image_ids]
    with op_by_op():
        found = model.detect(images, 0.3, proposals=[t.boxes for t in truth])
    assert [sorted(set(f.class_ids.tolist())) for f in found] == [sorted(set(t.class_ids.tolist())) for t in truth]
    assert_comes_back_and_is_served(model, images, tmp_path, [data.load_proposals(i) for i in data.image_ids])
