"""What a notebook shows of instances."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from mrcnn_keras.detections import Detections, MaskCrop
from mrcnn_keras.detections.to_html import MOST, ROWS

SVG = "{http://www.w3.org/2000/svg}"


def parsed(found):
    """The page as a tree, which fails where anything is not closed or not escaped."""
    shown = found._repr_html_()
    assert "src" not in shown
    assert "href" not in shown
    assert "<script" not in shown
    return ElementTree.fromstring(shown)


def test_boxes_outlines_classes_and_scores_are_drawn():
    ring = np.ones((40, 40), bool)
    ring[10:30, 10:30] = False
    crops = [MaskCrop(20, 30, ring), None]
    tree = parsed(Detections((120, 160), [(20, 30, 60, 70), (80, 100, 110, 150)], [1, -3], [0.9, 0.25], crops))
    groups = tree.findall(f".//{SVG}g[{SVG}title]")
    by_name = {group.find(f"{SVG}title").text: group for group in groups}
    assert set(by_name) == {"class 1 0.90", "class 3 (crowd) 0.25"}
    box = by_name["class 3 (crowd) 0.25"].find(f"{SVG}rect").attrib
    assert [float(box[name]) for name in ("x", "y", "width", "height")] == [300, 240, 150, 90]  # 3 times as large
    path = by_name["class 1 0.90"].find(f"{SVG}path").attrib["d"]
    points = [tuple(map(float, point)) for point in re.findall(r"([\d.]+) ([\d.]+)", path)]
    outer, hole = ([(x, y) for x in xs for y in ys] for xs, ys in (((90, 210), (60, 180)), ((120, 180), (90, 150))))
    assert sorted(points) == sorted(outer + hole)
    assert [text.text for text in tree.findall(f".//{SVG}text")] == ["3 (crowd) 0.25", "1 0.90"]
    assert [cell.text for cell in tree.findall(".//tr")[1]] == ["0", "1", "0.900", "20", "30", "60", "70", "1200"]


def test_nothing_and_single_pixels():
    assert parsed(Detections.empty((5, 7))).find(".//table") is None
    pixel = Detections((1000, 2000), [(500, 600, 501, 601)], [1], None, [MaskCrop(500, 600, np.ones((1, 1), bool))])
    assert parsed(pixel).find(f".//{SVG}path").attrib["d"].startswith("M144.0 120.0")
    no_pixel = Detections((10, 10), [(1, 1, 2, 2)], [1], None, [MaskCrop(1, 1, np.zeros((2, 0), bool))])
    assert parsed(no_pixel).find(f".//{SVG}path") is None
    assert parsed(Detections((9000, 1), [(-1e9, 0, 1e9, 1)], [1])).find(f".//{SVG}rect").attrib["height"] == "360.0"


@pytest.mark.parametrize("count", [300, 1000])
def test_hundreds_of_noisy_masks_stay_small(count):
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 400, (count, 2)).tolist()
    crops = [MaskCrop(top, left, rng.random((9, 12)) > 0.5) for top, left in corners]
    boxes = [crop.box for crop in crops]
    found = Detections((440, 440), boxes, rng.integers(1, 9, count), rng.random(count), crops)
    tree = parsed(found)
    assert len(found._repr_html_()) < 200_000
    assert len(tree.findall(f".//{SVG}path")) == min(count, MOST)
    assert len(tree.findall(".//tr")) == ROWS + 1
    assert (f"{count - MOST} more are not drawn" in found._repr_html_()) == (count > MOST)


def test_labels_do_not_hide_each_other():
    found = Detections((100, 100), [(50, 50, 60, 60)] * 3, [1, 2, 3], [0.9, 0.8, 0.7])
    assert len(parsed(found).findall(f".//{SVG}text")) == 1
