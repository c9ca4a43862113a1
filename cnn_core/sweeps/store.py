"""Begin, find, pause, resume and stop sweeps. A folder each, beside that of the runs, is the truth."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import lru_cache
from itertools import count
from pathlib import Path

from filelock import FileLock

from cnn_core import runs, texts
from cnn_core.errors import CnnError, LimitError, SweepError
from cnn_core.planning.limits import Limits
from cnn_core.runs import record as run_record
from cnn_core.runs.record import LOCKS, RUN_ID
from cnn_core.sweeps.record import ACTIVE, OVER, Plan, Progress, Sweep, plan_from_dict

LOCK_TIMEOUT = 10.0  # seconds; a change takes milliseconds
STATES = (*ACTIVE, *OVER)


def home() -> Path:
    """The folder of all sweeps, beside that of the runs."""
    return runs.home().parent / "sweeps"


def changed() -> int:
    """When a sweep was last begun or deleted, as the file system counts it; 0 while there is none."""
    with suppress(OSError):
        return home().stat().st_mtime_ns
    return 0


def check_trials(plan: Plan, limits: Limits) -> None:
    """Refuse more trials than this server allows one sweep.

    Raises:
        LimitError: If it has too many.
    """
    if plan.trials > limits.trials:
        raise LimitError("limit.trials", asked=plan.trials, cap=limits.trials)


def begin(plan: Plan, *, owner: str = "", name: str = "", limits: Limits | None = None) -> Sweep:
    """Make the folder of a sweep; a `Driver` takes it up.

    Raises:
        LimitError: If it has too many trials, or its owner too many sweeps that are not over.
        SweepError: If its folder cannot be written.
    """
    limits = limits or Limits.from_environment()
    check_trials(plan, limits)
    if sum(progress(sweep).active for sweep in newest(owner)) >= limits.sweeps:
        raise LimitError("limit.sweeps", cap=limits.sweeps)
    now = time.time()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    sweep_id = f"{stamp}-{secrets.token_hex(3)}"
    name = run_record.clean_name(name)
    sweep = Sweep(sweep_id, home() / sweep_id, plan, owner, name, now)
    tree = {"plan": plan.to_dict(), "owner": owner, "name": name, "created": now}
    try:
        sweep.folder.mkdir(parents=True)
        run_record.write_json(sweep.folder / "state.json", asdict(Progress("running")))
        run_record.write_json(sweep.folder / "sweep.json", tree)  # last: now it is a sweep
    except OSError as error:
        shutil.rmtree(sweep.folder, ignore_errors=True)
        raise SweepError("sweep.storage", folder=str(home())) from error
    return sweep


def open_sweep(sweep_id: str) -> Sweep:
    """The sweep of that id.

    Raises:
        SweepError: If there is none, or it cannot be read.
    """
    folder = home() / sweep_id
    if not RUN_ID.fullmatch(sweep_id) or not folder.is_dir():
        raise SweepError("sweep.not_found", id=sweep_id[:40])
    try:
        return _read(folder, (folder / "sweep.json").stat().st_mtime_ns)
    except Exception as error:  # a damaged file can be wrong in any way
        raise SweepError("sweep.unreadable", id=sweep_id, folder=str(folder)) from error


@lru_cache(maxsize=256)
def _read(folder: Path, changed: int) -> Sweep:
    tree = run_record.read_json(folder / "sweep.json") or {}
    return Sweep(
        folder.name,
        folder,
        plan_from_dict(tree["plan"]),
        str(tree["owner"]),
        str(tree["name"]),
        float(tree["created"]),
    )


def newest(owner: str | None = None) -> list[Sweep]:
    """All readable sweeps, newest first; of one owner, if given."""
    if not home().is_dir():
        return []
    sweeps = []
    for folder in sorted(home().iterdir(), reverse=True):
        with suppress(SweepError):
            if RUN_ID.fullmatch(folder.name):
                sweeps.append(open_sweep(folder.name))
    return [sweep for sweep in sweeps if owner is None or sweep.owner == owner]


def free_name(owner: str, name: Callable[[int], str]) -> str:
    """The name of the owner's next sweep, which no other of their sweeps has.

    Args:
        owner: Whose sweeps are counted.
        name: The name for a number from 1 up.
    """
    own = newest(owner)
    taken = {sweep.name for sweep in own}
    return next(name(number) for number in count(len(own) + 1) if name(number) not in taken)


def progress(sweep: Sweep) -> Progress:
    """How far it is; stopped if that cannot be read."""
    tree = run_record.read_json(sweep.folder / "state.json") or {}
    try:
        state = Progress(**tree)
        return replace(state, seconds=float(state.seconds)) if state.state in STATES else _LOST
    except (TypeError, ValueError):
        return _LOST


_LOST = Progress("stopped")


def pause(sweep: Sweep, *, by: str) -> None:
    """Begin no more trials until it is resumed; those that train come to their end.

    Raises:
        SweepError: If `by` does not own it, it is not running, or its folder cannot be written.
    """
    _ask(sweep, by, "paused", ("running",))


def resume(sweep: Sweep, *, by: str) -> None:
    """Go on after a pause. Raises `SweepError` like `pause`."""
    _ask(sweep, by, "running", ("paused",))


def stop(sweep: Sweep, *, by: str) -> None:
    """End it; the trials that train keep their best weights. Raises `SweepError` like `pause`."""
    _ask(sweep, by, "stopped", ACTIVE, reason="owner")


def _ask(sweep: Sweep, by: str, state: str, only_if: Collection[str], reason: str = "") -> None:
    if sweep.owner != by:
        raise SweepError("sweep.not_yours", id=sweep.id)
    if not change(sweep, state, only_if=only_if, reason=reason):
        raise SweepError("sweep.not_now", id=sweep.id)


def change(
    sweep: Sweep,
    state: str | None = None,
    *,
    only_if: Collection[str] = STATES,
    reason: str = "",
    seconds: float | None = None,
    error: CnnError | None = None,
) -> bool:
    """Replace how far it is, if its state is one of `only_if`; whether it was replaced.

    Raises:
        SweepError: If its folder is gone or cannot be written.
    """
    if not (sweep.folder / "sweep.json").exists():
        raise SweepError("sweep.not_found", id=sweep.id)
    try:
        with _changing(sweep):
            now = progress(sweep)
            if now.state not in only_if:
                return False
            sentences = (
                {language: error.sentence(language) for language in texts.LANGUAGES}
                if error
                else now.error
            )
            after = Progress(
                state or now.state,
                reason or now.reason,
                now.seconds if seconds is None else seconds,
                sentences,
            )
            run_record.write_json(sweep.folder / "state.json", asdict(after))
    except OSError as problem:
        raise SweepError("sweep.storage", folder=str(sweep.folder)) from problem
    return True


def lock(sweep: Sweep, name: str) -> FileLock:
    """A lock of the sweep; the system takes it away from a process that ends."""
    return FileLock(home() / LOCKS / f"{sweep.id}.{name}", timeout=LOCK_TIMEOUT)


@contextmanager
def _changing(sweep: Sweep) -> Iterator[None]:
    with lock(sweep, "changes"):
        yield
