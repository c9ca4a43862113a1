"""What a step of a course waits for, and the numbers that it then tells the learner."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cnn_core import arithmetic, runs
from cnn_core.analysis import probabilities
from cnn_core.analysis.kernels import Spread
from cnn_core.convolution import KERNELS
from cnn_core.errors import CnnError
from cnn_core.labs.training_step import rates_of
from cnn_core.planning.links import from_query
from cnn_core.runs import log, snapshots

Value = str | int | float
Numbers = Mapping[str, str]
SIDE = 28  # of the images of the data sets that come with the app, in pixels


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a page when a step asks whether its task is done.

    Attributes:
        page: Name of the page.
        query: Parameters in its address.
        start: Parameters that the step opened it with.
        run: The run that the page shows.
        reported: What the page, or the browser, says of what it shows: names and values.
    """

    page: str
    query: Mapping[str, str]
    start: Mapping[str, str] = field(default_factory=dict)
    run: runs.Run | None = None
    reported: Mapping[str, Value] = field(default_factory=dict)


Settings = Mapping[str, Value]
Check = Callable[[Facts, Settings], Numbers | None]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that a learner can do.

    Attributes:
        page: Where it is done; empty for any page.
        slots: Names of the numbers that `check` gives, with blanks between them.
        check: The numbers, as text; None while it is not done.
        needed: What a step has to say of it, each with its type.
        optional: What a step may say of it.
        signal: What the browser tells of it; empty if the server sees it by itself.
        polls: Whether it happens without anything that the visitor does.
    """

    page: str
    slots: str
    check: Check
    needed: Mapping[str, type] = field(default_factory=dict)
    optional: Mapping[str, type] = field(default_factory=dict)
    signal: str = ""
    polls: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its numbers."""
        return tuple(self.slots.split())

    @property
    def settings(self) -> dict[str, type]:
        """All that a step can say of it."""
        return {**self.needed, **self.optional}


def check(name: str, settings: Settings, facts: Facts) -> Numbers | None:
    """The numbers of a condition; None while it does not hold.

    An address that says nothing sensible, or a run without the files that are needed, is not done yet.

    Raises:
        KeyError: If there is no such condition.
    """
    condition = CONDITIONS[name]
    if condition.page not in {"", facts.page}:
        return None
    try:
        return condition.check(facts, settings)
    except (CnnError, ValueError, LookupError, TypeError, ArithmeticError):
        return None


def digits(number: Value) -> str:
    """A number as a sentence writes it: whole, or with four significant digits."""
    value = float(number)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞"
    text = f"{value:,.0f}" if value == int(value) else f"{value:,.4g}"
    return text.replace("-", "−")


def percent(share: Value) -> str:
    """0.8712 as "87.1%"."""
    return f"{float(share):.1%}"


def cell(facts: Facts, settings: Settings) -> Numbers | None:
    """The window of the convolution page is where the step wants it, or where the sum is such."""
    row, column = int(facts.reported["row"]), int(facts.reported["column"])
    total, output = float(facts.reported["sum"]), float(facts.reported["output"])
    if settings.get("row", row) != row or settings.get("column", column) != column:
        return None
    if not float(settings.get("above", -math.inf)) < total < float(settings.get("below", math.inf)):
        return None
    return {
        "row": str(row), "column": str(column), "sum": digits(total), "output": digits(output),
    }  # fmt: skip


def side(facts: Facts, settings: Settings) -> Numbers | None:
    """The map has this side, in pixels, for an image of 28 × 28."""
    query = facts.query
    if query.get("section") != "slide" or query.get("data") not in {"fashion_mnist", "mnist"}:
        return None
    text = query["kernel"]
    kernel = len(KERNELS[text]) if text in KERNELS else len(text.split("~"))
    stride, padding = int(query["stride"]), query["padding"]
    result = arithmetic.output_side(SIDE, kernel, stride, padding)
    if result != settings["side"]:
        return None
    return {
        "input": str(SIDE), "kernel": str(kernel), "stride": str(stride), "padding": padding,
        "side": str(result),
    }  # fmt: skip


def pooled(facts: Facts, settings: Settings) -> Numbers | None:
    """The pooling is of that kind: "max" or "average"."""
    if facts.query.get("section") != "pool" or facts.query.get("pool") != settings["pool"]:
        return None
    return {name: digits(facts.reported[name]) for name in ("before", "largest", "mean")}


def other_picture(facts: Facts, _settings: Settings) -> Numbers | None:
    """Another image of the data set."""
    index = facts.query["index"]
    if index == facts.start.get("index"):
        return None
    least, largest = int(facts.reported["least"]), int(facts.reported["largest"])
    return {
        "index": index, "least": str(least), "largest": str(largest),
        "low": digits(least / 255), "high": digits(largest / 255),
    }  # fmt: skip


def parameters(facts: Facts, settings: Settings) -> Numbers | None:
    """The network of the playground has fewer, or more, parameters than a bound."""
    rows = arithmetic.layer_table(from_query(facts.query)[0])
    total = arithmetic.totals(rows).params
    if not float(settings.get("above", -1)) < total < float(settings.get("below", math.inf)):
        return None
    before = arithmetic.totals(arithmetic.layer_table(from_query(facts.start)[0])).params
    largest = max(rows, key=lambda row: row.params)
    return {
        "params": digits(total), "before": digits(before), "layer": largest.name,
        "share": percent(largest.params / total),
    }  # fmt: skip


def stepped(facts: Facts, settings: Settings) -> Numbers | None:
    """That many steps have been taken, at least one."""
    rates = rates_of(facts.query["steps"])
    if len(rates) < int(settings.get("count", 1)) or facts.reported["count"] != len(rates):
        return None
    return {
        "count": str(len(rates)), "rate": f"{rates[-1]:g}",
        "before": digits(facts.reported["before"]), "after": digits(facts.reported["after"]),
    }  # fmt: skip


def trained(facts: Facts, _settings: Settings) -> Numbers | None:
    """The run that the playground shows was trained here, and is over."""
    run = facts.run
    if run is None or run.shipped or runs.status(run).active:
        return None
    history = log.history(run)
    ends, best = history.complete_epochs, history.best
    if history.ended is None or not ends or best is None:
        return None
    last = ends[-1]
    return {
        "epochs": str(len(ends)), "seconds": digits(round(sum(end.seconds for end in ends), 1)),
        "accuracy": percent(last.accuracy), "val_accuracy": percent(last.val_accuracy),
        "loss": digits(last.loss), "val_loss": digits(last.val_loss), "best": str(best.epoch),
    }  # fmt: skip


def mistake(facts: Facts, _settings: Settings) -> Numbers | None:
    """The cell of the matrix with the most frequent mistake is selected."""
    row, _, column = facts.query["cell"].partition("-")
    count, most = int(facts.reported["count"]), int(facts.reported["most"])
    if row == column or count < most:
        return None
    return {
        "truth": str(facts.reported["truth"]), "predicted": str(facts.reported["predicted"]),
        "count": digits(count), "most": digits(most),
    }  # fmt: skip


def later_weights(facts: Facts, _settings: Settings) -> Numbers | None:
    """The weights of a layer after training, beside those before it."""
    epoch, layer = int(facts.query["epoch"]), facts.query["layer"]
    if epoch == 0 or facts.run is None:
        return None
    before, after = (
        Spread.of(snapshots.read(facts.run, number)[f"{layer}/kernel"]) for number in (0, epoch)
    )
    return {
        "layer": layer, "epoch": str(epoch), "before": digits(before.std),
        "after": digits(after.std), "mean": digits(after.mean),
    }  # fmt: skip


def layer_maps(facts: Facts, settings: Settings) -> Numbers | None:
    """The maps of that layer are looked at."""
    if facts.run is None or facts.query["layer"] != settings["layer"]:
        return None
    shapes = {row.name: row.output_shape for row in arithmetic.layer_table(facts.run.model)}
    height, width, channels = shapes[str(settings["layer"])]
    return {
        "layer": str(settings["layer"]), "height": str(height), "width": str(width),
        "channels": str(channels),
    }  # fmt: skip


def other_image(facts: Facts, _settings: Settings) -> Numbers | None:
    """Another image has been classified on the page of explanations."""
    index = facts.query["index"]
    if index == facts.start.get("index") or str(facts.reported["index"]) != index:
        return None
    probability = float(facts.reported["probability"])
    return {
        "index": index, "answer": str(facts.reported["answer"]),
        "probability": probabilities.percent(probability), "rest": percent(1 - probability),
    }  # fmt: skip


def drawn(facts: Facts, _settings: Settings) -> Numbers | None:
    """Something has been drawn, and the network has answered."""
    answer = str(facts.reported["answer"])[:40]
    return {
        "answer": answer,
        "probability": probabilities.percent(float(facts.reported["probability"])),
    }


def address(facts: Facts, settings: Settings) -> Numbers | None:
    """The address says all of this: "stride=2&padding=valid"."""
    wanted = (pair.partition("=") for pair in str(settings["has"]).split("&"))
    holds = all(facts.query.get(name) == value for name, _, value in wanted)
    return {} if holds else None


def changed(facts: Facts, settings: Settings) -> Numbers | None:
    """A parameter of the address is another than the step began with."""
    name = str(settings["name"])
    before, now = facts.start.get(name, ""), facts.query.get(name, "")
    return {"before": before or "–", "now": now or "–"} if now != before else None


CONDITIONS: dict[str, Condition] = {
    "cell": Condition(
        "convolution",
        "row column sum output",
        cell,
        optional={"row": int, "column": int, "below": float, "above": float},
        signal="cell",
    ),
    "side": Condition(
        "convolution", "input kernel stride padding side", side, needed={"side": int}
    ),
    "pooled": Condition("convolution", "before largest mean", pooled, needed={"pool": str}),
    "other_picture": Condition("images", "index least largest low high", other_picture),
    "parameters": Condition(
        "playground", "params before layer share", parameters, optional={"below": int, "above": int}
    ),
    "stepped": Condition(
        "training_step", "count rate before after", stepped, optional={"count": int}
    ),
    "trained": Condition(
        "playground", "epochs seconds accuracy val_accuracy loss val_loss best", trained, polls=True
    ),
    "mistake": Condition("evaluation", "truth predicted count most", mistake),
    "later_weights": Condition("kernels", "layer epoch before after mean", later_weights),
    "layer_maps": Condition(
        "feature_maps", "layer height width channels", layer_maps, needed={"layer": str}
    ),
    "other_image": Condition("explain", "index answer probability rest", other_image),
    "drawn": Condition("draw", "answer probability", drawn, signal="drawing"),
    "address": Condition("", "", address, needed={"has": str}),
    "changed": Condition("", "before now", changed, needed={"name": str}),
}
"""Every condition by the name that a step gives it."""
