"""One folder a run: create, find, read, steer, rename, delete. The folder is the truth about a run."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import shutil
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core import texts
from cnn_core.config import (
    ModelConfig,
    TrainConfig,
    check_learning_rate,
    model_from_dict,
    to_dict,
    train_from_dict,
)
from cnn_core.errors import CnnError, RunError
from cnn_core.events import Control, EpochEnd, Event, from_json, to_json
from cnn_core.history import History
from cnn_core.pace import reckoned_seconds

RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
SHIPPED = ("fashion", "digits")  # ids of the runs that come with ConvScope
MODELS = Path(__file__).parent.parent / "assets" / "models"
ACTIVE = ("queued", "running")
OVER = ("finished", "stopped", "diverged")
STATES = (*ACTIVE, *OVER, "failed", "interrupted")
STALE_AFTER = 15.0  # seconds without a sign of life
SETTLED_AFTER = 1.0  # seconds in which a file that was replaced is read again
NAME_LENGTH = 60
MEASURED_RUNS = 40  # how far back a measured speed is looked for


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it was ordered.

    Attributes:
        id: Date, time and six hexadecimal digits, such as "20260131-142530-a1b2c3"; or one of `SHIPPED`.
        folder: Where its files are.
        owner: Who ordered it; an opaque word.
        name: What its owner calls it; may be empty.
        created: Seconds since 1970.
    """

    id: str
    folder: Path
    model: ModelConfig
    train: TrainConfig
    owner: str
    name: str
    created: float

    @property
    def shipped(self) -> bool:
        """Whether it came with ConvScope: it can be read, never changed."""
        return self.id in SHIPPED


@dataclass(frozen=True, slots=True)
class Status:
    """Where a run stands.

    Attributes:
        state: "queued", "running", "finished", "stopped", "diverged", "failed" or "interrupted"
            (nobody works on it any more, though it has not ended).
        since: When it got there, in seconds since 1970.
        speed: Of this machine while it trained: seconds of `pace.reckoned_seconds` worked off in one;
            0 if it was not measured.
        error: What went wrong when it failed, in a sentence for each language.
    """

    state: str
    since: float = 0.0
    speed: float = 0.0
    error: dict[str, str] | None = None

    @property
    def active(self) -> bool:
        """Whether the run waits or works."""
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether training can go on behind the last complete epoch."""
        return self.state in ("interrupted", "failed")

    def sentence(self, language: str) -> str:
        """What went wrong, in words; empty if nothing did."""
        return (self.error or {}).get(language, "")


def home() -> Path:
    """The folder of all runs: `CONVSCOPE_HOME`, or .convscope in the user's home folder."""
    chosen = os.environ.get("CONVSCOPE_HOME")
    return (Path(chosen).expanduser() if chosen else Path.home() / ".convscope") / "runs"


def create(model: ModelConfig, train: TrainConfig, *, owner: str = "", name: str = "") -> Run:
    """Make the folder of a new run; it is queued, though nobody works on it yet.

    Raises:
        RunError: If the folder cannot be written.
    """
    now = time.time()
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    run_id = f"{stamp}-{secrets.token_hex(3)}"
    run = Run(run_id, home() / run_id, model, train, owner, _clean(name), now)
    order = {"model": to_dict(model), "train": to_dict(train), "owner": owner, "created": now}
    try:
        run.folder.mkdir(parents=True)
        write_status(run, "queued")
        write_json(run.folder / "config.json", {**order, "name": run.name})  # last: now it is a run
    except OSError as error:
        raise RunError("run.storage", folder=str(home())) from error
    return run


def open_run(run_id: str) -> Run:
    """The run of that id.

    Raises:
        RunError: If it is no run id, there is no such run, or its config cannot be read.
    """
    if run_id not in SHIPPED and not RUN_ID.fullmatch(run_id):
        raise RunError("run.bad_id", id=run_id[:40])
    folder = (MODELS if run_id in SHIPPED else home()) / run_id
    if not folder.is_dir():
        raise RunError("run.not_found", id=run_id)
    try:
        tree = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        run = Run(
            id=run_id,
            folder=folder,
            model=model_from_dict(tree["model"]),
            train=train_from_dict(tree["train"]),
            owner=str(tree.get("owner", "")),
            name=str(tree.get("name", "")),
            created=float(tree["created"]),
        )
        time.localtime(run.created)
    except Exception as error:  # a damaged file can be wrong in any way
        raise RunError("run.unreadable", id=run_id) from error
    return run


def newest(owner: str | None = None) -> Iterator[Run]:
    """All readable runs, newest first, each read when it is asked for; of one owner, if given."""
    for folder in sorted(_folders(), reverse=True):
        try:
            run = open_run(folder.name)
        except RunError:
            continue
        if owner is None or run.owner == owner:
            yield run


def all_runs(owner: str | None = None) -> list[Run]:
    """The runs of `newest` as a list."""
    return list(newest(owner))


def shipped() -> list[Run]:
    """The runs that come with ConvScope, as far as they can be read."""
    found = []
    for run_id in SHIPPED:
        with suppress(RunError):
            found.append(open_run(run_id))
    return found


def _refuse_shipped(run: Run) -> None:
    if run.shipped:
        raise RunError("shipped.read_only", id=run.id)


def rename(run: Run, name: str) -> Run:
    """Give the run another name; line breaks and what is over 60 characters are cut.

    Raises:
        RunError: If its folder is gone or cannot be written.
    """
    tree = _read_json(run.folder / "config.json")
    if tree is None:
        raise RunError("run.not_found", id=run.id)
    _write(run, "config.json", {**tree, "name": _clean(name)})
    return replace(run, name=_clean(name))


def delete(run: Run) -> None:
    """Remove the run's folder.

    Raises:
        RunError: If the run is still waiting or working, or its folder cannot be removed.
    """
    _refuse_shipped(run)
    if status(run).active:
        raise RunError("run.still_active", id=run.id)
    shutil.rmtree(run.folder, ignore_errors=True)
    if run.folder.exists():
        raise RunError("run.storage", folder=str(run.folder))


def status(run: Run) -> Status:
    """Where the run stands; a run that claims to be active and shows no life is interrupted.

    One on another machine shows life by the time stamp of a file, so clocks must agree to seconds.
    """
    tree = _read_json(run.folder / "status.json")
    found = _status(tree) if tree else Status("interrupted")
    if tree and found.active and not _alive(run, tree):
        return replace(found, state="interrupted")
    return found


def _status(tree: dict[str, Any]) -> Status:
    try:
        error = tree.get("error")
        found = Status(
            state=str(tree["state"]),
            since=float(tree.get("since", 0.0)),
            speed=float(tree.get("speed", 0.0)),
            error={name: str(text) for name, text in error.items()} if error else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return Status("interrupted")
    return found if found.state in STATES else Status("interrupted")


def write_status(
    run: Run, state: str, *, speed: float = 0.0, error: CnnError | None = None
) -> None:
    """Replace the run's status; the writing process vouches for an active one until it dies."""
    _refuse_shipped(run)
    tree: dict[str, Any] = {
        "state": state,
        "since": time.time(),
        "speed": speed,
        "host": socket.gethostname(),
        "pid": os.getpid(),
    }
    if error is not None:
        tree["error"] = {language: error.sentence(language) for language in texts.LANGUAGES}
    show_life(run)
    write_json(run.folder / "status.json", tree)


def show_life(run: Run) -> None:
    """Say that somebody is still working on the run, or keeps it in a queue."""
    _refuse_shipped(run)
    (run.folder / "alive").touch()


def read_control(run: Run) -> Control:
    """What is wanted of the run at the moment; nothing, if that cannot be read."""
    tree = _read_json(run.folder / "control.json") or {}
    try:
        rate = tree.get("learning_rate")
        return Control(
            stop=bool(tree.get("stop", False)),
            paused=bool(tree.get("paused", False)),
            steps=int(tree.get("steps", 0)),
            learning_rate=None if rate is None else check_learning_rate(rate),
        )
    except (TypeError, ValueError, OverflowError):  # a ConfigError is a ValueError
        return Control()


_control_lock = threading.Lock()


def ask(run: Run, **wanted: Any) -> Control:
    """Change what is wanted: `ask(run, paused=True)`, `ask(run, learning_rate=1e-4)`.

    Raises:
        ConfigError: If the learning rate is not above 0 and at most 10.
        RunError: If the run's folder is gone or cannot be written.
    """
    if wanted.get("learning_rate") is not None:
        check_learning_rate(wanted["learning_rate"])
    with _control_lock:
        control = replace(read_control(run), **wanted)
        _write(run, "control.json", asdict(control))
    return control


def ask_for_step(run: Run) -> Control:
    """Pause the run, and let one more batch through. Raises `RunError` like `ask`."""
    with _control_lock:
        control = read_control(run)
        control = replace(control, paused=True, steps=control.steps + 1)
        _write(run, "control.json", asdict(control))
    return control


def paused_for(run: Run) -> float:
    """Seconds since the run was asked to pause, or for its last step; 0 if it is not asked to."""
    try:
        since = (run.folder / "control.json").stat().st_mtime
    except OSError:
        return 0.0
    return max(0.0, time.time() - since) if read_control(run).paused else 0.0


class ControlReader:
    """Asks what is wanted, reading control.json only when it was replaced (4 microseconds if not)."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._path = run.folder / "control.json"
        self._seen: tuple[int, int] | None = None
        self._control = Control()

    def __call__(self) -> Control:
        """What is wanted now."""
        try:
            stat = self._path.stat()
        except OSError:
            return self._control
        stamp = (stat.st_mtime_ns, stat.st_ino)
        if stamp != self._seen:
            # Time stamps are coarse and inodes used again: a young file may be replaced unnoticed.
            settled = abs(time.time() - stat.st_mtime) > SETTLED_AFTER
            self._control, self._seen = read_control(self._run), stamp if settled else None
        return self._control


class EventWriter:
    """Appends events to events.jsonl, each flushed as it is written."""

    def __init__(self, run: Run) -> None:
        _refuse_shipped(run)
        path = run.folder / "events.jsonl"
        torn = path.exists() and path.stat().st_size > 0 and not path.read_bytes().endswith(b"\n")
        self._file = path.open("a", encoding="utf-8")
        if torn:
            self._file.write("\n")

    def __call__(self, event: Event) -> None:
        """Write one line."""
        self._file.write(to_json(event) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class EventReader:
    """Reads events.jsonl on from where it stopped; safe to call on several threads."""

    def __init__(self, folder: Path, planned_epochs: int) -> None:
        self._path = folder / "events.jsonl"
        self._epochs = planned_epochs
        self._offset = 0
        self._events: list[Event] = []
        self._history = History(planned_epochs)
        self._lock = threading.Lock()

    def history(self) -> History:
        """The history of the run up to the last complete line; the same object if nothing is new."""
        with self._lock:
            fresh = self._read_on()
            if fresh:
                self._events += fresh
                self._history = History.from_events(self._events, self._epochs)
            return self._history

    def _read_on(self) -> list[Event]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except OSError:
            return []
        end = fresh.rfind(b"\n") + 1
        self._offset += end
        return list(_parse(fresh[:end]))


def history(run: Run) -> History:
    """What the run has said so far; only what is new since the last call is read."""
    return _reader(run.folder, run.train.epochs).history()


@lru_cache(maxsize=32)
def _reader(folder: Path, epochs: int) -> EventReader:
    return EventReader(folder, epochs)


def best_epoch(run: Run) -> EpochEnd | None:
    """The epoch of the lowest validation loss; its log is read again only when it has grown."""
    try:
        size = (run.folder / "events.jsonl").stat().st_size
    except OSError:
        return None
    return _best_epoch(run.folder, run.train.epochs, size)


@lru_cache(maxsize=512)
def _best_epoch(folder: Path, epochs: int, size: int) -> EpochEnd | None:
    return EventReader(folder, epochs).history().best


def complete_epochs(run: Run) -> list[EpochEnd]:
    """The complete epochs of the run, in order: what a resumed training needs to know."""
    return [end for end in history(run).epochs if end.complete]


def write_examples(run: Run, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> None:
    """Keep a few test images (N, H, W, C) and their labels (N,), so that a page need not load the set."""
    _refuse_shipped(run)
    temporary = run.folder / "examples.tmp"
    with temporary.open("wb") as file:
        np.savez(file, images=images, labels=labels)
    temporary.replace(run.folder / "examples.npz")


def examples(run: Run) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]] | None:
    """The images and labels of `write_examples`; None if there are none, or none that can be read."""
    try:
        path = run.folder / "examples.npz"
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return arrays["images"], arrays["labels"]
    except Exception:  # a damaged file can make zipfile and NumPy raise anything
        return None


def measured_speed(recent: int = 8) -> float | None:
    """Median `Status.speed` of the newest measured runs on this home; None before the first."""
    speeds: list[float] = []
    for folder in sorted(_folders(), reverse=True)[:MEASURED_RUNS]:
        speed = _status(_read_json(folder / "status.json") or {}).speed
        if 0 < speed < math.inf:
            speeds.append(speed)
        if len(speeds) == recent:
            break
    return statistics.median(speeds) if speeds else None


def seconds_an_epoch(
    model: ModelConfig, train: TrainConfig, images: int, speed: float | None
) -> float | None:
    """How long an epoch of `images` images will take at that measured speed; None without one."""
    return reckoned_seconds(model, train, images) / speed if speed else None


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Replace the file in one step, so that who reads it never reads half of it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    temporary.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)


def _write(run: Run, file: str, tree: dict[str, Any]) -> None:
    _refuse_shipped(run)
    try:
        write_json(run.folder / file, tree)
    except FileNotFoundError:
        raise RunError("run.not_found", id=run.id) from None
    except OSError as error:
        raise RunError("run.storage", folder=str(run.folder)) from error


def _folders() -> Iterator[Path]:
    root = home()
    if root.is_dir():
        yield from (path for path in root.iterdir() if RUN_ID.fullmatch(path.name))


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def _parse(lines: bytes) -> Iterator[Event]:
    for line in lines.splitlines():
        try:
            yield from_json(line.decode("utf-8"))
        except ValueError:  # torn by a kill; what it said is said again by the resumed run
            continue


def _alive(run: Run, tree: dict[str, Any]) -> bool:
    if tree.get("host") == socket.gethostname() and not _process_lives(tree.get("pid")):
        return False
    try:
        return abs(time.time() - (run.folder / "alive").stat().st_mtime) < STALE_AFTER
    except OSError:
        return False


def _process_lives(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:  # 0 and below would name whole groups of processes
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it has ended and only nobody asked how; so it is long in a container without an init."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except (OSError, ValueError):  # no Linux, or gone
        return False
    return after_name.split()[0] in {"Z", "X"}


def _clean(name: str) -> str:
    return " ".join(name.split())[:NAME_LENGTH]
