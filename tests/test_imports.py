"""Who may import whom: the directions that docs/design.md draws, held by reading the source."""

import ast
import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "mrcnn_keras"
# Import nothing of the package but each other.
ANYONE = {"architectures", "backend", "coco", "errors", "files", "garbage", "keras_registry", "page", "pictures"}
ANYONE |= {"progress", "resize"}
MAY_IMPORT = {
    **dict.fromkeys((*ANYONE, "config", "detections", "ops"), set()),
    "data": {"detections", "ops"},
    **dict.fromkeys(("layers", "weights"), {"ops"}),
    "backbones": {"layers", "ops"},
    "model": {"config", "ops", "layers", "backbones", "weights", "detections"},
    "training": {"config", "data", "model", "evaluation", "report", "visualize"},
    "export": {"model", "detections", "ops"},
    **dict.fromkeys(("evaluation", "visualize", "report"), {"detections", "ops"}),
    "tracking": {"detections"},
}
MAY_IMPORT["cli"] = {*MAY_IMPORT}


def imported(source):
    """-> the names in the import statements, in full, that begin with the package's"""
    nodes = list(ast.walk(ast.parse(source)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in (node for node in nodes if isinstance(node, ast.ImportFrom)):
        assert not node.level, f"line {node.lineno}: write `from mrcnn_keras.` in full"
        names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if name.split(".")[0] == "mrcnn_keras"]


def room(path):
    """-> the folder of the package that a file is in, or the name of a file that is in none"""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_every_folder_imports_only_what_the_table_allows():
    rooms = {room(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert rooms == {*MAY_IMPORT}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path != PACKAGE / "__init__.py":  # the public names: it imports them when they are used
            parts = {name.split(".")[1] for name in imported(path.read_text(encoding="utf-8")) if "." in name}
            extra = parts - MAY_IMPORT[room(path)] - ANYONE - {room(path)}
            assert not extra, f"{path} imports {sorted(extra)}, which {room(path)} may not"


def test_the_table_has_no_cycle():
    left = dict(MAY_IMPORT)
    while left:
        free = {name for name, below in left.items() if not below & {*left}}
        assert free, f"a cycle among {sorted(left)}"
        left = {name: below for name, below in left.items() if name not in free}


def test_no_module_has_the_name_of_a_function_or_class_in_its_package():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                beside = path.with_name(f"{node.name}.py"), path.with_name(node.name)
                assert not any(place.exists() for place in beside), f"{path}: {node.name} is a module, too"


def test_samples_and_notebooks_use_the_public_names():
    for path in (ROOT / "samples").rglob("*.py"):
        assert {*imported(path.read_text(encoding="utf-8"))} <= {"mrcnn_keras"}, path
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            code = re.sub(r"(?m)^( *)[%!].*", r"\1pass", "".join(cell["source"]))
            assert cell["cell_type"] != "code" or {*imported(code)} <= {"mrcnn_keras"}, path
