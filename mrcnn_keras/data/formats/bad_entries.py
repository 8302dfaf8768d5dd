"""Entries of a data set that cannot be read: counted, left out, and too many of them refused; the same in all formats."""

from mrcnn_keras.errors import UserError

NAMED = 3  # entries that a refusal quotes
QUOTED = 150  # characters of each, so that the whole stays readable


class BadEntries:
    """Counts the entries of one dataset by kind ("pictures", "annotations", ...), and those of them that are left out.

    share: from 0 to 1, how many of each kind may be left out. One always may, since 5 % of a small data set is less
    than one entry; with 0 none may.
    """

    def __init__(self, dataset, share):
        self.dataset = dataset
        self.share = share
        self.counts = {}
        self.skipped = {}

    def count(self, kind, number):
        """Says that there are `number` more entries of this kind, good or bad."""
        self.counts[kind] = self.counts.get(kind, 0) + number

    def skip(self, kind, sentence):
        """Leaves out an entry. `sentence` has its place, the value and the cure."""
        self.skipped.setdefault(kind, {})[sentence] = None
        self.dataset.skip(sentence)

    def check(self):
        """Raises UserError if more entries of a kind were left out than may be. Called once all are counted."""
        for kind, sentences in self.skipped.items():
            count, bad = self.counts[kind], len(sentences)
            if bad > max(self.share * count, 1 if self.share else 0):
                first = " | ".join(_short(sentence) for sentence in list(sentences)[:NAMED])
                more = f" | and {bad - NAMED} more" if bad > NAMED else ""
                raise UserError(
                    f"{bad} of {count} {kind} cannot be read ({bad / count:.0%}, {self.share:.0%} are allowed): {first}"
                    f"{more}. Mend them, or leave out up to this share with --skip-bad (skip_bad)"
                )


def _short(sentence):
    return sentence if len(sentence) <= QUOTED else f"{sentence[: QUOTED - 3]}..."
