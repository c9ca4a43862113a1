"""Codes of rooms: four letters without look-alikes, and without vowels, so that they spell no word."""

from __future__ import annotations

import re
import secrets

from cnn_core.errors import RoomError

LETTERS = "BCDFGHJKMNPRSTVWXZ"  # not L (like I) and Q (like O)
LENGTH = 4
LONGEST = 40  # characters of what somebody typed that are looked at
_CODE = re.compile(f"[{LETTERS}]{{{LENGTH}}}")


def new_code() -> str:
    """A code; there are 104,976 of them."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def parse_code(text: object) -> str:
    """The code that somebody typed, in small or capital letters, perhaps with spaces or hyphens in it.

    Raises:
        RoomError: If it cannot be a code.
    """
    typed = text[:LONGEST] if isinstance(text, str) else ""
    code = re.sub(r"[\s-]", "", typed).upper()
    if not _CODE.fullmatch(code):
        raise RoomError("room.no_code")
    return code
