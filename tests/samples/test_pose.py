"""samples/pose: trains on figures with keypoints."""

import pytest

from tests.samples.loading import SAMPLES, sample

POSE = SAMPLES / "pose" / "pose.py"


@pytest.mark.slow
def test_pose(main, tmp_path, capsys):
    main(POSE, "--minutes", 0.01, "--pictures", 2, "--out", tmp_path / "run")
    assert "keypoints/AP50" in capsys.readouterr().out
    assert (tmp_path / "run" / "picture-1.png").exists()


def test_pose_of_people(shared):
    pose = sample(POSE)
    for place in (shared / "data" / "coco", shared / "data" / "coco" / "train"):
        data, val = pose.read_people(place)
        assert (data.num_images, val.num_images) == ((10, 7) if place.name == "coco" else (8, 2))
        config = pose.make_photograph_config(data)
        assert (config.NUM_KEYPOINTS, len(config.KEYPOINT_FLIP_PAIRS), config.NUM_CLASSES) == (17, 8, 2)
