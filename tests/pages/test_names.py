"""What a run is called on pages: by its name as it was typed, and by the visitor's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from small_runs import MODEL, SHORT

from cnn_core import runs
from pages.network import names as _names
from pages.network import take_home

PAGES = sorted((Path(__file__).parents[2] / "pages").rglob("*.py"))
NOON_UTC = 1_769_860_800.0 + 65  # 2026-01-31 12:01:05


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The visitor's clock: set `timezone` and `timezone_offset`."""
    context = SimpleNamespace(timezone="UTC", timezone_offset=0)
    monkeypatch.setattr(_names, "st", SimpleNamespace(context=context))
    monkeypatch.setattr(_names, "t", lambda key: key)
    monkeypatch.setattr(_names, "label", lambda field, value: str(value))
    return context


@pytest.mark.parametrize(
    ("zone", "offset", "shown"),
    [
        ("UTC", 0, "2026-01-31 12:01:05"),
        ("Asia/Seoul", 0, "2026-01-31 21:01:05"),
        ("America/New_York", 0, "2026-01-31 07:01:05"),
        ("Pacific/Kiritimati", 0, "2026-02-01 02:01:05"),
        ("No/Such", -540, "2026-01-31 21:01:05"),
        ("../../etc/passwd", 300, "2026-01-31 07:01:05"),
        ("America", 300, "2026-01-31 07:01:05"),
        (None, -330, "2026-01-31 17:31:05"),
        ("\0", 0, "2026-01-31 12:01:05"),
    ],
)
def test_a_time_is_by_the_visitors_clock(
    zone: str | None, offset: int, shown: str, clock: Any
) -> None:
    clock.timezone, clock.timezone_offset = zone, offset
    assert _names.local_time(NOON_UTC) == shown


@pytest.mark.parametrize("offset", [10**9, -1440, None, float("nan")])
def test_a_clock_that_tells_nonsense_is_the_servers(offset: object, clock: Any) -> None:
    clock.timezone, clock.timezone_offset = "No/Such", offset
    assert len(_names.local_time(NOON_UTC)) == len("2026-01-31 12:01:05")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_today_is_the_visitors_day(zone: str, clock: Any) -> None:
    clock.timezone = zone
    now = datetime.now(ZoneInfo(zone))
    begin = now.replace(hour=0, minute=0, second=1)
    assert _names.local_time(begin.timestamp(), short=True) == "00:00:01"
    before = _names.local_time(begin.timestamp() - 2, short=True)
    assert before.endswith("23:59:59")
    assert len(before) == len("2026-01-31 23:59:59")


@pytest.mark.parametrize("name", ["a_b_c", "x [1]", "# one", "$5 and $6", "*", r"back\slash", ""])
def test_a_title_holds_the_name_as_it_was_typed(name: str, clock: Any) -> None:
    run = replace(runs.create(MODEL, SHORT, name=name), created=NOON_UTC)
    network = " → ".join(f"{block.filters}@{block.kernel}×{block.kernel}" for block in MODEL.blocks)
    facts = f"{SHORT.dataset} · {network} · 2026-01-31 12:01:05"
    assert _names.title(run) == (f"{name} · {facts}" if name else facts)
    assert _names.name_of(run) == _names.title(run)


def test_markdown_in_a_name_means_nothing(clock: Any) -> None:
    run = runs.create(MODEL, SHORT, name="a_b [x](y) $z$")
    assert _names.markdown(run).startswith(r"a\_b \[x\](y) \$z\$ · ")


def test_runs_that_look_alike_are_told_apart(clock: Any) -> None:
    alike = [replace(runs.create(MODEL, SHORT), created=NOON_UTC) for _ in range(3)]
    other = replace(runs.create(MODEL, SHORT), created=NOON_UTC + 1)
    names = _names.names_of([*alike, other])
    assert len(set(names.values())) == 4
    assert all(names[run.id] == f"{_names.title(run)} · {run.id[-6:]}" for run in alike)
    assert names[other.id] == _names.title(other)


@pytest.mark.parametrize(("dataset", "classes"), [("digits", 12), ("digits", 10), ("unknown", 3)])
def test_there_is_a_name_for_each_class_of_the_network(
    dataset: str, classes: int, clock: Any
) -> None:
    run = runs.create(MODEL, SHORT)
    run = replace(run, model=replace(MODEL, classes=classes), train=replace(SHORT, dataset=dataset))
    assert _names.class_names(run) == [str(index) for index in range(classes)]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_other_file_of_the_pages_names_classes(path: Path) -> None:
    source = path.read_text("utf-8")
    for spelled in ("dataset.{name}.class_{", "range(len(names), "):
        assert (spelled in source) == (path.name == "names.py")


def test_no_other_file_of_the_pages_reads_a_clock() -> None:
    """It would be that of the server, in another zone than the visitor's."""
    for path in PAGES:
        for spelled in ("datetime", "strftime", "localtime", "fromtimestamp"):
            assert path.name == "names.py" or spelled not in path.read_text("utf-8"), path


@pytest.mark.parametrize("name", ["a_b [c] #d $e$", r"back\slash *", "<i>"])
def test_a_report_is_entitled_with_the_name_as_it_was_typed(
    name: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles: list[str] = []
    monkeypatch.setattr(take_home, "of_run", lambda run, title, **more: titles.append(title))
    take_home.take_home(runs.create(MODEL, SHORT, name=name))
    assert titles[0].startswith(f"{name} · ")
