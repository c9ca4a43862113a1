"""The processes of a cluster that no app started: a scheduler, and workers."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

from cnn_core import interruption
from cnn_core.engine import cluster, worker


def add(commands: Any) -> None:
    """Add the commands to a parser's commands."""
    schedule = commands.add_parser(
        "scheduler",
        help="run a Dask scheduler for the servers and workers of a cluster",
        description="Run a Dask scheduler: servers send runs to it, and it hands them to workers.",
    )
    schedule.set_defaults(folder=None, force=False)
    schedule.add_argument(
        "--host", help="address to listen on; by default every address of this machine"
    )
    schedule.add_argument(
        "--port",
        type=int,
        default=8786,
        metavar="N",
        help="port to listen on (default: %(default)s)",
    )
    serve = commands.add_parser(
        "worker",
        help="run a worker process for a Dask scheduler",
        description="Train runs of the app on a cluster, or compute what its pages show of trained networks.",
    )
    serve.set_defaults(folder=None, force=False)
    serve.add_argument(
        "--scheduler",
        required=True,
        metavar="ADDRESS",
        help="address of the scheduler, such as tcp://host:8786",
    )
    serve.add_argument(
        "--kind",
        choices=(*worker.KINDS, worker.BOTH),
        required=True,
        help='"train" trains runs; "look" computes what pages show of trained networks; "both" does both',
    )
    serve.add_argument(
        "--tied",
        action="store_true",
        help="exit when standard input closes, as it does when the app ends",
    )


def schedule(options: argparse.Namespace) -> None:
    """Be a scheduler until it is interrupted."""
    cluster.serve(options.host, options.port)


def work(options: argparse.Namespace) -> NoReturn:
    """Be a worker; the process ends with this call."""
    interruption.install()  # Dask's own end would fill the terminal with tracebacks
    worker.serve(options.scheduler, options.kind, tied=options.tied)
