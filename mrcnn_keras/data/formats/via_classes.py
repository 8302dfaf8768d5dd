"""Which region attribute of VIA is the class: VIA has no classes, only attributes that people name as they like."""

import re
from collections import Counter
from typing import NamedTuple

from mrcnn_keras.data.formats.class_names import sound
from mrcnn_keras.data.formats.collected import label_of
from mrcnn_keras.errors import UserError, listing

OBJECT = "object"  # the class of regions without attributes
# What people call the class, as class_names.sound has it; the first are hardly ever anything else.
_CLASSES = {*map(sound, ("class", "class name", "class id", "label", "label name", "category", "category name", "cat"))}
_NAMES = {
    *map(sound, ("name", "type", "kind", "object", "object name", "object type", "object class", "species", "tag"))
}
_FLAGS = {"true", "false", "yes", "no", "0", "1", "on", "off"}
_FEW = 4  # numbers, among which classes may all differ


class ClassAttribute(NamedTuple):
    """`name` is None where all regions are one class; `default` is None without one."""

    name: str | None
    default: str | None = None

    def class_of(self, attributes):
        """The class of a region by its `region_attributes`. Raises UserError if it has none."""
        if self.name is None:
            return OBJECT
        values = _values(attributes, self.name) or ([] if self.default is None else [self.default])
        if len(values) != 1:
            what = f"the values {listing(values)}" if values else "no value"
            raise UserError(f"it has {what} of {self.name!r}, which is the class; give it one")
        return label_of(values[0])


def choose_attribute(regions, definitions, wanted=None):
    """The region attribute that is most likely the class -> ClassAttribute, and notes.

    regions: list of dicts `region_attributes`. definitions: {name: definition} as a VIA 2 project has them, or {}.
    wanted: the attribute to take; "" for none, so that all regions are one class. Raises UserError if it is not there.
    """
    values = {}
    for attributes in regions:
        for name in attributes if isinstance(attributes, dict) else ():
            values.setdefault(name, Counter()).update(_values(attributes, name))
    values = {name: counts for name, counts in values.items() if counts and name.strip()}
    ranked = sorted(values, key=lambda name: _rank(name, values[name], len(regions), definitions.get(name)))
    chosen = next((name for name in ranked[:1] if _may_be_class(name, values[name], len(regions))), None)
    if wanted is not None:
        if wanted and wanted not in values:
            there = f"they have {listing(map(repr, ranked))}" if ranked else "they have none"
            raise UserError(f"no region has the attribute {wanted!r}, which was to be the class; {there}")
        chosen = wanted or None
    others = [name for name in ranked if name != chosen]
    notes = []
    if others and wanted is None:
        what = f"the region attribute {chosen!r} is the class" if chosen else f"all regions are one class, {OBJECT!r}"
        named = listing(map(repr, others))
        notes.append(
            f"{what} and {named} not used; --class-attribute NAME, or the name 'class' in VIA, chooses another"
        )
    return ClassAttribute(chosen, _default(definitions.get(chosen))), notes


def _rank(name, counts, regions, definition):
    """The best first: what covers the regions and may be a class, by its name, with several values, and listed ones."""
    plain = sound(name)
    likely = 0 if plain in _CLASSES else 1 if plain in _NAMES else 2
    listed = isinstance(definition, dict) and definition.get("type") in ("dropdown", "radio", "checkbox")
    fits = _may_be_class(name, counts, regions)
    return (not fits, likely, len(counts) == 1, not listed, -counts.total(), len(counts), name)


def _may_be_class(name, counts, regions):
    """Whether the values look like classes, not like marks at a few regions, numbers of the objects or yes and no."""
    if sound(name) in _CLASSES:
        return True
    numbers = all(value.isdecimal() for value in counts) and len(counts) > max(_FEW, counts.total() / 2)
    flags = {value.casefold() for value in counts} <= _FLAGS
    return 2 * counts.total() >= regions and not numbers and not flags


def _values(attributes, name):
    """The values of an attribute at a region: none, one or, of boxes to tick, several."""
    value = attributes.get(name) if isinstance(attributes, dict) else None
    if isinstance(value, dict):
        values = [key for key, ticked in value.items() if ticked is True or ticked == "true"]
    else:
        values = [] if value is None or isinstance(value, (list, bool)) else [str(value)]
    return [text for text in (re.sub(r"\s+", " ", value).strip() for value in values) if text]


def _default(definition):
    """The value that a project gives to new regions, or None: it is stored only where an attribute came before them."""
    if not isinstance(definition, dict):
        return None
    options = definition.get("default_options")
    values = list(options) if isinstance(options, dict) else _values(definition, "default_value")
    return values[0] if len(values) == 1 else None
