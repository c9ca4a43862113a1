"""What the administrator of a server does with everybody's runs, on the machine that keeps them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from cnn_core import rooms, runs, sweeps
from cnn_core.command import listing
from cnn_core.errors import RoomError
from cnn_core.runs import control, space


def add(commands: Any) -> None:
    """Add the command with its options to `commands` of argparse."""
    parser = commands.add_parser(
        "admin",
        help="list, end or delete what any visitor has on this server",
        description="List the runs that wait or train, the sweeps that are not over, the rooms, and what the"
        " runs take on the disk; or end or delete any of them. It needs no password: only who can write"
        " CONVSCOPE_HOME can use it.",
    )
    parser.set_defaults(folder=None, force=False)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--end", nargs="+", metavar="ID", help="end these runs or sweeps")
    what.add_argument(
        "--end-all", action="store_true", help="end all sweeps, and all runs that wait or train"
    )
    what.add_argument(
        "--wipe", nargs="+", metavar="CODE", help="delete these rooms with all in them"
    )
    what.add_argument("--delete", nargs="+", metavar="ID", help="delete these runs, which are over")


def run(options: argparse.Namespace) -> int:
    """Do what the options say, and return the exit code.

    Raises:
        CnnError: If there is no such run, sweep or room, or it cannot be ended or deleted.
    """
    if options.delete:
        for each in _runs(options.delete):
            runs.delete(each, by=each.owner)
            print(f"Deleted {each.id}.")
    elif options.wipe:
        for room in [rooms.open_room(code) for code in options.wipe]:
            room.wipe()
            print(f"Deleted the room {room.code}.")
    elif options.end_all:
        _end_sweeps(_active_sweeps())
        _end(_active())
    elif options.end:
        named = {sweep.id: sweep for sweep in sweeps.newest()}
        listed = _runs([text for text in options.end if text not in named])
        _end_sweeps([named[text] for text in options.end if text in named])
        if listed:
            _end(listed)
    else:
        _print()
    return 0


def _runs(ids: Sequence[str]) -> list[runs.Run]:
    return [listing.find(text) for text in ids]


def _active() -> list[runs.Run]:
    return [each for each in runs.newest() if runs.status(each).active]


def _active_sweeps() -> list[sweeps.Sweep]:
    return [each for each in sweeps.newest() if sweeps.progress(each).active]


def _end_sweeps(selected: Sequence[sweeps.Sweep]) -> None:
    for each in selected:
        if not sweeps.progress(each).active:
            print(f"The sweep {each.id} is over already.")
            continue
        sweeps.stop(each, by=each.owner)
        print(f"Ended the sweep {each.id}. Its trials that train keep their best weights.")


def _end(selected: Sequence[runs.Run]) -> None:
    for each in selected:
        if not runs.status(each).active:
            print(f"{each.id} is over already.")
            continue
        control.ask(each, by=each.owner, stop=True, paused=False)
        print(f"Asked {each.id} to end. It keeps its best weights.")
    if not selected:
        print("No run waits or trains.")


def _print() -> None:
    active = _active()
    if active:
        listing.print_columns(
            {
                "id": [each.id for each in active],
                "name": [each.name for each in active],
                "state": [runs.status(each).state for each in active],
                "owner": [each.owner or "-" for each in active],
                "data set": [each.train.dataset for each in active],
                "epochs": [str(each.train.epochs) for each in active],
            }
        )
    else:
        print("No run waits or trains.")
    _print_sweeps()
    _print_rooms()
    taken, free = space.used(), space.free()
    print(
        f"All runs take {taken / 1e9:.2f} GB in {runs.home()}; {free / 1e9:.1f} GB are free there."
    )


def _print_sweeps() -> None:
    active = _active_sweeps()
    if active:
        print()
        listing.print_columns(
            {
                "sweep": [each.id for each in active],
                "name": [each.name for each in active],
                "state": [sweeps.progress(each).state for each in active],
                "owner": [each.owner or "-" for each in active],
                "trials": [str(each.plan.trials) for each in active],
            }
        )


def _print_rooms() -> None:
    codes, people, drawings = [], [], []
    for code in rooms.all_codes():
        with suppress(RoomError):  # wiped in this moment, or damaged
            state = rooms.open_room(code).state()
            codes.append(code)
            people.append(str(len(state.people)))
            drawings.append(str(len(state.pictures)))
    if codes:
        print()
        listing.print_columns({"room": codes, "people": people, "drawings": drawings})
