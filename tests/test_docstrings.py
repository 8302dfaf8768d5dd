"""Docstrings of what others may use: in the form that Keras itself uses, with every argument."""

import ast
import importlib
import inspect
import pkgutil

import pytest

import mrcnn_keras as mk

ROOM_NAMES = sorted(m.name for m in pkgutil.iter_modules(mk.__path__) if m.ispkg)


def public():
    """-> {name: object} of all that the package and its folders export, and the public methods of these classes"""
    found = {f"mk.{name}": getattr(mk, name) for name in mk.__all__}
    for room in ROOM_NAMES:
        module = importlib.import_module(f"mrcnn_keras.{room}")
        found |= {f"{room}.{name}": getattr(module, name) for name in getattr(module, "__all__", ())}
    found = {name: thing for name, thing in found.items() if inspect.isclass(thing) or inspect.isfunction(thing)}
    for name, thing in list(found.items()):
        if inspect.isclass(thing):
            for attribute, value in vars(thing).items():
                value = getattr(value, "__func__", value)  # of a class method
                inherited = hasattr(super(thing, thing), attribute)  # `call`, `get_config`: Keras has said what they do
                if inspect.isfunction(value) and attribute[0] != "_" and not inherited:
                    found[f"{name}.{attribute}"] = value
    return found


PUBLIC = public()


def arguments(thing):
    function = thing.__init__ if inspect.isclass(thing) else thing
    if inspect.isclass(thing) and "__init__" not in vars(thing) and not hasattr(thing, "__dataclass_fields__"):
        return []
    kinds = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    named = inspect.signature(function).parameters.values()
    return [p.name for p in named if p.name not in ("self", "cls") and p.name[0] != "_" and p.kind not in kinds]


def returns_something(function):
    tree = ast.parse(inspect.cleandoc("\n" + inspect.getsource(function)))
    return any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(tree))


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_docstring_names_every_argument_and_says_what_is_returned(name):
    thing = PUBLIC[name]
    text = inspect.getdoc(thing) or ""
    assert text, f"{name} has no docstring"
    for argument in arguments(thing):
        assert "Args:" in text, f"{name} has no section Args"
        assert f"    {argument}:" in text, f"{name} does not describe {argument}"
    if inspect.isfunction(thing) and returns_something(thing):
        assert "Returns:" in text, f"{name} has no section Returns"
