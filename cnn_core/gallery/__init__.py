"""The gallery "fooled it": images of this server's visitors that a network misread with confidence."""

from cnn_core.gallery.entry import SOURCES, Entry
from cnn_core.gallery.offer import Offer, submit
from cnn_core.gallery.store import count, entries, is_on, is_own, remove

__all__ = [
    "SOURCES",
    "Entry",
    "Offer",
    "count",
    "entries",
    "is_on",
    "is_own",
    "remove",
    "submit",
]
