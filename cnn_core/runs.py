"""One folder per run: create, find, rename, delete, its state. The folder is the truth about a run."""

from __future__ import annotations

import json
import math
import os
import re
import secrets
import shutil
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn_core import texts
from cnn_core.config import (
    ModelConfig,
    TrainConfig,
    model_from_dict,
    to_dict,
    train_from_dict,
)
from cnn_core.errors import CnnError, RunError
from cnn_core.files import disk_is_full, replacing, write_within
from cnn_core.pace import reckoned_seconds
from cnn_core.sources import DATASETS

RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
SHIPPED = ("fashion", "digits")  # ids of the runs that come with ConvScope
MODELS = Path(__file__).parent.parent / "assets" / "models"
ACTIVE = ("queued", "running")
OVER = ("finished", "stopped", "diverged")
STATES = (*ACTIVE, *OVER, "failed", "interrupted")
STALE_AFTER = 15.0  # seconds without a sign of life
SECONDS_BETWEEN_LIFE_SIGNS = 3.0
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
        extra: Seconds that it took beside its epochs, mostly to compile; 0 if that was not measured.
        error: What went wrong when it failed, in a sentence for each language.
    """

    state: str
    since: float = 0.0
    speed: float = 0.0
    extra: float = 0.0
    error: dict[str, str] | None = None

    @property
    def active(self) -> bool:
        """Whether the run waits or works."""
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        """Whether training can be resumed after the last complete epoch."""
        return self.state in ("interrupted", "failed")

    def sentence(self, language: str) -> str:
        """What went wrong, in words; empty if nothing did."""
        return (self.error or {}).get(language, "")


def home() -> Path:
    """The folder of all runs: `CONVSCOPE_HOME`, or .convscope in the user's home folder."""
    chosen = os.environ.get("CONVSCOPE_HOME")
    return (Path(chosen).expanduser() if chosen else Path.home() / ".convscope") / "runs"


def can_write(folder: Path) -> bool:
    """Whether files can be made in that folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


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
    except (OSError, RunError) as error:
        shutil.rmtree(run.folder, ignore_errors=True)
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
        for hours in (-24, 24):  # so that it can be shown in every time zone
            datetime.fromtimestamp(run.created, UTC) + timedelta(hours=hours)
        _check_fit(run)
    except FileNotFoundError as error:
        raise RunError("run.not_found", id=run_id) from error
    except Exception as error:  # a damaged file can be wrong in any way
        raise RunError("run.unreadable", id=run_id, folder=str(folder)) from error
    return run


def exists(run: Run) -> bool:
    """Whether the run's folder is still a run's: a deleted one is not to be written to any more."""
    return (run.folder / "config.json").exists()


def storage_problem(run: Run, error: BaseException) -> RunError | None:
    """What to say of an error that came of writing to the run's folder; None if it did not."""
    if not exists(run):
        return RunError("run.deleted", id=run.id)
    if disk_is_full(error):
        return RunError("run.disk_full", folder=str(run.folder))
    inside = isinstance(error, OSError) and str(error.filename).startswith(str(run.folder))
    return RunError("run.storage", folder=str(run.folder)) if inside else None


def _check_fit(run: Run) -> None:
    """Raise `ValueError` if the network does not take the images of its data set, as far as it is known."""
    source = DATASETS.get(run.train.dataset)
    model = run.model
    if source and (model.input_shape, model.classes) != (
        source.input_shape,
        len(source.class_names),
    ):
        raise ValueError(f"{model.input_shape} and {model.classes} classes for {source}")


def weights_at(run: Run) -> int:
    """When the kept weights of the run were written, in nanoseconds.

    Raises:
        RunError: If there are none any more: it was deleted meanwhile.
    """
    try:
        return (run.folder / "best.keras").stat().st_mtime_ns
    except FileNotFoundError as error:
        raise RunError("run.not_found", id=run.id) from error


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


def refuse_shipped(run: Run) -> None:
    """Raise `RunError` for a run that came with ConvScope."""
    if run.shipped:
        raise RunError("shipped.read_only", id=run.id)


def refuse_stranger(run: Run, by: str) -> None:
    """Raise `RunError` unless `by`, a word as in `Run.owner`, started the run."""
    refuse_shipped(run)
    if run.owner != by:
        raise RunError("run.not_yours", id=run.id)


def rename(run: Run, name: str, *, by: str) -> Run:
    """Give the run another name; line breaks and what is over 60 characters are cut.

    Raises:
        RunError: If `by` does not own it, or its folder is gone or cannot be written.
    """
    refuse_stranger(run, by)
    tree = read_json(run.folder / "config.json")
    if tree is None:
        raise RunError("run.not_found", id=run.id)
    write(run, "config.json", {**tree, "name": _clean(name)})
    return replace(run, name=_clean(name))


def delete(run: Run, *, by: str) -> None:
    """Remove the run's folder.

    Raises:
        RunError: If `by` does not own it, it is still waiting or working, or its folder cannot be removed.
    """
    refuse_stranger(run, by)
    if status(run).active:
        raise RunError("run.still_active", id=run.id)
    shutil.rmtree(run.folder, ignore_errors=True)
    if run.folder.exists():
        raise RunError("run.storage", folder=str(run.folder))


def status(run: Run) -> Status:
    """Where the run stands; a run that claims to be active and shows no life is interrupted.

    One on another machine shows life by the time stamp of a file, so clocks must agree to seconds.
    """
    tree = read_json(run.folder / "status.json")
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
            extra=float(tree.get("extra", 0.0)),
            error={name: str(text) for name, text in error.items()} if error else None,
        )
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return Status("interrupted")
    return found if found.state in STATES else Status("interrupted")


def write_status(
    run: Run,
    state: str,
    *,
    speed: float = 0.0,
    extra: float = 0.0,
    error: CnnError | None = None,
) -> None:
    """Replace the run's status; the writing process vouches for an active one until it dies.

    Raises:
        RunError: If the run's folder is gone or cannot be written.
    """
    refuse_shipped(run)
    tree: dict[str, Any] = {
        "state": state,
        "since": time.time(),
        "speed": speed,
        "extra": extra,
        "host": socket.gethostname(),
        "pid": os.getpid(),
    }
    if error is not None:
        tree["error"] = {language: error.sentence(language) for language in texts.LANGUAGES}
    try:
        show_life(run)
        write_json(run.folder / "status.json", tree)
    except FileNotFoundError:
        raise RunError("run.not_found", id=run.id) from None
    except OSError:
        try:
            write_within(run.folder / "status.json", json.dumps(tree).encode())
        except OSError as again:
            raise RunError("run.storage", folder=str(run.folder)) from again


def show_life(run: Run) -> None:
    """Say that somebody is still working on the run, or keeps it in a queue."""
    refuse_shipped(run)
    (run.folder / "alive").touch()


def write_examples(run: Run, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> None:
    """Keep a few test images (N, H, W, C) and their labels (N,), so that a page need not load the set."""
    refuse_shipped(run)
    with replacing(run.folder / "examples.npz") as path, path.open("wb") as file:
        np.savez(file, images=images, labels=labels)


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
    return _measured("speed", recent)


def measured_extra(recent: int = 8) -> float:
    """The same of `Status.extra`; 0 before the first."""
    return _measured("extra", recent) or 0.0


def _measured(name: str, recent: int) -> float | None:
    values: list[float] = []
    for folder in sorted(_folders(), reverse=True)[:MEASURED_RUNS]:
        value = getattr(_status(read_json(folder / "status.json") or {}), name)
        if 0 < value < math.inf:
            values.append(value)
        if len(values) == recent:
            break
    return statistics.median(values) if values else None


def seconds_an_epoch(
    model: ModelConfig, train: TrainConfig, images: int, speed: float | None
) -> float | None:
    """How long an epoch of `images` images will take at that measured speed; None without one."""
    return reckoned_seconds(model, train, images) / speed if speed else None


def write_json(path: Path, tree: dict[str, Any]) -> None:
    """Replace the file in one step, so that who reads it never reads half of it."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")


def write(run: Run, file: str, tree: dict[str, Any]) -> None:
    """Replace one of the run's files in one step.

    Raises:
        RunError: If its folder is gone or cannot be written.
    """
    refuse_shipped(run)
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


def read_json(path: Path) -> dict[str, Any] | None:
    """What `write_json` wrote; None if that cannot be read."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


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
