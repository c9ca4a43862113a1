"""Measure the speed figures of the README: `python -m bench [--quick] [--all] [NAME ...]`."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import psutil

from bench import (
    crowd,
    explain,
    first_screen,
    home,
    layers,
    load,
    look,
    maps,
    memory,
    recipes,
    repaint,
    report,
    rerun,
    room,
    run_table,
    start,
    stepper,
    strokes,
    surgery,
    sweep,
    training,
    visitors,
)
from bench.report import Figure

MEASUREMENTS: dict[str, Callable[..., Iterator[Figure]]] = {
    "start": start.measure,
    "repaint": repaint.measure,
    "home": home.measure,
    "first-screen": first_screen.measure,
    "look": look.measure,
    "maps": maps.measure,
    "explain": explain.measure,
    "deletion": explain.measure_deletion,
    "stepper": stepper.measure,
    "keras": rerun.measure,
    "memory": memory.measure,
    "visitors": visitors.measure,
    "crowd": crowd.measure,
    "load": load.measure,
    "room": room.measure,
    "strokes": strokes.measure,
    "runs": run_table.measure,
    "surgery": surgery.measure,
    "training": training.measure,
    "layers": layers.measure,
    "recipes": recipes.measure,
    "sweep": sweep.measure,
}
ON_REQUEST = {"deletion", "load", "recipes", "room", "sweep"}
BUSY_PERCENT = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table, write the JSON file; 1 if a measurement could not be made."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(MEASUREMENTS):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    names = options.names or [
        name for name in MEASUREMENTS if options.all or name not in ON_REQUEST
    ]
    settings = {"room": {"minutes": options.minutes}} if options.minutes else {}
    figures: list[Figure] = []
    busy: dict[str, float] = {}
    failed = 0
    with tempfile.TemporaryDirectory(prefix="convscope-bench-") as folder:
        os.environ["TMPDIR"] = tempfile.tempdir = folder  # homes and browser profiles go with it
        _leave_nothing_on_a_signal(folder)
        facts = report.machine()
        for name in names:
            busy[name] = psutil.cpu_percent(interval=1.0)
            failed += not _measure(name, settings.get(name, {}), options.quick, figures)
            _end_child_processes()
    _print(facts, figures, busy, quick=options.quick)
    return min(1, failed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(MEASUREMENTS)}"
    )
    parser.add_argument("--quick", action="store_true", help="a short trial; not for the README")
    parser.add_argument(
        "--minutes", type=float, metavar="N", help="how long the room is in use (default: 10)"
    )
    parser.add_argument(
        "--all", action="store_true", help=f"the long ones too: {', '.join(ON_REQUEST)}"
    )
    return parser


def _measure(name: str, settings: dict[str, float], quick: bool, figures: list[Figure]) -> bool:
    """Add the figures of one measurement; a failure is told, and the others go on."""
    _say(f"{name} ...")
    began = time.monotonic()
    try:
        for figure in MEASUREMENTS[name](quick=quick, **settings):
            _say(f"  {figure.name}: {figure.measured}")
            figures.append(figure)
    except Exception as error:
        traceback.print_exc()
        figures.append(Figure(name, f"not measured: {error}", ok=False))
        return False
    _say(f"{name}: {time.monotonic() - began:.0f} s")
    return True


def _print(
    facts: dict[str, str], figures: Sequence[Figure], busy: dict[str, float], *, quick: bool
) -> None:
    print("; ".join(f"{name} {value}" for name, value in facts.items()), end="\n\n")
    print(report.markdown(figures))
    if disturbed := [name for name, percent in busy.items() if percent > BUSY_PERCENT]:
        print(f"\nThe machine was busy with other things before: {', '.join(disturbed)}.")
    if quick:
        print("\nA quick trial; the README quotes a full run.")
    _say(f"written to {report.write_json(figures, facts, busy, quick=quick)}")


def _leave_nothing_on_a_signal(folder: str) -> None:
    """Ctrl-C ends servers, browsers and trainings, and then this process.

    Not by an exception: that would come up inside Playwright's loop, which then cannot be closed.
    """

    def leave(number: int, frame: object) -> None:
        _end_child_processes()
        shutil.rmtree(folder, ignore_errors=True)
        _say("interrupted")
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)


def _end_child_processes() -> None:
    """No server, browser or training outlives its measurement, however that ended."""
    children = psutil.Process().children(recursive=True)
    for process in children:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(children, timeout=5)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
