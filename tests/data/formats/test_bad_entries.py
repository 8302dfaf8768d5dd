"""One policy on entries that cannot be read: a share of each kind is left out, one always, and none with 0."""

import pytest

from mrcnn_keras.data import Dataset
from mrcnn_keras.data.formats.bad_entries import BadEntries
from mrcnn_keras.errors import UserError


def entries(share, count, bad, kind="pictures"):
    found = BadEntries(Dataset(), share)
    found.count(kind, count)
    for number in range(bad):
        found.skip(kind, f"picture {number} is damaged")
    return found


@pytest.mark.parametrize(
    ("share", "count", "bad"), [(0.05, 8334, 15), (0.05, 100, 5), (0.05, 3, 1), (0.5, 10, 5), (1, 2, 2), (0, 9, 0)]
)
def test_as_many_as_the_share_allows_are_left_out(share, count, bad):
    found = entries(share, count, bad)
    found.check()
    assert found.dataset.skipped == [f"picture {number} is damaged" for number in range(bad)]


@pytest.mark.parametrize(
    ("share", "count", "bad", "cure"),
    [(0.05, 100, 6, "0.06"), (0.05, 3, 2, "0.67"), (0, 1000, 1, "0.01"), (0.05, 10, 7, "0.7"), (0.99, 2, 2, None)],
)
def test_more_are_refused_with_both_cures(share, count, bad, cure):
    with pytest.raises(UserError, match=rf"^{bad} of {count} pictures .* picture 0 is damaged( \||\. Mend)") as error:
        entries(share, count, bad).check()
    assert (f"--skip-bad {cure} (in Python skip_bad={cure})" in str(error.value)) == (cure is not None)


def test_the_only_entry_is_not_left_out():
    with pytest.raises(UserError, match="1 of 1 pictures"):
        entries(0.05, 1, 1).check()


def test_kinds_are_counted_apart():
    found = entries(0.05, 3, 1)
    found.count("annotations", 4)
    found.skip("annotations", "annotation 7 has no box")
    found.check()
    assert found.dataset.skipped == ["picture 0 is damaged", "annotation 7 has no box"]


def test_an_entry_met_again_counts_once():
    found = entries(0.05, 10, 1)
    found.skip("pictures", "picture 0 is damaged")
    found.check()


def test_a_refusal_stays_readable():
    found = BadEntries(Dataset(), 0)
    found.count("annotations", 500)
    for number in range(500):
        found.skip("annotations", f"'{'/folder' * 60}' has annotation {number} without a box; add one")
    with pytest.raises(UserError, match="add one | .* and 497 more") as error:
        found.check()
    assert len(str(error.value)) < 700


def test_a_refusal_names_the_file_once():
    found = BadEntries(Dataset(), 0)
    found.count("annotations", 5)
    for number in range(5):
        found.skip("annotations", f"'a/b.json' has annotation {number} of the unknown category 4; add that category")
    words = "'a/b.json' has annotation 0 of .* | has annotation 1 of the .* | has annotation 2 of .* | and 2 more. Mend"
    with pytest.raises(UserError, match=words.replace("|", r"\|")) as error:
        found.check()
    assert str(error.value).count("a/b.json") == 1
