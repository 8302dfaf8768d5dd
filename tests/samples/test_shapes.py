"""samples/shapes: trains on generated shapes, with the settings of the demo."""

import pytest

from mrcnn_keras.cli.demo import demo_config
from mrcnn_keras.data.generated import ShapesDataset
from tests.samples.loading import SAMPLES, sample

SHAPES = SAMPLES / "shapes" / "shapes.py"


def test_shapes_shows_the_settings_of_the_demo():
    data = ShapesDataset(count=1)
    assert sample(SHAPES).make_config(data) == demo_config(data)


@pytest.mark.slow
def test_shapes(main, tmp_path, capsys):
    main(SHAPES, "--minutes", 0.01, "--pictures", 1, "--out", tmp_path / "run")
    assert "segm/AP50" in capsys.readouterr().out
    assert (tmp_path / "run" / "best.keras").exists()
