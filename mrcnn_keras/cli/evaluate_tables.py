"""What `mrcnn evaluate` prints beside AP: a row for each class, and what the types of errors cost."""

from mrcnn_keras.evaluation import class_table, error_types

SHOWN = 20  # classes in the table, those with most objects
COLUMNS = {"objects": "objects", "AP": "AP", "AP50": "AP50", "precision": "precision", "recall": "recall", "f1": "F1"}
COLUMNS |= {"threshold": "score"}
KINDS = {"bbox": "boxes", "segm": "masks", "keypoints": "keypoints"}


def tables(predictions):
    """Returns both as text: masks where there are any, boxes elsewhere."""
    kind = predictions.kind()
    rows = sorted(class_table(predictions, kind=kind), key=lambda row: -row["objects"])
    width = max([len("class"), *(len(row["class"]) for row in rows[:SHOWN])])
    lines = [f"{KINDS[kind]}; precision, recall and F1 at IoU 0.5, from the best score of each class on"]
    lines.append(f"{'class':<{width}}" + "".join(f"  {title:>9}" for title in COLUMNS.values()))
    for row in rows[:SHOWN]:
        lines.append(f"{row['class']:<{width}}" + "".join(f"  {_cell(row[name]):>9}" for name in COLUMNS))
    if len(rows) > SHOWN:
        lines.append(f"and {len(rows) - SHOWN} classes with fewer objects")
    errors = error_types(predictions, kind=kind)
    lines += ["", f"errors by type (TIDE), and how much higher AP50 would be without them; AP50 {_cell(errors.ap)}"]
    for name, cost in errors.costs.items():
        count = f"{errors.counts[name]:>7}" if name in errors.counts else " " * 7
        lines.append(f"{name:<14}  {count}  {cost:+.3f}")
    return "\n".join(lines)


def _cell(value):
    return str(value) if isinstance(value, int) else "-" if value != value else f"{value:.3f}"
