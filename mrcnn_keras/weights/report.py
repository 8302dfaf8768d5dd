"""What became of a file's tensors when a model took its weights."""

from dataclasses import dataclass, field

SHOWN = 4  # names of a group that the text shows


@dataclass
class LoadReport:
    """What `MaskRCNN.load_weights` did; `print(report)` says it in words.

    source      the file
    loaded      paths of the model's variables that have the file's values
    replaced    {path: reason} of variables that the file has in another shape: they stay as they were made
    missing     {path: reason} of variables that the file lacks: they stay as they were made
    left_over   {name in the file: reason} of tensors that the model has no place for
    notes       sentences about the rest, such as settings that differ from those that the file was trained with
    """

    source: str
    loaded: list = field(default_factory=list)
    replaced: dict = field(default_factory=dict)
    missing: dict = field(default_factory=dict)
    left_over: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)

    @property
    def complete(self):
        """Whether every variable of the model has a value from the file."""
        return not self.replaced and not self.missing

    def as_dict(self):
        """The report as plain values for JSON."""
        return {
            "source": self.source,
            "loaded": len(self.loaded),
            "replaced": self.replaced,
            "missing": self.missing,
            "left_over": self.left_over,
            "notes": self.notes,
        }

    def __str__(self):
        total = len(self.loaded) + len(self.replaced) + len(self.missing)
        lines = [f"{self.source}: {len(self.loaded)} of the model's {total} variables loaded"]
        lines += _grouped("made anew", self.replaced)
        lines += _grouped("not in the file, made anew", self.missing)
        lines += _grouped("of the file not used", self.left_over)
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def _grouped(what, reasons):
    """One line for each reason, with the layers that it is said of."""
    lines = []
    for reason in dict.fromkeys(reasons.values()):
        layers = list(dict.fromkeys(name.rpartition("/")[0] or name for name in reasons if reasons[name] == reason))
        rest = f" and {len(layers) - SHOWN} more" if len(layers) > SHOWN else ""
        lines.append(f"  {what}: {', '.join(layers[:SHOWN])}{rest} ({reason})")
    return lines
