"""Without a screen: check this machine, train, compare runs, write a Keras program, or be a worker."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from cnn_core import export, interruption, texts
from cnn_core.arithmetic import layer_table
from cnn_core.command import admin, check, cluster, failures, listing, rehearse, sweep
from cnn_core.command.overrides import OVERRIDES
from cnn_core.command.progress import ProgressBar
from cnn_core.command.recorded import RecordedRun
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import DATASETS, Source, load, spec
from cnn_core.errors import CnnError, EngineError, FileError
from cnn_core.planning.links import SETUP_PARAMETERS, from_query
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import Downloading
from cnn_core.runs.destination import TrainingFolder, check_program, write_text

FAILED, MISTAKE = 1, 2
Place = TrainingFolder | RecordedRun
"""Where a training keeps what it makes."""
NO_SETTINGS = {"lang", "run", "tab", "mine"}  # in a link beside the settings
EXAMPLES = """examples:
  python -m cnn_core check
  python -m cnn_core train --dataset digits --preset tiny --name "small kernels"
  python -m cnn_core train --dataset digits --preset tiny --folder my-run
  python -m cnn_core runs
  python -m cnn_core compare 3f9a2c b81e07
  python -m cnn_core sweep --preset tiny --vary kernel=3,5 --vary dropout=0.0:0.6 --trials 12
  python -m cnn_core train --query "http://localhost:8501/playground?blocks=16.5~32&epochs=3"
  python -m cnn_core export textbook.ipynb --size full --form functional

Each command explains its options: python -m cnn_core train --help
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse, run, and return the exit code; a mistake in the settings is one sentence and code 2."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its warnings would drown our output
    options = _parser().parse_args(arguments)
    places: list[Place] = []
    try:
        with interruption.Raised():
            return _obey(options, places)
    except CnnError as error:
        print(error, file=sys.stderr)
        return MISTAKE
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("keras", "tensorflow"):
            raise
        print(EngineError("engine.no_tensorflow"), file=sys.stderr)
        return MISTAKE
    except OSError as error:
        writes = options.command in ("train", "export")
        return failures.refused(error, MISTAKE, options.folder, writes=writes)
    except KeyboardInterrupt:
        return _interrupted(places[0] if places else None)


def _obey(options: argparse.Namespace, places: list[Place]) -> int:
    """Do what the command says; the place of a training is put into `places`."""
    match options.command:
        case "worker":
            cluster.work(options)
        case "scheduler":
            cluster.schedule(options)
        case "export":
            _export(options)
        case "check":
            return check.run(options.port, as_json=options.json, train=not options.quick)
        case "admin":
            return admin.run(options)
        case "rehearse":
            return rehearse.run(options.phones, options.seconds)
        case "sweep":
            return sweep.run(*_setup(options), options)
        case "runs":
            listing.print_runs(options.count, as_json=options.json)
        case "compare":
            listing.print_comparison(
                [options.first, *options.others],
                everything=options.everything,
                as_json=options.json,
            )
        case _:
            return _train(options, places)
    return 0


def _interrupted(folder: Place | None) -> int:
    """Say what there is to take away."""
    kept = ""
    if folder is not None:
        kept = (
            f" The best weights so far are in {folder.path}."
            if folder.saved
            else " No epoch was complete, so no weights were saved."
        )
    print(f"Interrupted.{kept}", file=sys.stderr, flush=True)
    return interruption.EXIT_CODE


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the list of all options."""

    def error(self, message: str) -> NoReturn:
        self.exit(MISTAKE, f"{message}. See {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m cnn_core",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train = commands.add_parser(
        "train",
        help="train one network, with a progress bar",
        description="Train one network and print loss and accuracy of every epoch. Ctrl-C ends it.",
    )
    train.add_argument(
        "--folder",
        type=Path,
        metavar="FOLDER",
        help="keep best.keras, last.keras and a snapshot of every epoch there; without it the training is "
        "recorded in CONVSCOPE_HOME, where the app shows it",
    )
    train.add_argument(
        "--force",
        action="store_true",
        help="replace the weights and snapshots that the folder holds already",
    )
    write = commands.add_parser(
        "export",
        help="write a Keras program that trains such a network",
        description="Write a Keras program that builds and trains the network without ConvScope.",
    )
    write.add_argument(
        "file", type=Path, metavar="FILE", help="a script (.py) or a notebook (.ipynb)"
    )
    write.add_argument(
        "--force", action="store_true", help="replace a file that holds something else"
    )
    write.set_defaults(folder=None)
    write.add_argument(
        "--form",
        choices=export.FORMS,
        default=export.FORMS[0],
        help="how the network is written in Keras (default: %(default)s)",
    )
    write.add_argument(
        "--language",
        choices=texts.LANGUAGES,
        default="en",
        help="language of its comments (default: %(default)s)",
    )
    train.add_argument("--name", default="", help="what the app and `runs` call the recorded run")
    listing.add(commands)
    for command in (train, write, sweep.add(commands)):
        _add_settings(command)
    for add in (cluster.add, admin.add, check.add, rehearse.add):
        add(commands)
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "settings", "A preset; a link of the app overrides it, and the options below override both."
    )
    group.add_argument(
        "--preset",
        choices=PRESETS,
        default="textbook",
        help="network and training to start from (default: %(default)s)",
    )
    group.add_argument(
        "--query",
        metavar="LINK",
        help="settings as the app writes them: a link to its playground, or what follows the ?",
    )
    for name, (kind, what) in OVERRIDES.items():
        choices = list(DATASETS) if name == "dataset" else None
        metavar = None if choices else {int: "N", float: "X", str: "NAME"}[kind]
        group.add_argument(
            f"--{name.replace('_', '-')}", type=kind, choices=choices, metavar=metavar, help=what
        )


def _query(link: str) -> dict[str, str]:
    """The settings of a link of the app."""
    text = link.partition("#")[0].rpartition("?")[2]
    try:
        query = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        query = {}
    if not set(query) & set(SETUP_PARAMETERS):
        raise FileError("file.link", link=link)
    if unknown := sorted(set(query) - NO_SETTINGS - set(SETUP_PARAMETERS)):
        names = ", ".join(unknown)
        raise FileError("file.link_unknown", names=names, known=", ".join(SETUP_PARAMETERS))
    return query


def _setup(options: argparse.Namespace) -> tuple[ModelConfig, TrainConfig]:
    """Preset, then link, then options; the data set decides about input shape and classes."""
    query = {} if options.query is None else _query(options.query)
    model, config = from_query(query, PRESETS[options.preset])
    settings: dict[str, Any] = {
        field.name: getattr(options, field.name)
        for field in fields(TrainConfig)
        if getattr(options, field.name) is not None
    }
    config = replace(config, **settings)
    source = spec(config.dataset)
    model = replace(model, input_shape=source.input_shape, classes=len(source.class_names))
    layer_table(model)
    return model, config


def _export(options: argparse.Namespace) -> None:
    file: Path = options.file
    check_program(file)
    notebook = file.suffix.lower() == ".ipynb"
    write = export.to_notebook if notebook else export.to_script
    text = write(*_setup(options), form=options.form, language=options.language)
    write_text(file, text, force=options.force)


def _train(options: argparse.Namespace, places: list[Place]) -> int:
    if options.folder:
        places.append(TrainingFolder(options.folder, force=options.force))
    model, config = _setup(options)
    if not places:
        places.append(RecordedRun(model, config, options.name))
    place = places[0]
    recorded = isinstance(place, RecordedRun)
    with ProgressBar(config.epochs, covers_test=recorded) as progress, place:

        def leave() -> None:
            progress.__exit__()
            place.__exit__(None, None, None)
            os._exit(_interrupted(place))

        def fetch(source: Source) -> Path:
            with _quiet(leave):
                from cnn_core.datasets import download
            return download.fetch(source, progress=lambda *sizes: progress(Downloading(*sizes)))

        data = load(config.dataset, config.size, fetch=fetch)
        with _quiet(leave):
            from cnn_core import training
        if isinstance(place, TrainingFolder):
            training.train(model, config, data, emit=progress, folder=place.path)
            return 0
        problem = place.train(progress)
    print(problem or f"Recorded as {place.run.id}.", file=sys.stderr if problem else sys.stdout)
    return FAILED if problem else 0


@contextmanager
def _quiet(leave: Callable[[], None]) -> Iterator[None]:
    """Keep off the terminal what TensorFlow's C++ says while it loads: no log level silences that.

    `leave` is called at Ctrl-C, which gets lost where TensorFlow catches every exception.
    """
    kept = os.dup(2)

    def interrupted(*_: object) -> None:
        os.dup2(kept, 2)
        leave()

    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupted)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        os.dup2(kept, 2)
        os.close(kept)


if __name__ == "__main__":
    try:
        ended = main()
    finally:
        interruption.ignore()
    if (
        ended == interruption.EXIT_CODE
    ):  # Python would kill itself if the interrupt went through eval()
        sys.stdout.flush()
        os._exit(ended)
    sys.exit(ended)
