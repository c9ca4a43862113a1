"""Without a screen: train a network, write the Keras program that trains it, or be a worker."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from cnn_core import cluster, export, texts, worker
from cnn_core.arithmetic import layer_table
from cnn_core.config import PRESETS, ModelConfig, TrainConfig, from_query
from cnn_core.datasets import DATASETS, Source, load, spec
from cnn_core.errors import CnnError
from cnn_core.events import BatchEnd, Downloading, EpochEnd, Evaluating, Event, RunEnded

OVERRIDES = {
    "dataset": str,
    "size": str,
    "train_size": int,
    "epochs": int,
    "batch_size": int,
    "optimizer": str,
    "learning_rate": float,
    "schedule": str,
    "patience": int,
    "seed": int,
    "precision": str,
}
MISTAKE, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and return the exit code; a mistake in the settings is one sentence and code 2."""
    options = _parser().parse_args(arguments)
    if options.command == "worker":
        worker.serve(options.scheduler, options.kind, tied=options.tied)
    try:
        if options.command == "export":
            _export(options)
        elif options.command == "scheduler":
            cluster.serve(options.host, options.port)
        else:
            _train(*_setup(options), options.folder)
    except (CnnError, OSError) as error:
        print(error, file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        kept = f" The best weights so far are in {options.folder}." if options.folder else ""
        print(f"Interrupted.{kept}", file=sys.stderr)
        return INTERRUPTED
    return 0


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISTAKE, f"{message}. See {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m cnn_core", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train one network, with a progress bar")
    train.add_argument("--folder", type=Path, help="where best.keras and the snapshots go")
    write = commands.add_parser("export", help="write a Keras program that trains such a network")
    write.add_argument("file", type=Path, help="a script (.py) or a notebook (.ipynb)")
    write.set_defaults(folder=None)
    write.add_argument("--form", choices=export.FORMS, default=export.FORMS[0])
    write.add_argument(
        "--language", choices=texts.LANGUAGES, default="en", help="language of its comments"
    )
    for command in (train, write):
        _add_settings(command)
    schedule = commands.add_parser(
        "scheduler", help="run a Dask scheduler for the servers and workers of a cluster"
    )
    schedule.add_argument(
        "--host", help="address to listen on; every one of this machine if missing"
    )
    schedule.add_argument(
        "--port", type=int, default=8786, help="port to listen on; 8786 if missing"
    )
    serve = commands.add_parser("worker", help="run a worker process for a Dask scheduler")
    serve.add_argument("--scheduler", required=True, help="its address, such as tcp://host:8786")
    serve.add_argument("--kind", choices=worker.KINDS, required=True)
    serve.add_argument("--tied", action="store_true", help="end when standard input ends")
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=PRESETS, default="textbook")
    parser.add_argument(
        "--query", default="", help="a link that the app gave, or what follows its ?"
    )
    for name, kind in OVERRIDES.items():
        choices = list(DATASETS) if name == "dataset" else None
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, choices=choices)


def _setup(options: argparse.Namespace) -> tuple[ModelConfig, TrainConfig]:
    """Preset, then link, then options; the data set decides about input shape and classes."""
    model, config = from_query(
        dict(parse_qsl(options.query.rpartition("?")[2])), PRESETS[options.preset]
    )
    chosen: dict[str, Any] = {
        field.name: getattr(options, field.name)
        for field in fields(TrainConfig)
        if getattr(options, field.name) is not None
    }
    config = replace(config, **chosen)
    source = spec(config.dataset)
    model = replace(model, input_shape=source.input_shape, classes=len(source.class_names))
    layer_table(model)
    return model, config


def _export(options: argparse.Namespace) -> None:
    file: Path = options.file
    write = export.to_notebook if file.suffix == ".ipynb" else export.to_script
    text = write(*_setup(options), form=options.form, language=options.language)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def _train(model: ModelConfig, config: TrainConfig, folder: Path | None) -> None:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with _Progress(config.epochs) as progress:
        with _quiet():
            from cnn_core import download, training

        def fetch(source: Source) -> Path:
            return download.fetch(source, progress=lambda *sizes: progress(Downloading(*sizes)))

        data = load(config.dataset, config.size, fetch=fetch)
        training.train(model, config, data, emit=progress, folder=folder)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep off the terminal what TensorFlow's C++ says while it loads: no log level silences that."""
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class _Progress:
    """A progress bar for all epochs, and a line when one ends."""

    def __init__(self, epochs: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._epochs = epochs
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
        )
        self._task = self._bar.add_task("loading", total=epochs, figures="")

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show the event."""
        match event:
            case Downloading():
                self._update("downloading", f"{event.done / 1e6:.0f} MB")
            case BatchEnd():
                figures = f"loss {event.loss:.3f}  {event.images_per_s:,.0f} images/s"
                done = event.epoch - 1 + event.batch / event.batches
                self._update(f"epoch {event.epoch}/{self._epochs}", figures, done)
            case EpochEnd():
                self._say(
                    f"epoch {event.epoch}/{self._epochs}: loss {event.loss:.4f}, "
                    f"accuracy {event.accuracy:.4f}, val_loss {event.val_loss:.4f}, "
                    f"val_accuracy {event.val_accuracy:.4f} ({event.seconds:.1f} s)"
                )
            case Evaluating():
                self._update("testing", "")
            case RunEnded():
                self._update(event.reason.replace("_", " "), "")
                self._say(f"{event.reason.replace('_', ' ')}: best epoch {event.best_epoch}")
                for part, score in event.scores.items():
                    self._say(f"{part}: loss {score.loss:.4f}, accuracy {score.accuracy:.4f}")

    def _update(self, description: str, figures: str, done: float | None = None) -> None:
        self._bar.update(self._task, description=description, figures=figures, completed=done)

    def _say(self, line: str) -> None:
        self._bar.console.print(line, soft_wrap=True, highlight=False)


if __name__ == "__main__":
    sys.exit(main())
