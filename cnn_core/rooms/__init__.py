"""Rooms of a workshop: who joined, what they drew and voted; one SQLite file for each room."""

from cnn_core.rooms.events import (
    Challenge,
    Drawing,
    Event,
    Follow,
    Hide,
    Join,
    Lead,
    LetGo,
    Network,
    Pause,
    Question,
    Remove,
    Reveal,
    Switch,
    TakeBack,
    Task,
    Vote,
)
from cnn_core.rooms.room import Room
from cnn_core.rooms.state import State
from cnn_core.rooms.store import all_codes, create, open_room, rooms_of, wipe_old

__all__ = [
    "Challenge",
    "Drawing",
    "Event",
    "Follow",
    "Hide",
    "Join",
    "Lead",
    "LetGo",
    "Network",
    "Pause",
    "Question",
    "Remove",
    "Reveal",
    "Room",
    "State",
    "Switch",
    "TakeBack",
    "Task",
    "Vote",
    "all_codes",
    "create",
    "open_room",
    "rooms_of",
    "wipe_old",
]
