"""The names of classes in the files that exporters write."""


def name_lines(names):
    """The text of such a file: a name a line, the background first, so that class id i is line i + 1."""
    return "".join(f"{' '.join(name.split())}\n" for name in names)
