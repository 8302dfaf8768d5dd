"""Which pictures there are, in shards of a fixed number, and which shards are done; needs nothing but Python.

The folder of the results has, for shard 12: `plan/000012.txt`, the pictures, one name per line below the number of the
first; `found/000012.jsonl`, the results, which is there as a whole or not at all; `asking/000012.json` meanwhile.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = (".jpg", ".jpeg", ".png")


def write_whole(path: Path, text: str) -> None:
    """Writes a file by rename, so that nobody ever sees a part of it, whatever stops the program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def pictures_in(folder: str) -> Iterator[str]:
    """Yields the paths of JPEG and PNG files below a folder, relative to it, in order."""
    waiting = [""]
    while waiting:
        below = waiting.pop()
        entries = sorted(os.scandir(os.path.join(folder, below)), key=lambda entry: entry.name)
        yield from (
            os.path.join(below, entry.name)
            for entry in entries
            if entry.is_file() and entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith(".")
        )
        waiting += [os.path.join(below, entry.name) for entry in reversed(entries) if entry.is_dir()]


class Plan:
    """The shards in a folder of results."""

    def __init__(self, out: str | Path) -> None:
        self.out = Path(out)

    def shards(self) -> list[int]:
        """Returns the numbers of all shards."""
        return sorted(int(path.stem) for path in (self.out / "plan").glob("[0-9]*.txt"))

    def read(self, shard: int) -> tuple[int, list[str]]:
        """Returns the number of a shard's first picture, from 1 on, and the names of its pictures."""
        first, *names = (self.out / "plan" / f"{shard:06d}.txt").read_text(encoding="utf-8").splitlines()
        return int(first), names

    def add(self, names: Iterable[str], size: int) -> int:
        """Adds shards of `size` for the pictures that are in none, and returns how many these are."""
        shards = self.shards()
        known, first = set(), 1
        for shard in shards:
            first, planned = self.read(shard)
            known.update(planned)
            first += len(planned)
        new = [name for name in names if name not in known]
        for name in new:
            if "\n" in name or "\r" in name or name != name.encode("utf-8", "replace").decode():
                raise ValueError(f"{name!r} cannot be written as a line of text; rename the file")
        shard = shards[-1] + 1 if shards else 0
        for start in range(0, len(new), size):
            lines = [str(first + start), *new[start : start + size]]
            write_whole(self.out / "plan" / f"{shard:06d}.txt", "\n".join(lines) + "\n")
            shard += 1
        return len(new)

    def results(self, shard: int) -> Path:
        """Returns the path of a shard's results."""
        return self.out / "found" / f"{shard:06d}.jsonl"

    def asking(self, shard: int) -> Path:
        """Returns the path of the file that says which picture of a shard is being run."""
        return self.out / "asking" / f"{shard:06d}.json"

    def open_shards(self) -> list[int]:
        """Returns the numbers of the shards that are not done."""
        done = {path.stem for path in (self.out / "found").glob("[0-9]*.jsonl")}
        return [shard for shard in self.shards() if f"{shard:06d}" not in done]
