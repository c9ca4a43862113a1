"""Tables of the runs in the home, for a terminal or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cnn_core import runs
from cnn_core.analysis import comparison
from cnn_core.analysis.comparison import Setting, Settings
from cnn_core.config import ConvBlock, to_dict
from cnn_core.errors import RunError
from cnn_core.runs import summary
from cnn_core.runs.summary import Summary

if TYPE_CHECKING:
    from rich.table import Table

WIDE = 200  # columns of a table that goes into a file or another program
MOST_SETTINGS = 6  # columns for settings that vary
OWN_COLUMNS = {"dataset", "seed"}


def add(commands: Any) -> None:
    """Add the commands to a parser's commands."""
    table = commands.add_parser(
        "runs",
        help="list the runs in CONVSCOPE_HOME",
        description="List the newest runs of CONVSCOPE_HOME with the settings that vary among them.",
    )
    table.add_argument(
        "--count",
        type=_count,
        default=20,
        metavar="N",
        help="how many runs to list (default: %(default)s)",
    )
    pair = commands.add_parser(
        "compare",
        help="compare two or more of these runs",
        description="Compare runs: their best epochs, and only the settings in which they differ.",
    )
    pair.add_argument("first", metavar="ID", help="id of a run, or the end of one")
    pair.add_argument("others", nargs="+", metavar="ID", help="ids of the runs to compare it with")
    pair.add_argument(
        "--everything", action="store_true", help="all settings, including those that are equal"
    )
    for command in (table, pair):
        command.add_argument("--json", action="store_true", help="print JSON, for other programs")
        command.set_defaults(folder=None, force=False)


def _count(text: str) -> int:
    """A number of runs, as typed."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text}")
    return int(text)


def print_runs(count: int, *, as_json: bool) -> None:
    """The newest runs, one a row, with the settings that vary among them.

    Args:
        count: How many at most.
        as_json: A list of objects instead of a table.
    """
    summaries = summary.summaries()[:count]
    if as_json:
        print(json.dumps([_tree(row) for row in summaries], indent=1))
        return
    if not summaries:
        print(f"No runs in {runs.home()} yet.")
        return
    tables = [comparison.settings(row.run.model, row.run.train) for row in summaries]
    varying = [
        setting for setting in comparison.differing(tables) if setting.field not in OWN_COLUMNS
    ]
    in_table = varying[:MOST_SETTINGS]
    columns: dict[str, list[str]] = {"id": [row.run.id for row in summaries]}
    columns["name"] = [row.run.name for row in summaries]
    columns["state"] = [row.status.state for row in summaries]
    columns["data set"] = [row.run.train.dataset for row in summaries]
    columns |= _figures(summaries)
    columns["seed"] = [str(row.run.train.seed) for row in summaries]
    columns |= {
        setting_name(setting): [_text(table, setting) for table in tables] for setting in in_table
    }
    print_columns(columns)
    if len(varying) > len(in_table):
        print(
            f"Other settings vary, too: {', '.join(map(setting_name, varying[len(in_table) :]))}."
        )


def print_comparison(ids: Sequence[str], *, everything: bool, as_json: bool) -> None:
    """The figures of several runs, and the settings that differ, a column for each run.

    Args:
        ids: At least two ids, or ends of ids that belong to one run each.
        everything: All settings, not only those that differ.
        as_json: One object instead of a table.

    Raises:
        RunError: If there is no such run, an end fits several, or two name the same run.
    """
    summaries = [summary.summary(find(text)) for text in dict.fromkeys(ids)]
    if len({row.run.id for row in summaries}) < len(ids):
        raise RunError("run.compare_itself", id=summaries[0].run.id)
    tables = [comparison.settings(row.run.model, row.run.train) for row in summaries]
    settings = (comparison.every_setting if everything else comparison.differing)(tables)
    if as_json:
        values = {str(setting): [table.get(setting) for table in tables] for setting in settings}
        print(json.dumps({"runs": [_tree(row) for row in summaries], "settings": values}, indent=1))
        return
    rows = _figures(summaries) | {
        setting_name(setting): [_text(table, setting) for table in tables] for setting in settings
    }
    columns = {"": list(rows)}
    for place, row in enumerate(summaries):
        columns[row.run.name or row.run.id[-6:]] = [cells[place] for cells in rows.values()]
    if len(columns) <= len(summaries):  # names that are the same
        columns = {"": list(rows)} | {
            row.run.id: [cells[place] for cells in rows.values()]
            for place, row in enumerate(summaries)
        }
    print_columns(columns)
    if not settings:
        print("All settings are the same.")


def find(text: str) -> runs.Run:
    """The run of an id, or of the end of row.

    Raises:
        RunError: If there is none, or more than row.
    """
    try:
        return runs.open_run(text)
    except RunError:
        fitting = [run for run in runs.newest() if text and run.id.endswith(text)]
    if len(fitting) == 1:
        return fitting[0]
    raise RunError("run.several" if fitting else "run.not_found", id=text[:40])


def setting_name(setting: Setting) -> str:
    """What a terminal calls a setting: "block 2: kernel", "learning_rate"."""
    if not setting.place:
        return setting.field
    in_block = setting.field in ConvBlock.__dataclass_fields__
    return f"{'block' if in_block else 'layer'} {setting.place}: {setting.field}"


def _text(table: Settings, setting: Setting) -> str:
    value = table.get(setting)
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _figures(summaries: Sequence[Summary]) -> dict[str, list[str]]:
    """Of the epoch of the lowest validation loss, whose weights were kept; never the test accuracy."""
    best = [row.best for row in summaries]
    return {
        "val accuracy": [f"{epoch.val_accuracy:.4f}" if epoch else "-" for epoch in best],
        "best epoch": [str(epoch.epoch) if epoch else "-" for epoch in best],
        "val loss": [f"{epoch.val_loss:.4f}" if epoch else "-" for epoch in best],
        "seconds": [f"{row.seconds:.1f}" for row in summaries],
        "parameters": [f"{row.params:,}" for row in summaries],
    }


def _tree(row: Summary) -> dict[str, Any]:
    best = row.best
    figures = None
    if best:
        names = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")
        figures = {name: getattr(best, name) for name in names}
    return {
        "id": row.run.id,
        "name": row.run.name,
        "state": row.status.state,
        "created": datetime.fromtimestamp(row.run.created).astimezone().isoformat("T", "seconds"),
        "epochs": row.epochs,
        "best": figures,
        "seconds": row.seconds,
        "parameters": row.params,
        "model": to_dict(row.run.model),
        "train": to_dict(row.run.train),
    }


def print_columns(columns: Mapping[str, Sequence[str]]) -> None:
    """Print a table, given as {title: cells}."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table: Table = Table(box=box.SIMPLE)
    for title in columns:
        table.add_column(Text(title), no_wrap=title == "id")
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, cells))  # a name in brackets is no markup
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
