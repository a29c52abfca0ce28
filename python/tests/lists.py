"""Lists of tests that are left out or differ, each with the reason; strict.

A line is `VERSIONS TEST REASON`, `#` begins a comment. VERSIONS is `all`, `3.12`, `3.10-3.12` or
`3.13+`, with `/epoll` or `/uring` behind it where only that backend of eddyloop is meant; in TEST a
`*` stands for anything. A REASON of `"` is that of the line above.
"""

import fnmatch
from dataclasses import dataclass, field


@dataclass
class Entry:
    """One line of a list."""
    place: str      # file and line
    first: tuple    # the first and the last version it is about
    last: tuple
    backend: str    # empty for every one
    pattern: str
    reason: str
    matched: list = field(default_factory=list)

    def concerns(self, interpreter):
        """Whether it is about this version of Python and this backend."""
        return self.first <= interpreter.version <= self.last \
            and self.backend in ("", interpreter.backend)

    def matches(self, test):
        """Whether it is about this test; notes it where it is."""
        if not fnmatch.fnmatchcase(test, self.pattern):
            return False
        self.matched.append(test)
        return True


def parse_versions(text):
    """The first and the last version that a word means."""
    if text == "all":
        return (3, 0), (3, 99)
    if text.endswith("+"):
        return as_version(text[:-1]), (3, 99)
    first, _, last = text.partition("-")
    return as_version(first), as_version(last or first)


def as_version(text):
    """"3.12" as a tuple."""
    return tuple(int(part) for part in text.split("."))


def read_list(path, interpreter):
    """The entries of a file that concern an interpreter with its loop, in order."""
    entries = []
    reason = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        try:
            where, pattern, text = line.split(None, 2)
            versions, _, backend = where.partition("/")
            first, last = parse_versions(versions)
        except ValueError:
            raise SystemExit(f"{path.name}:{number}: want VERSIONS TEST REASON") from None
        reason = reason if text == '"' else text
        entries.append(Entry(f"{path.name}:{number}", first, last, backend, pattern, reason))
    return [entry for entry in entries if entry.concerns(interpreter)]


def find(entries, test):
    """The first entry that is about a test, or None."""
    return next((entry for entry in entries if entry.matches(test)), None)
