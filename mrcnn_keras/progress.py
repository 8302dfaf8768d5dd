"""Progress of long work: on a terminal one line that is overwritten, elsewhere a new line now and then."""

import shutil
import sys
import time

# Seconds between two lines.
ON_TERMINAL, ELSEWHERE = 0.5, 30


class ProgressLine:
    """say: prints a line if standard output is not a terminal."""

    def __init__(self, say=print):
        self.say = say
        self.terminal = sys.stdout.isatty()
        self.shown = time.monotonic()

    def is_due(self):
        """Whether enough time has passed for another line."""
        return time.monotonic() - self.shown >= (ON_TERMINAL if self.terminal else ELSEWHERE)

    def show(self, text):
        """Shows `text` now, cut to the width of the terminal."""
        self.shown = time.monotonic()
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r{text[:width]}\x1b[K", end="", flush=True)
        else:
            self.say(text)

    def clear(self):
        """Removes the line from a terminal, for other output."""
        if self.terminal:
            print("\r\x1b[K", end="", flush=True)

    def counting(self, what):
        """Returns a function of (number done, total number) that shows both when that is due."""

        def show(done, total):
            if done == total:
                self.clear()
            elif self.is_due():
                self.show(f"{what} {done} of {total}")

        return show
