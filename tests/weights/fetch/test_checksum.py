import hashlib

import pytest

from mrcnn_keras.weights.fetch import name_hash_mismatch

SHA, MD5 = hashlib.sha256(b"weights").hexdigest(), hashlib.md5(b"weights").hexdigest()


@pytest.mark.parametrize(
    "name", [f"resnet50-{SHA[:8]}.pth", f"model_final_{MD5[:6]}.pkl", "model_final.pkl", "my-weights.pth", "x.h5"]
)
def test_names_that_tell_the_truth_or_nothing(tmp_path, name):
    (tmp_path / name).write_bytes(b"weights")
    assert name_hash_mismatch(tmp_path / name) is None


@pytest.mark.parametrize(
    ("name", "kind", "digits"),
    [("maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth", "sha256", SHA[:8]), ("model_final_f10217.pkl", "md5", MD5[:6])],
)
def test_names_of_other_files(tmp_path, name, kind, digits):
    (tmp_path / name).write_bytes(b"weights")
    note = name_hash_mismatch(str(tmp_path / name))
    assert note.startswith(f"{tmp_path / name} is not the published file of that name")
    assert f"its {kind} begins with {digits}" in note
