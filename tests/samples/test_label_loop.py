"""samples/label_loop: the labelling loop, once around."""

import json

import pytest

from tests.samples.loading import LABEL_LOOP, sample


@pytest.mark.slow
def test_label_loop(in_process, words, tmp_path, capsys):
    loop = sample(LABEL_LOOP)
    given = ["--drawn", 6, 2, "--labelled", 2, "--proposed", 2, "--seeds", 1, "--minutes", 0.01, "--out", tmp_path]
    words(loop, *given)
    assert in_process == ["inspect", "train", "detect", "train", "train"]
    assert "suggested - random" in capsys.readouterr().out
    [found] = json.loads((tmp_path / "label-loop.json").read_text())["loops"]
    labelled = json.loads((tmp_path / "data" / "annotations" / "seed-0-labelled.json").read_text())
    for way in loop.WAYS:
        assert len(found[way]["pictures"]) == 2
        assert not {image["file_name"] for image in labelled["images"]} & {*found[way]["pictures"]}
        work = found[way]["corrections"]
        truth = json.loads((tmp_path / "data" / "annotations" / f"seed-0-{way}.json").read_text())
        assert work["keep"] + work["draw"] == len(truth["annotations"])
    words(loop, *given)  # nothing is made again
    assert len(in_process) == 5
