"""Pieces of a page: escaped text, bins that a reader can count, and drawings."""

import numpy as np
import pytest

from mrcnn_keras import page


def test_text_is_escaped():
    assert page.text("<b>'a' & \"c\"</b>") == "&lt;b&gt;&#x27;a&#x27; &amp; &quot;c&quot;&lt;/b&gt;"
    assert page.text("a\0b\x1b\udc80") == "a�b�?"
    assert "<script>" not in page.whole("<script>", [page.heading("<script>"), page.points(["<script>"])])


@pytest.mark.parametrize(
    ("values", "edges", "counts"),
    [([3, 3, 5], [3, 4, 5, 6], [2, 0, 1]), ([7], [7, 8], [1]), ([2.5, 2.5], [2.5, 3.5], [2]), ([], [], [])],
)
def test_bins(values, edges, counts):
    assert page.binned(values) == (edges, counts)


def test_bins_of_many_values_are_few_and_hold_all():
    for values in (np.arange(1000), np.geomspace(1.5, 900, 500), np.linspace(0, 1, 77)):
        edges, counts = page.binned(values)
        assert len(counts) == len(edges) - 1 <= page.BARS
        assert sum(counts) == len(values)
    edges, _ = page.binned(np.geomspace(1, 16.5, 100))
    assert edges[12] == pytest.approx(16.5**0.5, rel=1e-4)  # each bin is a factor wide


def test_a_histogram_has_a_bar_for_each_bin():
    drawing = page.histogram("sides <px>", [0, 1, 2], [4, 2])
    assert drawing.count("<rect") == 2
    assert "0 to 1: 4" in drawing
    assert "sides &lt;px&gt;" in drawing


def test_a_table_puts_numbers_right_and_draws_shares():
    drawn = page.table(("name", "objects", ""), [("a&b", 3, 0.5)])
    assert "<td>a&amp;b</td>" in drawn
    assert '<td class="number">3</td>' in drawn
    assert "width:50.0%" in drawn
    assert page.table(("name",), []).count("<td") == 0


def test_a_picture_is_small_and_in_the_page():
    drawn = page.picture(np.random.default_rng(0).integers(0, 256, (900, 1200, 3), np.uint8), "noise")
    assert drawn.startswith('<figure><img src="data:image/jpeg;base64,')
    assert len(drawn) < 150_000
