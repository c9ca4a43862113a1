"""The messages between a browser and the app that a rehearsal needs, as Protocol Buffers encode them."""

from __future__ import annotations

from collections.abc import Iterator

VARINT, BYTES = 0, 2
FIXED = {1: 8, 5: 4}  # bytes of the other wire types
RERUN = 11  # in what a browser sends
QUERY, WIDGETS, PAGE_HASH, PAGE, FRAGMENT, IS_AUTO = 1, 2, 3, 4, 5, 6  # in that
FINISHED, AUTO_RERUN, NAVIGATION = 6, 21, 23  # in what the app sends
AGAIN = b"\x02"  # in FINISHED: the page begins again, and is not whole


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(content)) + content


def rerun(
    query: str, page: str, *, page_hash: str = "", pressed: str = "", fragment: str = ""
) -> bytes:
    """Ask for a page.

    Args:
        query: Parameters of its address.
        page: Name in the address; empty for the first one.
        page_hash: What the app calls that page, once it has said so; otherwise it goes to its first page.
        pressed: Id of the button that was pressed.
        fragment: Id of the part that asks for news by itself.
    """
    state = _field(QUERY, query.encode()) + _field(PAGE, page.encode())
    if page_hash:
        state += _field(PAGE_HASH, page_hash.encode())
    if pressed:
        widget = _field(1, pressed.encode()) + _varint(2 << 3 | VARINT) + b"\x01"
        state += _field(WIDGETS, _field(1, widget))
    if fragment:
        state += _field(FRAGMENT, fragment.encode()) + _varint(IS_AUTO << 3 | VARINT) + b"\x01"
    return _field(RERUN, state)


def fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each field that has a length or is a number; fixed ones as they are.

    Raises:
        ValueError: If the message ends too soon.
    """
    place = 0
    while place < len(message):
        key, place = _read(message, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            start = place
            _, place = _read(message, place)
            yield number, message[start:place]
            continue
        size, place = _read(message, place) if kind == BYTES else (FIXED.get(kind, -1), place)
        if size < 0 or place + size > len(message):
            raise ValueError("The message ends too soon.")
        yield number, message[place : place + size]
        place += size


def _read(message: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if place >= len(message) or shift > 63:
            raise ValueError("The message ends too soon.")
        byte = message[place]
        number |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return number, place
