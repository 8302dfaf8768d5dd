"""Who may import whom: the directions that docs/design.md draws, held by reading the source."""

import ast
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EVERYWHERE = {"architectures", "coco_classes", "coco_keypoints", "errors", "files"}  # may be imported from anywhere
PART_OF = {
    **dict.fromkeys(("keypoint_layout", "mask_crop"), "detections"),
    **dict.fromkeys(("backbone_checks", "config_checks", "presets"), "config"),
    **dict.fromkeys(
        ("checkpoints", "detect_arguments", "feature_maps", "network", "optimizer", "region_proposals", "roi_features"),
        "model",
    ),
    **dict.fromkeys(("callbacks", "run_folder", "schedule"), "training"),
    **dict.fromkeys(("commands", "demo", "images_out", "suggest", "video"), "cli"),
}
MAY_IMPORT = {
    **dict.fromkeys(("backend", *EVERYWHERE, "config", "detections", "norm", "progress_line", "resize", "ops"), set()),
    "data": {"detections", "resize", "ops"},
    **dict.fromkeys(("layers", "backbones", "weights"), {"norm", "ops"}),
    "model": {"config", "ops", "layers", "backbones", "weights", "detections", "progress_line", "resize"},
    "proposal_files": {"data", "detections", "weights"},
    "training": {"config", "data", "model", "evaluation", "progress_line", "report"},
    "export": {"model", "detections", "ops"},
    **dict.fromkeys(("evaluation", "visualize", "report"), {"detections", "ops"}),
}
MAY_IMPORT["cli"] = {*MAY_IMPORT} - {"backend"}
MAY_IMPORT["__init__"] = MAY_IMPORT["__main__"] = {*MAY_IMPORT}


def imported_parts(source):
    """-> the parts of the package in the import statements, "" for the package itself"""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in (node for node in nodes if isinstance(node, ast.ImportFrom)):
        assert not node.level, f"line {node.lineno}: write `from mrcnn_keras.` in full"
        names += [f"{node.module}.{alias.name}" for alias in node.names]
    names = [name.split(".") for name in names]
    parts = {name[1] if len(name) > 1 else "" for name in names if name[0] == "mrcnn_keras"}
    return {PART_OF.get(part, part) for part in parts}


FILES = sorted(path.relative_to(ROOT) for path in (ROOT / "mrcnn_keras").rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=str)
def test_directions(path):
    part = path.parts[1].removesuffix(".py")
    part = PART_OF.get(part, part)
    assert part in MAY_IMPORT, f"say in the table what {part} may import, and in docs/design.md"
    extra = imported_parts((ROOT / path).read_text(encoding="utf-8")) - MAY_IMPORT[part] - EVERYWHERE - {part}
    assert not extra, f"{path} imports {sorted(extra)}, which {part} may not"


def test_samples_and_notebooks_use_the_public_names():
    for path in (ROOT / "samples").rglob("*.py"):
        assert imported_parts(path.read_text(encoding="utf-8")) <= {""}, path
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            code = [line for line in "".join(cell["source"]).splitlines() if line[:1] not in "%!"]
            assert cell["cell_type"] != "code" or imported_parts("\n".join(code)) <= {""}, path
