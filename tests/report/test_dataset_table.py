"""Statistics as text."""

from mrcnn_keras.report import counted, dataset_report


def test_dataset_report():
    text = dataset_report(
        {
            "images": 45,
            "images_without_objects": 3,
            "instances": 20,
            "crowds": 2,
            "per_class": {"cat": 5, "traffic light": 15, "dog": 0},
            "width": [300, 612.5, 640],
            "height": [200, 480, 640],
            "object_side": [8.2, 41.0, 300.1],
            "max_instances": 7,
        }
    )
    lines = text.splitlines()
    assert lines[0] == "images         45, 3 of them without objects"
    assert lines[1] == "objects        20, at most 7 in an image"
    assert lines[3] == "image width    300 to 640 pixels, median 612"
    assert [line.split("  ")[0] for line in lines[-3:]] == ["traffic light", "cat", "dog"]
    assert lines[-3].split()[-3:] == ["15", "75%", "#" * 30]
    assert lines[-2].split() == ["cat", "5", "25%", "#" * 10]
    assert lines[-1].endswith("no example")


def test_dataset_report_of_many_unused_classes_and_one_size():
    names = [f"thing {i}" for i in range(60)]
    statistics = {
        "images": 2,
        "images_without_objects": 0,
        "instances": 2,
        "crowds": 1,
        "per_class": {"cat": 2, **dict.fromkeys(names, 0)},
        "width": [640, 640, 640],
        "height": [480, 480, 480],
        "object_side": [27.2, 27.4, 27.4],
        "max_instances": 1,
    }
    lines = dataset_report(statistics).splitlines()
    assert lines[3] == "image width    640 pixels"
    assert lines[5] == "object side    27 pixels"
    assert lines[-2].split() == ["cat", "2", "100%", "#" * 30]
    assert lines[-1] == f"60 classes without an example: {', '.join(names)}"
    assert counted(statistics) == "images 2 (0 without objects), objects 2, crowd regions 1"


def test_dataset_report_of_an_empty_dataset():
    text = dataset_report(
        {
            "images": 0,
            "images_without_objects": 0,
            "instances": 0,
            "crowds": 0,
            "per_class": {},
            "width": [],
            "height": None,
            "object_side": [float("nan")] * 3,
            "max_instances": 0,
        }
    )
    assert "object side    none" in text
