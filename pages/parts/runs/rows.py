"""The rows of the table of runs: which there are, which pass the filters, what settings are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cnn_core.analysis import comparison
from cnn_core.analysis.comparison import Setting, Settings
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.runs import Run, summary
from cnn_core.runs.summary import Summary
from pages.network.names import short_names
from pages.session.doors import engine
from pages.session.visitor import visitor
from pages.session.words import label, t

OF_NO_BLOCK = {"dense": "runs.of_dense"}
PART_OF_ID = 6  # letters: every id holds the digit of "kernel 5" somewhere


@dataclass(frozen=True, slots=True)
class Row:
    """A run in the table.

    Attributes:
        summary: Its figures.
        name: What it is called; different for each row.
        settings: Its settings.
    """

    summary: Summary
    name: str
    settings: Settings

    @property
    def run(self) -> Run:
        """The run itself."""
        return self.summary.run

    @property
    def state(self) -> str:
        """The state as a visitor reads it; between a worker's death and the next one's start: queued."""
        state = self.summary.status.state
        if state == "interrupted" and engine().holds(self.run.id):
            return "queued"
        return self.summary.waits if state == "running" and self.summary.waits else state


def rows(whose: str) -> list[Row]:
    """Runs of this visitor ("mine") or of everybody ("all"), newest first; then those of ConvScope."""
    us = visitor()
    summaries = [entry for entry in summary.summaries() if whose == "all" or entry.run.owner == us]
    return rows_of([*summaries, *summary.shipped()])


def rows_of(summaries: Sequence[Summary]) -> list[Row]:
    """A row for each summary."""
    names = short_names(entry.run for entry in summaries)
    return [Row(entry, names[entry.run.id], settings_of(entry.run)) for entry in summaries]


def settings_of(run: Run) -> Settings:
    """The settings of a run; shared, so nobody writes to them."""
    return _settings(run.model, run.train)


@lru_cache(maxsize=4096)
def _settings(model: ModelConfig, train: TrainConfig) -> Settings:
    return comparison.settings(model, train)


def passing(
    candidates: Sequence[Row],
    text: str,
    only: str | None,
    value: str | None,
    *,
    starred: bool,
    single: bool,
) -> list[Row]:
    """The rows that pass the filters.

    Args:
        candidates: The rows to choose from.
        text: Its words all occur in the name, note or data set of the run, or in an id of it or its sweep.
        only: A setting, as a link writes it, that must have a value; None for any.
        value: That value.
        starred: Only runs with a star.
        single: Only runs that are no trial of a sweep.
    """
    words = text.casefold().split()
    return [
        row
        for row in candidates
        if (not starred or row.summary.marks.starred)
        and (not single or not row.run.sweep)
        and (only is None or value is None or value_key(row.settings, only) == value)
        and all(_occurs(word, row) for word in words)
    ]


def _occurs(word: str, row: Row) -> bool:
    run = row.run
    texts = [row.name, row.summary.marks.note, label("dataset", run.train.dataset)]
    if len(word) >= PART_OF_ID:
        texts += [run.id, run.sweep]
    return word in " ".join(texts).casefold()


def value_key(settings: Settings, name: str) -> str:
    """The value of a setting as a link writes it; "-" where the network has no such setting."""
    return next((str(value) for setting, value in settings.items() if str(setting) == name), "-")


def setting_name(setting: Setting) -> str:
    """What a setting is called: "Block 2: kernel size"."""
    name = t(f"field.{setting.field}")
    if not setting.place:
        return name
    key = OF_NO_BLOCK.get(setting.field, "runs.of_block")
    return t(key, place=setting.place, name=name)


def setting_text(setting: Setting, settings: Settings) -> str:
    """What a visitor reads for the value of a setting."""
    if setting not in settings:
        return "–"
    value = settings[setting]
    if setting.field == "train_size" and value is None:
        return t("runs.all_images")
    if setting.field == "target":
        return f"{value:.1%}" if value else t("choice.target.none")
    if isinstance(value, float):
        return f"{value:g}"
    return label(setting.field, value)


def setting_cell(setting: Setting, settings: Settings) -> Any:
    """The value in a column of the table: a number stays one, so that it sorts as one; None if missing."""
    if setting not in settings:
        return None
    value = settings[setting]
    return value if isinstance(value, int | float) else setting_text(setting, settings)
