"""Files, folders and patterns as the arguments of a command."""

from pathlib import Path

import pytest

from mrcnn_keras.cli.inputs import find_files
from mrcnn_keras.errors import UserError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    names = ["photos/a.jpg", "photos/b/a.jpg", "photos/b/c/d.PNG", "photos/notes.txt", "found/a.png", "only/x.dng"]
    rubbish = ["._a.jpg", "__MACOSX/a.jpg", "b/.ipynb_checkpoints/a.jpg", "Thumbs.db", "desktop.ini", ".DS_Store"]
    for name in (*names, *(f"photos/{name}" for name in rubbish)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    monkeypatch.chdir(tmp_path)


def found(*inputs, **options):
    files = find_files(inputs, {".jpg", ".png"}, "a picture", **options)
    return {path.as_posix(): name.as_posix() for path, name in files.items()}


def test_a_folder_is_searched_with_its_folders_and_without_rubbish():
    expected = {"photos/a.jpg": "a.jpg", "photos/b/a.jpg": "b/a.jpg", "photos/b/c/d.PNG": "b/c/d.PNG"}
    assert found("photos") == expected
    assert found("photos", out="elsewhere") == expected


@pytest.mark.parametrize(
    ("photographs", "labels"), [("images", "masks"), ("images", "labels"), ("JPEGImages", "SegmentationClass")]
)
def test_labels_beside_photographs_are_no_pictures_unless_they_are_given(photographs, labels, capsys):
    for inner in (photographs, labels):
        Path("data/1", inner).mkdir(parents=True)
        Path("data/1", inner, "1.png").touch()
    assert found("data") == {f"data/1/{photographs}/1.png": f"1/{photographs}/1.png"}
    note = f"the pictures in {labels}/ beside {photographs}/ are labels, and left out"
    assert f"note: data: {note}" in capsys.readouterr().out
    assert found("data/*") == {f"data/1/{photographs}/1.png": f"1/{photographs}/1.png"}
    assert f"note: data/*: {note}" in capsys.readouterr().out
    assert found(f"data/1/{labels}") == {f"data/1/{labels}/1.png": "1.png"}
    assert not capsys.readouterr().out
    Path("data/1", photographs).rename("data/1/others")
    assert len(found("data")) == 2


def test_the_folder_that_is_written_is_not_searched():
    assert "found/a.png" in found(".")
    assert "found/a.png" not in found(".", out="found")
    assert found("found", out="found") == {"found/a.png": "a.png"}  # as the overwriting is refused


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("photos/*.jpg", {"photos/a.jpg": "a.jpg"}),
        ("photos/*", {"photos/a.jpg": "a.jpg", "photos/b/a.jpg": "b/a.jpg", "photos/b/c/d.PNG": "b/c/d.PNG"}),
        ("*/*/a.*", {"photos/b/a.jpg": "photos/b/a.jpg"}),
        ("photos/**/a.jpg", {"photos/a.jpg": "a.jpg", "photos/b/a.jpg": "b/a.jpg"}),
        ("photos/[xa].jp?", {"photos/a.jpg": "a.jpg"}),
    ],
)
def test_a_pattern_that_no_shell_expanded(pattern, names):
    assert found(pattern) == names
    assert found(str(Path.cwd() / pattern)) == {f"{Path.cwd().as_posix()}/{path}": name for path, name in names.items()}


def test_a_file_whose_name_looks_like_a_pattern_and_a_hidden_one_that_is_named():
    Path("a[1].jpg").touch()
    assert found("a[1].jpg", "photos/._a.jpg") == {"a[1].jpg": "a[1].jpg", "photos/._a.jpg": "._a.jpg"}


def test_a_file_that_is_given_twice_is_taken_once(capsys):
    assert found("photos/a.jpg", "photos/../photos/a.jpg", "photos/*.jpg") == {"photos/a.jpg": "a.jpg"}
    assert "note: 2 of the files given were there already; each is taken once" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("none.jpg", "none.jpg does not exist; give a picture"),
        ("photos/*.gif", r"no picture is called photos/\*.gif; give a picture"),
        ("only", "only contains no picture but 1 file .dng; give a folder with .jpg or .png"),
    ],
)
def test_what_holds_no_picture_is_refused(given, words):
    with pytest.raises(UserError, match=words):
        found(given)
