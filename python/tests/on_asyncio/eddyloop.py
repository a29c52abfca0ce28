"""What the examples ask of eddyloop, by the stock loop."""
from asyncio import new_event_loop, run

__all__ = ["new_event_loop", "run"]
