"""What tests/conftest.py promises every test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest
from lengths import LONG
from turns import SECONDS, TABLE, TESTS, Clock, as_table, leave_out_long, turn


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_connection_off_this_machine_is_refused(kind: int) -> None:
    with socket.socket(socket.AF_INET, kind) as one:
        with pytest.raises(OSError, match="may not leave this machine"):
            one.connect(("192.0.2.1", 80))
        with pytest.raises(OSError, match="may not leave this machine"):
            one.connect_ex(("convscope.invalid", 80))


def test_a_download_is_refused() -> None:
    with pytest.raises(OSError, match="may not leave this machine"):
        urllib.request.urlopen("http://convscope.invalid/data.gz", timeout=1)


def test_this_machine_may_be_reached() -> None:
    for address in ("127.0.0.1", "localhost"):
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection((address, server.getsockname()[1])).close()
    left, right = socket.socketpair(socket.AF_UNIX)
    left.close()
    right.close()


def test_each_test_has_a_home_of_its_own(convscope_home: Path, tmp_path: Path) -> None:
    assert os.environ["CONVSCOPE_HOME"] == str(convscope_home)
    assert convscope_home.is_relative_to(tmp_path)
    assert not convscope_home.exists()
    assert "CONVSCOPE_SCHEDULER" not in os.environ


def test_the_longest_files_run_first(request: pytest.FixtureRequest) -> None:
    turns = [turn(item.path) for item in request.session.items]
    assert turns == sorted(turns)
    assert turn(TESTS / max(SECONDS, key=SECONDS.__getitem__)) < turn(TESTS / "test_new.py")


def test_the_table_of_seconds_is_as_it_is_written_and_names_only_files_that_are_there() -> None:
    assert TABLE.read_text("utf-8") == as_table(SECONDS)


def test_a_run_that_writes_seconds_adds_up_each_file() -> None:
    clock = Clock()
    for name, duration in (("a.py::one", 1.25), ("a.py::two[x::y]", 2.0), ("b/c.py::one", 0.5)):
        clock.pytest_runtest_logreport(SimpleNamespace(nodeid=f"tests/{name}", duration=duration))
    assert clock.seconds == {"a.py": 3.25, "b/c.py": 0.5}


def test_what_is_left_among_the_temporary_files_goes_with_the_run() -> None:
    assert Path(tempfile.mkdtemp()).parent == Path(os.environ["TMPDIR"])
    left = subprocess.run(
        [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    assert Path(left).parent == Path(os.environ["TMPDIR"])


def test_no_two_files_of_tests_have_the_same_name() -> None:
    """pytest imports them by their name alone, and collects nothing of the second."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.long
def test_a_long_test_runs_with_the_others_of_make_test_long() -> None:
    assert LONG


@pytest.mark.parametrize(("option", "selected"), [(False, ["quick"]), (True, ["quick", "long"])])
def test_long_tests_run_only_when_asked_for(option: bool, selected: list[str]) -> None:
    deselected: list[str] = []
    hook = SimpleNamespace(
        pytest_deselected=lambda items: deselected.extend(item.name for item in items)
    )
    config = SimpleNamespace(getoption={"--long": option}.__getitem__, hook=hook)
    marks = {"quick": set(), "long": {"long"}}
    items = [
        SimpleNamespace(name=name, get_closest_marker=marks[name].__contains__) for name in marks
    ]
    leave_out_long(config, items)
    assert [item.name for item in items] == selected
    assert deselected == [name for name in marks if name not in selected]
