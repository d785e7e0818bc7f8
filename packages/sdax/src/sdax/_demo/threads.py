"""The threads of the database connections: they should have ended when everything is closed."""

import threading

PATIENCE = 5.0
"""Seconds a thread may take to end."""


def threads_left() -> list[str]:
    """Wait for all threads but the main one, and name those that do not end."""
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    for thread in others:
        thread.join(PATIENCE)
    return [thread.name for thread in others if thread.is_alive()]
