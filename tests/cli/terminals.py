"""Terminals that the tests of `eddy` make."""
import fcntl
import termios


def take_terminal():
    """In a new process with a session of its own: standard error is its terminal."""
    fcntl.ioctl(2, termios.TIOCSCTTY, 0)
