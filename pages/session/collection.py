"""Garbage collection of the server: every few seconds in which it had work, not after each rerun.

Streamlit collects after every script run, which is a third of what the run of a page costs once there are
some visitors. `.streamlit/config.toml` turns that off; this takes its place, so that sessions that ended
still give their memory back, to Python and to the system.
"""

from __future__ import annotations

import gc
import threading
import time

from pages.session import heaps

INTERVAL_S = 5.0
BUSY_S = 0.1  # processor time of the server since the last collection; below it there is nothing to collect


def start(interval: float = INTERVAL_S) -> threading.Event:
    """Collect from now on, in a thread that ends with the process.

    Args:
        interval: Seconds between two collections.

    Returns:
        What ends it sooner when it is set.
    """
    end = threading.Event()
    threading.Thread(target=_collect_after_work, args=(interval, end), daemon=True).start()
    return end


def _collect_after_work(interval: float, end: threading.Event) -> None:
    then = time.process_time()
    while not end.wait(interval):
        if time.process_time() - then > BUSY_S:
            gc.collect()
            heaps.give_back()
            then = time.process_time()
