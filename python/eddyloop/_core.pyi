# The extension, which is the package's own: only Loop's properties, inherited by eddyloop.Loop, are for programs.
from typing import Any

__version__: str

class Loop:
    @property
    def backend(self) -> str: ...
    @property
    def backend_reason(self) -> str: ...

def __getattr__(name: str) -> Any: ...
