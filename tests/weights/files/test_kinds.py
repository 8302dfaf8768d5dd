import gzip
import io
import tarfile

import numpy as np
import pytest
from PIL import Image

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files import read_tensors


def picture(kind):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind)
    return file.getvalue()


def array(save, *arrays):
    file = io.BytesIO()
    save(file, *arrays)
    return file.getvalue()


def tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("storages"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty; download or copy it again"),
        (b"\0", "is not a file of weights that can be read here"),
        (b"\n\n<!DOCTYPE html><html>404</html>", "is a page of HTML or XML, as servers send instead"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "is a pointer of git-lfs.*git lfs pull"),
        (picture("JPEG"), "is a JPEG picture, not a file of weights; give a file of weights: a PyTorch .pth"),
        (picture("PNG"), "is a PNG picture"),
        (gzip.compress(b"weights"), "is compressed with gzip; unpack it"),
        (tar(), "is a tar archive; unpack it"),
        (array(np.save, np.zeros(3)), "is one numpy array without a name"),
        (array(np.savez, np.zeros(3)), r"is an archive of numpy arrays \(.npz\); save them as .safetensors"),
        (b'{"images": []}', "not a file of weights that can be read here, or its beginning is damaged; give a PyTorch"),
        (b"(no pickle", "is not a file of weights"),
    ],
    ids=range(12),
)
def test_kind_of_other_files_is_named(tmp_path, data, message):
    (tmp_path / "x.pth").write_bytes(data)
    with pytest.raises(UserError, match=message):
        read_tensors(tmp_path / "x.pth")


def test_kind_of_a_keras_model_is_named(tmp_path):
    keras = pytest.importorskip("keras")
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save(tmp_path / "x.keras")
    (tmp_path / "x.keras").rename(tmp_path / "x.pth")
    with pytest.raises(UserError, match=r"is a \.keras model; give it that ending"):
        read_tensors(tmp_path / "x.pth")


def test_paths_that_are_not_files_of_weights(tmp_path):
    with pytest.raises(UserError, match="is a folder; give the file of weights in it"):
        read_tensors(tmp_path)
    with pytest.raises(UserError, match=r"absent\.pth cannot be read \(No such file or directory\); give"):
        read_tensors(tmp_path / "absent.pth")
