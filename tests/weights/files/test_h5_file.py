import h5py
import numpy as np
import pytest

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.files import h5_process, read_tensors
from mrcnn_keras.weights.files.h5_file import plain_names
from tests.weights.files.writers import write_h5

KERNEL = np.random.default_rng(0).normal(size=(3, 3, 20, 8)).astype("f4")
BIAS = np.arange(8, dtype="f4")
LAYERS = {
    "input_image": {},
    "conv1": {"conv1/kernel:0": KERNEL, "conv1/bias:0": BIAS},
    "rpn_model": {"rpn_conv_shared/kernel:0": KERNEL + 1, "rpn_class_raw/kernel:0": KERNEL + 2},
}
EXPECTED = {
    "conv1/kernel": KERNEL,
    "conv1/bias": BIAS,
    "rpn_conv_shared/kernel": KERNEL + 1,
    "rpn_class_raw/kernel": KERNEL + 2,
}


def check(path, expected=EXPECTED):
    with read_tensors(path) as file:
        assert file.kind == "h5"
        assert list(file) == list(expected)
        for name, array in expected.items():
            assert file.shapes[name] == array.shape
            assert file[name].dtype == array.dtype.newbyteorder("=")
            np.testing.assert_array_equal(file[name], array)


@pytest.mark.parametrize("inside", ["/", "model_weights"])
def test_h5_of_weights_alone_and_of_whole_models(tmp_path, inside):
    path = write_h5(tmp_path / "x.h5", LAYERS, inside)
    if inside != "/":
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = "{}" * 1000
            file.create_group("optimizer_weights")["iterations"] = 5
            file["model_weights"].create_group("top_level_model_weights")
    check(path)


@pytest.mark.parametrize(
    "options",
    [
        {"chunks": (2, 3, 7, 8)},
        {"chunks": True, "compression": "gzip"},
        {"chunks": True, "compression": "gzip", "shuffle": True, "fletcher32": True},
        {"chunks": True, "fletcher32": True},
        {"dtype": ">f4"},
        {"dtype": "f8"},
        {"dtype": "f2"},
        {"dtype": "i2"},
        {"dtype": "u1"},
    ],
    ids=str,
)
def test_h5_storage_options(tmp_path, options):
    array = (KERNEL * 10).clip(0, 200).astype(options.get("dtype", "f4"))
    check(write_h5(tmp_path / "x.h5", {"conv": {"conv/kernel:0": array}}, **options), {"conv/kernel": array})


def test_h5_scalars_and_empty_arrays(tmp_path):
    arrays = {"a/scalar": np.array(3.5), "a/empty": np.zeros((0, 3), "f4")}
    check(write_h5(tmp_path / "x.h5", {"a": arrays}), arrays)


def test_h5_compact_datasets_and_names_of_variable_length(tmp_path):
    # h5py has no switch for compact; names as str are what Keras 3 writes.
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["layer_names"] = ["conv"]
        group = file.create_group("conv")
        group.attrs["weight_names"] = ["conv/bias:0"]
        kind = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        kind.set_layout(h5py.h5d.COMPACT)
        inner, space = group.create_group("conv"), h5py.h5s.create_simple(BIAS.shape)
        h5py.h5d.create(inner.id, b"bias:0", h5py.h5t.IEEE_F32LE, space, kind).write(space, space, BIAS)
    check(tmp_path / "x.h5", {"conv/bias": BIAS})


def test_h5_lists_in_pieces_and_many_layers(tmp_path):
    # Keras cuts lists of more than 64,512 bytes; hundreds of layers need an index of several levels.
    layers = {f"layer{i}": {f"layer{i}/bias:0": BIAS[:2] + i} for i in range(700)}
    path = write_h5(tmp_path / "x.h5", layers)
    with h5py.File(path, "a") as file:
        names = file.attrs["layer_names"]
        del file.attrs["layer_names"]
        file.attrs["layer_names0"], file.attrs["layer_names1"] = names[:300], names[300:]
    check(path, {f"layer{i}/bias": BIAS[:2] + i for i in range(700)})


def test_h5_damage_under_a_checksum(tmp_path):
    path = write_h5(tmp_path / "x.h5", {"a": {"a/kernel:0": KERNEL}}, chunks=True, fletcher32=True)
    path.write_bytes(path.read_bytes().replace(KERNEL[0, 0, 0].tobytes(), KERNEL[0, 0, 1].tobytes()))
    with read_tensors(path) as file, pytest.raises(UserError, match="not what it seems .*filter returned failure"):
        file["a/kernel"]


def edited(tmp_path, edit):
    path = write_h5(tmp_path / "x.h5", LAYERS)
    with h5py.File(path, "a") as file:
        edit(file)
    return path


def external_link(file):
    del file["conv1/conv1"]
    file["conv1/conv1"] = h5py.ExternalLink("other.h5", "/")


def link_to_an_external_link(file):
    file["elsewhere"] = h5py.ExternalLink("other.h5", "/")
    del file["conv1/conv1"]
    file["conv1/conv1"] = h5py.SoftLink("/elsewhere")


def external_storage(file):
    del file["conv1/conv1/bias:0"]
    file["conv1/conv1"].create_dataset("bias:0", (8,), "f4", external=[("/etc/passwd", 0, 32)])


def virtual(file):
    del file["conv1/conv1/bias:0"]
    layout = h5py.VirtualLayout((8,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (8,))
    file["conv1/conv1"].create_virtual_dataset("bias:0", layout)


def compound(file):
    del file["conv1/conv1/bias:0"]
    file["conv1/conv1/bias:0"] = np.zeros(8, "f4,i4")


def huge(file):
    del file["conv1/conv1/bias:0"]
    file["conv1/conv1"].create_dataset("bias:0", (2**36,), "f4")


def huge_in_chunks(file):
    del file["conv1/conv1/bias:0"]
    file["conv1/conv1"].create_dataset("bias:0", (2**36,), "f4", chunks=(2**20,))


def compressed_bomb(file):
    del file["conv1/conv1/bias:0"]
    file["conv1/conv1"].create_dataset("bias:0", data=np.zeros(2**23, "f4"), chunks=(2**20,), compression="gzip")


def unlisted(file):
    file["conv1/conv1_more/kernel:0"] = BIAS


def lacking(file):
    del file["conv1/conv1/bias:0"]


def no_names(file):
    del file.attrs["layer_names"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (external_link, "a link to another file under the name 'conv1', which is not read"),
        (link_to_an_external_link, "a link to another file under the name 'elsewhere'"),
        (external_storage, "keeps numbers in other files, which are not read"),
        (virtual, "keeps numbers in other files, which are not read"),
        (compound, "holds no ordinary numbers"),
        (huge, r"shape \(68719476736,\) without its numbers"),
        (huge_in_chunks, "without some of its numbers"),
        (compressed_bomb, "compressed too well for weights"),
        (unlisted, "has 'conv1_more', which its lists do not name"),
        (lacking, "lacks 'conv1/bias:0', which it lists"),
        (no_names, "without Keras's layer_names; give"),
    ],
)
def test_h5_files_that_are_refused(tmp_path, edit, message):
    write_h5(tmp_path / "other.h5", LAYERS)
    with pytest.raises(UserError, match=message):
        read_tensors(edited(tmp_path, edit))


@pytest.mark.parametrize("names", [{}, {"layers/conv2d/vars/0": BIAS}])
def test_h5_files_of_other_kinds_are_refused(tmp_path, names):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, array in names.items():
            file[name] = array
    with pytest.raises(UserError, match=r"is a \.weights\.h5 of Keras 3" if names else "without Keras's layer_names"):
        read_tensors(tmp_path / "x.h5")


def test_h5_of_the_newest_layout_with_soft_links(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w", libver="latest") as file:
        file.attrs["layer_names"] = ["conv1", "tied"]
        file["kept/kernel"] = KERNEL
        for layer in ("conv1", "tied"):
            group = file.create_group(layer)
            group.attrs["weight_names"] = np.array([f"{layer}/kernel:0"], "S")
            group[f"{layer}/kernel:0"] = h5py.SoftLink("/kept/kernel")
        del file["kept/kernel"]
        file["conv1/numbers"] = KERNEL
        file["kept/kernel"] = h5py.SoftLink("/conv1/numbers")
    with pytest.raises(UserError, match="has 'numbers', which its lists do not name"):
        read_tensors(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5", "a", libver="latest") as file:
        file.attrs["layer_names"] = ["conv1", "tied", "kept"]
        file.move("conv1/numbers", "kept/numbers")
        del file["kept/kernel"]
        file["kept/kernel"] = h5py.SoftLink("/kept/numbers")
        file["kept"].attrs["weight_names"] = ["numbers"]
    check(tmp_path / "x.h5", {"conv1/kernel": KERNEL, "tied/kernel": KERNEL, "kept/numbers": KERNEL})


@pytest.mark.parametrize(
    ("child", "seconds", "message"),
    [("raise SystemExit(3)", 60, "ended with code 3"), ("while True: pass", 0.1, "took more than 0 seconds")],
)
def test_h5_process_that_dies_or_hangs(tmp_path, monkeypatch, child, seconds, message):
    path = write_h5(tmp_path / "x.h5", LAYERS)
    (tmp_path / "child.py").write_text(child)
    monkeypatch.setattr(h5_process, "CHILD", tmp_path / "child.py")
    monkeypatch.setattr(h5_process, "SECONDS", seconds)
    with pytest.raises(UserError, match=f"x.h5 is damaged: the process that read it {message}"):
        read_tensors(path)


def test_h5_file_that_is_cut_short(tmp_path):
    path = write_h5(tmp_path / "x.h5", LAYERS)
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(UserError, match=f"has {len(data) - 1} bytes where it should have {len(data)}: it is cut short"):
        read_tensors(path)


def test_h5_of_the_installed_keras(tmp_path):
    keras = pytest.importorskip("keras")
    inner = [keras.layers.Conv2D(3, 3, name="rpn_conv_shared"), keras.layers.Conv2D(2, 1, name="rpn_class_raw")]
    image = keras.Input((8, 8, 4))
    x = keras.layers.BatchNormalization(name="bn_conv1")(image)
    model = keras.Model(image, keras.Sequential([keras.Input((8, 8, 4)), *inner], name="rpn_model")(x))
    model.save(tmp_path / "x.h5")
    names = ["gamma", "beta", "moving_mean", "moving_variance"]
    expected = {f"bn_conv1/{name}": model.get_layer("bn_conv1").weights[i].numpy() for i, name in enumerate(names)}
    for layer in inner:
        expected |= {f"{layer.name}/kernel": layer.kernel.numpy(), f"{layer.name}/bias": layer.bias.numpy()}
    check(tmp_path / "x.h5", expected)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        # Matterport's file
        ({"conv1": ["conv1/kernel:0", "conv1/bias:0"]}, ["conv1/kernel", "conv1/bias"]),
        ({"mrcnn_mask": ["mrcnn_mask/mrcnn_mask/kernel:0"]}, ["mrcnn_mask/kernel"]),
        (
            {"rpn_model": ["rpn_model/rpn_conv_shared/kernel:0", "rpn_model/rpn_class_raw/kernel:0"]},
            ["rpn_conv_shared/kernel", "rpn_class_raw/kernel"],
        ),
        # written by a second model of the same session, or by a port to TensorFlow 2
        ({"conv1": ["conv1_1/kernel:0", "conv1_1/bias_1:0"]}, ["conv1/kernel", "conv1/bias"]),
        ({"mrcnn_mask_conv1": ["mrcnn_mask_conv1/conv2d_7/kernel:0"]}, ["mrcnn_mask_conv1/kernel"]),
        ({"time_distributed_3": ["mrcnn_mask_conv1/kernel:0"]}, ["mrcnn_mask_conv1/kernel"]),
        ({"bn_conv1": ["tower_0/bn_conv1/gamma", "tower_0/bn_conv1/beta"]}, ["bn_conv1/gamma", "bn_conv1/beta"]),
        ({"conv1": ["kernel:0", "bias:0"]}, ["conv1/kernel", "conv1/bias"]),
        (
            {"rpn_model": ["rpn_conv_shared_1/kernel:0", "rpn_class_raw_1/kernel:0"]},
            ["rpn_conv_shared/kernel", "rpn_class_raw/kernel"],
        ),
        # a model in a model: the numbers that Keras appends stay where they distinguish layers
        (
            {"backbone": ["conv2d/kernel:0", "conv2d_1/kernel:0", "head_2/kernel:0"]},
            ["conv2d/kernel", "conv2d_1/kernel", "head/kernel"],
        ),
        # Keras 1
        ({"conv1": ["conv1_W:0", "conv1_b:0"]}, ["conv1/kernel", "conv1/bias"]),
        (
            {"bn_conv1": ["bn_conv1_running_mean:0", "bn_conv1_running_std:0"]},
            ["bn_conv1/moving_mean", "bn_conv1/moving_variance"],
        ),
        ({"block1_conv1": ["block1_conv1_W_1:0"]}, ["block1_conv1/kernel"]),
        # numbers that belong to the layer's name, as keras.applications has them
        ({"conv2_block1_1_conv": ["conv2_block1_1_conv/kernel:0"]}, ["conv2_block1_1_conv/kernel"]),
        ({"conv2d_1": ["conv2d_1/kernel:0"], "conv2d": ["conv2d/kernel:0"]}, ["conv2d_1/kernel", "conv2d/kernel"]),
        # names that would be the same are kept as they are written
        ({"a": ["x/kernel:0", "y/x/kernel:0"]}, ["a/x/kernel:0", "a/y/x/kernel:0"]),
        ({"dense": ["dense/temperature:0"]}, ["dense/temperature"]),
    ],
)
def test_plain_names_of_h5_weights(layers, expected):
    assert plain_names(layers) == expected
