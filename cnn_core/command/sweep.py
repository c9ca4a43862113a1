"""A sweep on the command line: a line for each trial as it ends, and the best of them."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cnn_core import sweeps, texts
from cnn_core.command.recorded import OWNER
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine import Engine
from cnn_core.errors import CnnError, SweepError
from cnn_core.planning import limits, space
from cnn_core.sweeps import Driver, Plan, Sweep, outcome
from cnn_core.sweeps.evaluator import EVALUATORS
from cnn_core.sweeps.importance import importance
from cnn_core.sweeps.outcome import Trial
from cnn_core.sweeps.outlook import Outlook, outlook

POLL_S = 0.2
END_S = 20.0  # to let the trials that train stop
FAILED = 1


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command with its options, without the settings of the network."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "sweep",
        help="try many settings, and print the best",
        description="Vary one to five settings of a network, each trial a run that the app shows, too.",
    )
    parser.set_defaults(folder=None, force=False)
    parser.add_argument(
        "--vary",
        action="append",
        required=True,
        metavar="NAME=VALUES",
        help="a setting and its values: kernel=3,5 or filters=16:64:16 or learning_rate=1e-4:1e-2:log; "
        f"kernel.2 is that of the second block. One of {', '.join(space.FIELDS)}",
    )
    parser.add_argument(
        "--trials",
        type=int,
        default=12,
        metavar="N",
        help="how many at most (default: %(default)s)",
    )
    parser.add_argument(
        "--method",
        choices=sweeps.METHODS,
        default="tpe",
        help="what is tried next (default: %(default)s)",
    )
    parser.add_argument(
        "--pruning",
        choices=sweeps.PRUNING,
        default="none",
        help="end weak trials early (default: %(default)s)",
    )
    parser.add_argument(
        "--minutes",
        type=int,
        default=0,
        metavar="N",
        help="begin no trial after so many minutes; 0: no limit",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=None,
        metavar="N",
        help=f"trials that train at the same time (default: {limits.TRAIN_WORKERS}, else 1)",
    )
    parser.add_argument("--name", default="", help="what the app calls the sweep and its trials")
    parser.add_argument(
        "--json", action="store_true", help="print JSON at the end, for other programs"
    )
    return parser


def run(model: ModelConfig, train: TrainConfig, options: argparse.Namespace) -> int:
    """Run the sweep to its end, and return the exit code. Ctrl-C ends it and keeps what is done.

    Raises:
        CnnError: If it cannot be begun or cannot go on.
    """
    logging.getLogger("cnn_core").addHandler(logging.NullHandler())  # the sentence is enough
    dimensions = tuple(_dimension(text) for text in options.vary)
    plan = Plan(
        model, train, dimensions,
        method=options.method, trials=options.trials, pruning=options.pruning,
        minutes=options.minutes, seed=train.seed,
    )  # fmt: skip
    workers = limits.train_workers() if options.workers is None else max(1, options.workers)
    engine = Engine(os.environ.get("CONVSCOPE_SCHEDULER") or None, train_workers=workers)
    ahead = outlook(plan, engine.check, engine.estimate, workers)
    out = sys.stderr if options.json else sys.stdout
    print(_expectation(plan, ahead), file=out, flush=True)
    caps = limits.Limits.from_environment()
    own = replace(caps, sweeps=caps.waiting)  # the terminal is one visitor with many sweeps
    name = options.name or sweeps.free_name(OWNER, "Sweep {}".format)
    counted = replace(plan, trials=ahead.trials)
    sweep = sweeps.begin(counted, owner=OWNER, name=name, limits=own)
    driver = Driver(engine, only=sweep.id).start()
    engine.start()
    printed: set[int] = set()
    try:
        _watch(sweep, engine, printed, out)
    finally:
        _end(sweep)
        _print_new(sweep, printed, out)
        engine.close()
        driver.close()
    return _conclude(sweep, as_json=options.json)


def _dimension(text: str) -> space.Dimension:
    name, _, values = text.partition("=")
    return space.parse(name, values)


def _expectation(plan: Plan, ahead: Outlook) -> str:
    work = texts.say(
        "en",
        "sweep.work",
        trials=ahead.trials,
        epochs=plan.train.epochs,
        images=f"{ahead.images:,}",
    )
    if broken := len(ahead.survey.broken):
        work += f"; {texts.say('en', 'sweep.broken', count=broken, total=ahead.survey.looked_at)}"
    if ahead.seconds is None:
        return f"{work}."
    times = [_span(seconds) for seconds in (ahead.seconds, ahead.low, ahead.high)]
    return f"About {times[0]}, between {times[1]} and {times[2]}: {work}."


def _span(seconds: float) -> str:
    """A rough duration: "40 s", "12 min", "3.5 h"."""
    if seconds < 120:
        return f"{max(1, seconds):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _print_new(sweep: Sweep, printed: set[int], out: Any) -> None:
    """Print the trials that are over and not `printed` yet."""
    for trial in outcome.trials(sweep):
        if trial.over and trial.place not in printed:
            printed.add(trial.place)
            print(_line(sweep, trial), file=out, flush=True)


def _watch(sweep: Sweep, engine: Engine, printed: set[int], out: Any) -> None:
    """Print each trial as it ends, until the sweep is over."""
    while True:
        progress = sweeps.progress(sweep)
        _print_new(sweep, printed, out)
        if progress.state != "running":
            if progress.error:
                print(progress.error["en"], file=sys.stderr)
                raise SweepError("sweep.given_up", id=sweep.id)
            return
        if problem := engine.problem("train"):
            raise problem
        time.sleep(POLL_S)


def _line(sweep: Sweep, trial: Trial) -> str:
    accuracy = f"val_accuracy {trial.accuracy:.4f}" if trial.accuracy is not None else trial.state
    return f"trial {trial.place}/{sweep.plan.trials}: {accuracy}, {settings(trial)} ({trial.seconds:.1f} s)"


def settings(trial: Trial) -> str:
    """The values of a trial in one line."""
    values = trial.params.items()
    return ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in values
    )


def _end(sweep: Sweep) -> None:
    """Stop a sweep that is not over, and wait until its trials have stopped."""
    try:
        sweeps.stop(sweep, by=OWNER)
    except CnnError:
        return  # it is over
    deadline = time.monotonic() + END_S
    while time.monotonic() < deadline:
        if all(trial.over for trial in outcome.trials(sweep)):
            return
        time.sleep(POLL_S)


def _conclude(sweep: Sweep, *, as_json: bool) -> int:
    trials = outcome.trials(sweep)
    best = outcome.best(trials)
    if as_json:
        print(json.dumps(_tree(sweep, trials, best), indent=1))
    elif best is not None:
        print(f"best: trial {best.place}, val_accuracy {best.accuracy:.4f}, {settings(best)}")
        if (excess := outcome.optimism(sweep, trials)) is not None:
            complete = sum(trial.accuracy is not None for trial in trials)
            print(
                f"The best of {complete} trials is always too good, here by about "
                f"{100 * excess:.2f} percentage points "
                f"({outcome.validation_images(sweep):,} validation images): expect "
                f"{(best.accuracy or 0) - excess:.4f}."
            )
        print(f"run: {best.run}")
    return 0 if best is not None else FAILED


def _tree(sweep: Sweep, trials: Sequence[Trial], best: Trial | None) -> dict[str, Any]:
    return {
        "id": sweep.id,
        "state": sweeps.progress(sweep).state,
        "trials": [
            {
                "trial": trial.place,
                "state": trial.state,
                "val_accuracy": trial.accuracy,
                "settings": trial.params,
                "epochs": trial.epochs,
                "seconds": trial.seconds,
                "run": trial.run,
            }
            for trial in trials
        ],
        "best": best.place if best else None,
        "optimism": outcome.optimism(sweep, trials),
        "importance": _importance(sweep, trials),
    }


def _importance(sweep: Sweep, trials: Sequence[Trial]) -> dict[str, float]:
    complete = sum(trial.accuracy is not None for trial in trials)
    while (importances := importance(sweep, EVALUATORS[0], complete)) is None:
        time.sleep(POLL_S)
    return importances
