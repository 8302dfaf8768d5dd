"""What is said to a user: the error for mistakes that they can correct, and notes about what is done nevertheless."""

import functools
import sys

LONGEST = 700  # characters


class UserError(ValueError):
    """A mistake in the user's input: one sentence that names the value, the place and the cure.

    The command line prints it without a traceback and ends with exit code 2.

    Args:
        sentence: String. Of one that is too long, as it quotes a value without end, the middle is left out: the place
            is named before it, and the cure behind it.
    """

    def __init__(self, sentence):
        cut = len(sentence) >= LONGEST
        super().__init__(f"{sentence[: LONGEST // 2]} ... {sentence[10 - LONGEST // 2 :]}" if cut else sentence)


@functools.cache
def note(sentence):
    """Says once, on standard error, what a user should know although nothing fails."""
    print(f"note: {sentence}", file=sys.stderr)


def listing(names, limit=10, length=300):
    """Names joined by commas; of more than `limit`, or than `length` characters hold, only the first, and a count."""
    names = [str(name) for name in names]
    shown = names[:limit]
    while len(shown) > 1 and len(", ".join(shown)) > length:
        shown.pop()
    text = ", ".join(shown)
    text = text if len(text) <= length else f"{text[: length - 3]}..."
    return text if len(shown) == len(names) else f"{text} and {len(names) - len(shown)} more"
