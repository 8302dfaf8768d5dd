"""What is said to a user: the error for mistakes that they can correct, and notes about what is done nevertheless."""

import functools
import sys

LONGEST = 700  # characters


class UserError(ValueError):
    """A mistake in the user's input: one sentence that names the value, the place and the cure.

    The command line prints it without a traceback and ends with exit code 2.

    Args:
        sentence: String, shortened where it is too long, as it may quote a value of any length.
    """

    def __init__(self, sentence):
        super().__init__(shortened(sentence, LONGEST - 1))


def forked(runtime):
    """The UserError in a forked process, which has the memory of what runs models, but not its threads."""
    return UserError(
        f"this process was forked from one that had already used {runtime}, whose threads did not come along: a model "
        "would wait here for ever; start processes with multiprocessing.get_context('spawn'), or use "
        f"{runtime} and load the model only in the workers (gunicorn: without --preload)"
    )


def shortened(sentence, length):
    """At most `length` characters, without the middle, as places are named before it and cures behind it."""
    half = (length - 5) // 2
    return sentence if len(sentence) <= length else f"{sentence[:half]} ... {sentence[-half:]}"


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
