"""What the administrator of a server does with everybody's runs, on the machine that keeps them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from cnn_core import runs
from cnn_core.command import listing
from cnn_core.runs import control, space


def add(commands: Any) -> None:
    """Add the command with its options to `commands` of argparse."""
    parser = commands.add_parser(
        "admin",
        help="list, end or delete runs of every visitor",
        description="List the runs that wait or train and what the runs take on the disk, or end or delete"
        " runs of all visitors. It needs no password: only who can write CONVSCOPE_HOME can use it.",
    )
    parser.set_defaults(folder=None, force=False)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--end", nargs="+", metavar="ID", help="end these runs, or their queueing")
    what.add_argument("--end-all", action="store_true", help="end every run that waits or trains")
    what.add_argument("--delete", nargs="+", metavar="ID", help="delete these runs, which are over")


def run(options: argparse.Namespace) -> int:
    """Do what the options say, and return the exit code.

    Raises:
        RunError: If there is no such run, or it cannot be ended or deleted.
    """
    if options.delete:
        for each in _runs(options.delete):
            runs.delete(each, by=each.owner)
            print(f"Deleted {each.id}.")
    elif options.end or options.end_all:
        _end(_runs(options.end) if options.end else _active())
    else:
        _print()
    return 0


def _runs(ids: Sequence[str]) -> list[runs.Run]:
    return [listing.find(text) for text in ids]


def _active() -> list[runs.Run]:
    return [each for each in runs.newest() if runs.status(each).active]


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
    taken, free = space.used(), space.free()
    print(
        f"All runs take {taken / 1e9:.2f} GB in {runs.home()}; {free / 1e9:.1f} GB are free there."
    )
