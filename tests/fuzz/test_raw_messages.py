"""Whatever a client sends over the websocket, no page ends in an error and the server goes on."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import junk
import psutil
import pytest
import tracebacks
from lengths import rounds
from raw_window import RawWindow, open_window
from streamlit.proto.BackMsg_pb2 import BackMsg
from visits import PAGES

from bench.app import Server, serving

pytestmark = pytest.mark.slow

CALLS = re.compile(r"(?:Setting|flag|arrived|whole|follow_layer|field)\((?:[^()]|\([^()]*\))*\)")
NAMES = sorted(
    {
        name
        for path in (Path(__file__).parents[2] / "pages").rglob("*.py")
        for call in CALLS.findall(path.read_text("utf-8"))
        for name in re.findall(r'"([a-z_]{1,20})"', call)
    }
    | {
        "lang",
        "present",
        "hide",
        "show",
        "room",
        "host",
        "course",
        "step",
        "run",
        "key",
        "find",
        "open",
    }
    | {
        "blocks",
        "dense",
        "data",
        "epochs",
        "batch",
        "patience",
        "optimizer",
        "rate",
        "schedule",
        "seed",
    }
)
MOST_MB = 400.0
Case = Callable[[str], None]


@pytest.fixture
def server(convscope_home: Path) -> Iterator[Server]:
    convscope_home.mkdir()
    with serving(home=convscope_home, CONVSCOPE_WORKERS="off") as running:
        yield running


def complaints(server: Server) -> Counter[str]:
    """The last line of every traceback in the server's log."""
    ends = (trace.strip() for trace in tracebacks.in_logs(server.home))
    return Counter(end.splitlines()[-1] + " | " + end[-1500:] for end in ends)


def change(window: RawWindow, chance: random.Random) -> str:
    """Change some of what is on a page to what cannot be; what was sent, for a failed test."""
    widgets = sorted(window.widgets) or ["$$ID-none"]
    names = [*chance.choices(widgets, k=chance.choice((1, 1, 2, 5))), junk.text(chance)]
    names = names[: chance.choice((1, len(names)))]
    states = [junk.state(chance, name, window.widgets.get(name, "")) for name in names]
    window.ask(*states)
    return str([str(each)[:200] for each in states])


def test_no_state_of_a_widget_ends_a_page_in_an_error(server: Server, case: Case) -> None:
    count, chance = rounds(len(PAGES), 2000), random.Random(1)
    shown: list[str] = []
    for number in range(count):
        page = PAGES[number % len(PAGES)]
        with open_window(server.url) as window:
            window.open("" if page == "home" else page)
            sent = change(window, chance)
            window.ask()
            shown += [f"{page}, {sent}: {error}" for error in window.exceptions]
        case("states of widgets over the websocket")
    assert shown == []
    assert complaints(server) == Counter()
    assert psutil.Process(server.process.pid).memory_info().rss / 1e6 < MOST_MB


def test_no_link_ends_a_page_in_an_error(server: Server, case: Case) -> None:
    count, chance = rounds(len(PAGES), 1500), random.Random(2)
    shown: list[str] = []
    with open_window(server.url) as window:
        for number in range(count):
            page = PAGES[number % len(PAGES)]
            names = chance.choices(NAMES, k=chance.randrange(1, 8))
            query = "&".join(f"{name}={quote(junk.text(chance)[:3000])}" for name in names)
            window.open("" if page == "home" else page, query)
            shown += [f"{page}?{query}: {error}" for error in window.exceptions]
            window.exceptions.clear()
            case(f"links to pages, with {len(NAMES)} names")
    assert shown == []
    assert complaints(server) == Counter()


def test_no_message_ends_the_server(server: Server, case: Case) -> None:
    chance = random.Random(3)
    for _ in range(rounds(10, 100)):
        with open_window(server.url) as window:
            window.open("glossary")
            for _ in range(3):
                message = BackMsg()
                match chance.randrange(6):
                    case 0:
                        message.clear_cache = True
                    case 1:
                        message.debug_shutdown_runtime = True
                    case 2:
                        message.file_urls_request.request_id = junk.text(chance)
                        message.file_urls_request.file_names.append(junk.text(chance))
                    case 3:
                        message.set_run_on_save = True
                    case 4:
                        message.load_git_info = True
                    case 5:
                        message.stop_script = True
                window.send_message(message)
        with open_window(server.url) as window:
            window.open("glossary")
            case("messages of every kind, and bytes that are none")
            window.send_bytes(chance.randbytes(chance.choice((0, 1, 50, 5000))))
    with open_window(server.url) as window:
        assert "judging" in window.open("glossary").text().lower()
    assert server.process.poll() is None
    assert complaints(server) == Counter()
