"""What its owner remarks on a run: a star and a note, in the run's folder."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core.runs import record

FILE = "marks.json"
NOTE_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Marks:
    """A star, and a note of at most `NOTE_LENGTH` characters; everybody can read them."""

    starred: bool = False
    note: str = ""


def read(run: record.Run) -> Marks:
    """The marks of the run; none if there are none, or none that can be read."""
    tree = record.read_json(run.folder / FILE) or {}
    return Marks(tree.get("starred") is True, clean_note(str(tree.get("note", ""))))


def star(run: record.Run, starred: bool, *, by: str) -> None:
    """Give the run a star, or take it away.

    Raises:
        RunError: If `by` does not own the run, or its folder is gone or cannot be written.
    """
    _write(run, Marks(starred, read(run).note), by)


def write_note(run: record.Run, note: str, *, by: str) -> None:
    """Replace the note; what is over `NOTE_LENGTH` characters is cut.

    Raises:
        RunError: As in `star`.
    """
    _write(run, Marks(read(run).starred, clean_note(note)), by)


def clean_note(note: str) -> str:
    """A note without spaces around it, of at most `NOTE_LENGTH` characters."""
    return note.strip()[:NOTE_LENGTH]


def _write(run: record.Run, marks: Marks, by: str) -> None:
    record.refuse_stranger(run, by)
    record.write(run, FILE, {"starred": marks.starred, "note": marks.note})
