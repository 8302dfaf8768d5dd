"""Entries of a data set that cannot be read: counted and left out, and too many of them refused; for all formats."""

import math
import re

from mrcnn_keras.errors import UserError, shortened

LONGEST = 600  # characters of a sentence; values and names in it may be longer
FIRST, OTHER = 280, 80  # characters of the first entries that a refusal quotes, so that the whole stays readable


class BadEntries:
    """Counts the entries of one dataset by kind ("pictures", "annotations", ...), and those of them that are left out.

    share: from 0 to 1, how many of each kind may be left out; 0 is none. A single one among several always may:
    5 % of a small data set is less than one entry, and one bad entry should not make it unusable.
    """

    def __init__(self, dataset, share):
        self.dataset = dataset
        self.share = share
        self.counts = {}
        self.skipped = {}  # {kind: {sentence: None}}, since an entry may be met more than once

    def count(self, kind, number):
        """Counts `number` more entries of this kind, good or bad."""
        self.counts[kind] = self.counts.get(kind, 0) + number

    def skip(self, kind, sentence):
        """Leaves out an entry. `sentence` has its place, the value and the cure."""
        sentence = shortened(sentence, LONGEST)
        self.skipped.setdefault(kind, {})[sentence] = None
        self.dataset.skip(sentence)

    def check(self):
        """Raises UserError if more entries of a kind were left out than may be. Called once all are counted."""
        for kind, sentences in self.skipped.items():
            count, bad = self.counts[kind], len(sentences)
            if bad > max(self.share * count, 1 if self.share and count > 1 else 0):
                first, *others = sentences
                quoted = [shortened(first, FIRST), *(_begin(other, first) for other in others[:2])]
                more = [f"and {bad - len(quoted)} more"] if bad > len(quoted) else []
                enough = f"{math.ceil(100 * bad / count) / 100:g}"
                cure = f"Mend them, or leave them out with --skip-bad {enough} (in Python skip_bad={enough})"
                raise UserError(
                    f"{bad} of {count} {kind} cannot be read, more than the {100 * self.share:.3g} % that may be left "
                    f"out: {' | '.join(quoted + more)}. {cure if bad < count else 'Mend them'}"
                )


def _begin(sentence, first):
    """The beginning of a sentence, without the file that the first one already names."""
    file = re.match(r"""('[^']*'|"[^"]*"),? """, first)
    rest = sentence.removeprefix(file[0]) if file else sentence
    return rest if len(rest) <= OTHER else f"{rest[: OTHER - 3]}..."
