"""Names of classes as people and tools write them: what means the background, and which names are probably one."""

import re
import unicodedata


def is_background(name):
    """Whether a category is called background, as some tools add one: "_background_", "Background", "__bg__"."""
    return name.strip("_ ").casefold() in ("background", "bg")


def folded(name):
    """The name without what people write differently: case, spaces, "-" and "_", a number in brackets at the end."""
    plain = unicodedata.normalize("NFKC", name).casefold().strip()
    return re.sub(r"[\s_-]+", " ", re.sub(r"\s*\(\d+\)$", "", plain)).strip()


def sound(name):
    """The folded name without spaces and the plural's s."""
    plain = folded(name).replace(" ", "")
    return plain.removesuffix("s") if len(plain) > 3 else plain


def alike(names):
    """Lists of the `names` that sound the same, each with two or more of them."""
    groups = {}
    for name in names:
        groups.setdefault(sound(name), []).append(name)
    return [group for group in groups.values() if len(group) > 1]
