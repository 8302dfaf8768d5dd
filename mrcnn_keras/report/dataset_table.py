"""A dataset's statistics as a table of text."""

import math

import numpy as np

BAR = 30  # characters of the longest bar in a table
UNUSED_ROWS = 5  # rows of a table for names without an example


def dataset_report(statistics):
    """Writes a dataset's statistics as a table.

    Args:
        statistics: Dict, `Dataset.statistics()`.

    Returns:
        String of several lines.
    """
    per_class = statistics["per_class"]
    total = max(1, sum(per_class.values()))
    lines = [
        ("images", f"{statistics['images']}, {statistics['images_without_objects']} of them without objects"),
        ("objects", f"{statistics['instances']}, at most {statistics['max_instances']} in an image"),
        ("crowd regions", f"{statistics['crowds']}"),
        ("image width", _spread(statistics["width"], "{0} to {2} pixels, median {1}")),
        ("image height", _spread(statistics["height"], "{0} to {2} pixels, median {1}")),
        ("object side", _spread(statistics["object_side"], "median {1} pixels; 5 % are below {0}, 5 % above {2}")),
    ]
    keypoints = statistics.get("keypoints", {})
    if keypoints:
        lines.append(("keypoints", f"of {statistics['instances_with_keypoints']} objects"))
    table = [f"{name:<15}{value}" for name, value in lines]
    table += ["", *_bars("class", dict(sorted(per_class.items(), key=lambda item: -item[1])), total)]
    if keypoints:
        table += ["", *_bars("keypoint", keypoints, max(1, statistics["instances_with_keypoints"]))]
    return "\n".join(table)


def counted(statistics):
    """Sums up in a few words what a dataset's statistics have counted.

    Args:
        statistics: Dict, `Dataset.statistics()`.

    Returns:
        String.
    """
    return (
        f"images {statistics['images']} ({statistics['images_without_objects']} without objects), "
        f"objects {statistics['instances']}, crowd regions {statistics['crowds']}"
    )


def _bars(what, counts, total):
    """Lines of a table: a heading, and for each name its number of objects, their share of `total` and a bar."""
    unused = [name for name, count in counts.items() if not count]
    together = len(unused) > UNUSED_ROWS  # in one line instead of a page
    shown = {name: count for name, count in counts.items() if count or not together}
    width = max([len(what), *map(len, shown)])
    most = max([1, *shown.values()])
    lines = [f"{what:<{width}}  objects"]
    for name, count in shown.items():
        bar = "#" * math.ceil(BAR * count / most) or "no example"
        lines.append(f"{name:<{width}}  {count:>7}  {count / total:>4.0%}  {bar}")
    if together:
        plural = f"{what}es" if what.endswith("s") else f"{what}s"
        lines.append(f"{len(unused)} {plural} without an example: {', '.join(unused)}")
    return lines


def _spread(numbers, template):
    numbers = [] if numbers is None else list(numbers)
    if len(numbers) < 3 or not np.isfinite(numbers).all():
        return "none"
    rounded = [f"{number:.0f}" for number in numbers]
    return template.format(*rounded) if len({*rounded}) > 1 else f"{rounded[0]} pixels"
