"""What is going on, for who waits."""
import sys
import time

CLEAR_LINE = "\r\033[K"


class Progress:
    """One line on stderr that says what runs."""

    def __init__(self, steps):
        self.steps, self.step, self.start = steps, 0, time.monotonic()

    def show(self, text):
        self.step += 1
        line = f"[{self.step}/{self.steps}, {time.monotonic() - self.start:.0f} s] {text}"
        print(CLEAR_LINE + line if sys.stderr.isatty() else line + "\n", end="", file=sys.stderr, flush=True)

    def finish(self):
        if sys.stderr.isatty():
            print(CLEAR_LINE, end="", file=sys.stderr)
