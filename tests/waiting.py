"""Waiting for what nobody tells of."""

import time

PATIENCE = 60
PAUSE = 0.02


def wait_until(condition):
    """Look whether it has come, again and again, and leave the processor to those that bring it about."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, 'it never comes'
        time.sleep(PAUSE)
