"""Who takes part: event loops, what to install for each, and what each is started with."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Loop:
    """A contestant."""
    name: str
    module: str             # its new_event_loop() makes one
    requirement: str = ""   # what pip is asked for; "": it is Python's own, or this project's
    backend: str = ""       # EDDY_BACKEND
    extension: str = ""     # a package whose transports take the place of the loop's

    @property
    def environment(self):
        return {"EDDY_BACKEND": self.backend} if self.backend else {}

    @property
    def is_ours(self):
        return self.module == "eddyloop"


LOOPS = {loop.name: loop for loop in (
    Loop("asyncio", "asyncio"),
    Loop("uvloop", "uvloop", "uvloop==0.23.0"),
    Loop("rloop", "rloop", "rloop"),
    Loop("rsloop", "rsloop", "rsloop"),
    Loop("zuvloop", "zuvloop", "zuvloop"),
    Loop("eddyloop-epoll", "eddyloop", backend="epoll"),
    Loop("eddyloop-uring", "eddyloop", backend="uring"),
)}


def choose(names):
    """The loops of these names; eddyloop stands for both of its backends. Raises KeyError."""
    chosen = []
    for name in names:
        chosen += [loop for loop in LOOPS.values() if loop.name == name or loop.module == name]
        if name not in {word for loop in LOOPS.values() for word in (loop.name, loop.module)}:
            raise KeyError(name)
    return list(dict.fromkeys(chosen))
