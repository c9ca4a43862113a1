"""Memory that Python frees, given back to the system.

glibc keeps a heap of its own for up to eight threads per core, and each script run of each visitor has a
thread: after 360 sessions half of what these heaps held was unused, 62 of 132 MB.
"""

from __future__ import annotations

import ctypes
import os

HEAPS = 2
M_ARENA_MAX = -8  # of mallopt, in malloc.h


def _c_library() -> ctypes.CDLL | None:
    """The C library if it is glibc, whose heaps these are."""
    try:
        library = ctypes.CDLL("libc.so.6")
    except OSError:  # macOS, Windows, Alpine
        return None
    return library if hasattr(library, "malloc_trim") and hasattr(library, "mallopt") else None


C_LIBRARY = _c_library()


def limit() -> bool:
    """Let all threads of this process share `HEAPS` heaps, unless MALLOC_ARENA_MAX says another number.

    It must come early: once there are more than eight heaps, glibc no longer reads the number.

    Returns:
        Whether glibc took the number.
    """
    if C_LIBRARY is None or "MALLOC_ARENA_MAX" in os.environ:
        return False
    return bool(C_LIBRARY.mallopt(M_ARENA_MAX, HEAPS))


def give_back() -> None:
    """Give the unused pages of all heaps back to the system."""
    if C_LIBRARY is not None:
        C_LIBRARY.malloc_trim(0)
