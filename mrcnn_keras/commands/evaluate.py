"""mrcnn evaluate: COCO AP of a model, and pictures of truth beside detections."""

from pathlib import Path

from mrcnn_keras.commands.models import class_names, load_model
from mrcnn_keras.data.loading import find_subsets, load_dataset
from mrcnn_keras.errors import UserError
from mrcnn_keras.evaluation import evaluate
from mrcnn_keras.images_out import write_image
from mrcnn_keras.visualize import draw_comparison

DRAWN = 20
MIN_SCORE_DRAWN = 0.5


def evaluate_model(model_path, data_path, out):
    """Prints and returns the figures of mk.evaluate."""
    model = load_model(model_path)
    subset = "val" if "val" in find_subsets(data_path) else None
    dataset = load_dataset(data_path, subset=subset)
    names = class_names(model)
    if list(names) != list(dataset.class_names):
        raise UserError(
            f"{data_path} has the classes {', '.join(dataset.class_names[1:])} but {model_path} knows "
            f"{', '.join(names[1:])}; give data with the model's classes"
        )
    scores = evaluate(model, dataset, max_detections=model.config.DETECTION_MAX_INSTANCES, progress=True)
    print(f"{dataset.num_images} pictures" + (f" ({subset})" if subset else ""))
    for name, value in scores.items():
        print(f"{name:24} {value:.3f}")
    if out:
        for image_id in dataset.image_ids[:DRAWN]:
            image, truth = dataset.load_example(image_id)
            found = model.detect([image], MIN_SCORE_DRAWN)[0]
            write_image(Path(out) / f"{image_id:04d}.png", draw_comparison(image, truth, found, names))
        print(f"wrote {min(DRAWN, dataset.num_images)} pictures to {out}")
    return scores
