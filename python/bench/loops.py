"""Who takes part: event loops, and what is installed for each."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Loop:
    """A contestant."""
    module: str            # its new_event_loop() makes one
    requirement: str = ""  # what pip is asked for; "": it is Python's own, or this project's
    backend: str = ""      # EDDY_BACKEND
    extension: str = ""    # whose transports take the place of the loop's own; for rows by TLS only

    @property
    def name(self):
        return f"{self.module}-{self.backend}" if self.backend else self.argument

    @property
    def argument(self):
        """How the programs call it."""
        return f"{self.module}+{self.extension}" if self.extension else self.module

    @property
    def requirements(self):
        return [package for package in (self.requirement, self.extension) if package]

    @property
    def environment(self):
        return {"EDDY_BACKEND": self.backend} if self.backend else {}

    @property
    def is_ours(self):
        return self.module == "eddyloop"


LOOPS = {loop.name: loop for loop in (
    Loop("asyncio"),
    Loop("asyncio", extension="aiofastnet"),
    Loop("uvloop", "uvloop==0.23.0"),
    Loop("uvloop", "uvloop==0.23.0", extension="aiofastnet"),
    Loop("rloop", "rloop"),
    Loop("rsloop", "rsloop"),
    Loop("zuvloop", "zuvloop"),
    Loop("eddyloop", backend="epoll"),
    Loop("eddyloop", backend="uring"),
)}


def choose(names):
    """The loops of these names; a module's stands for all of its loops. Raises KeyError."""
    known = {word for loop in LOOPS.values() for word in (loop.name, loop.module)}
    if unknown := set(names) - known:
        raise KeyError(min(unknown))
    return [loop for loop in LOOPS.values() if loop.name in names or loop.module in names]
