"""Through a reverse proxy: under a path, as the README writes it; and two servers on one cluster and home."""

from __future__ import annotations

import re
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT, Server, eventually
from desk import Desk
from playwright.sync_api import Page, expect
from proxies import free_port, nginx_command, nginx_file, program, proxy, running
from real_clusters import address, worker_of
from real_clusters import start as start_python
from screens import LONG, Playground

__all__ = ["address", "real_home", "start_python"]  # fixtures
pytestmark = pytest.mark.long
SETUP = "data=digits&epochs=2"


@pytest.fixture
def real_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of scheduler and workers: that of the servers, too."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("CONVSCOPE_HOME", str(home))
    return home


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def sockets_of(page: Page) -> list[str]:
    """Addresses of the websockets that a page opens from now on."""
    addresses: list[str] = []
    page.on("websocket", lambda socket: addresses.append(socket.url))
    return addresses


def sessions(server: Server) -> int:
    """Browser windows that are connected to a server, by its own count."""
    with urllib.request.urlopen(f"{server.url}/_stcore/metrics", timeout=60) as answer:
        [count] = re.findall(r"^active_sessions (\d+)", answer.read().decode(), re.M)
    return int(count)


def opens(page: Page, url: str) -> bool:
    """Whether the page came; a proxy that has just lost a server may refuse once."""
    answer = page.goto(url)
    return answer is not None and answer.ok


def test_the_lines_of_the_readme_serve_the_app_under_a_path(
    start: Callable[..., Server], window: Callable[..., Page], tmp_path: Path
) -> None:
    program("nginx")
    server = start(STREAMLIT_SERVER_BASE_URL_PATH="lab", CONVSCOPE_WORKERS="off")
    [lines] = re.findall(r"```nginx\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    port = free_port()
    assert "http://127.0.0.1:8501" in lines
    lines = lines.replace("http://127.0.0.1:8501", server.url)
    http = f"server {{ listen 127.0.0.1:{port};\n{lines}\n}}"
    with running(nginx_command(nginx_file(tmp_path / "nginx", http)), port):
        base = f"http://127.0.0.1:{port}/lab"
        page = window("about:blank")
        sockets = sockets_of(page)
        eventually(lambda: opens(page, f"{base}/draw?lang=en"))
        desk = Desk.of(page)
        assert sockets
        assert all(url.startswith(f"ws://127.0.0.1:{port}/lab/") for url in sockets)
        desk.draw([[(140, 40), (140, 100), (140, 160), (140, 240)]])
        eventually(lambda: desk.answer() == "1")

        page.goto(f"{base}/playground?lang=en&{SETUP}")
        eventually(lambda: "/lab/playground?" in page.url and "epochs=2" in page.url)
        page.goto(page.url)  # the link that is shared
        page.locator(".st-key-take_setup").get_by_role("button").click()
        script = page.get_by_test_id("stPopoverBody").locator(".st-key-take_script_setup")
        with page.expect_download() as download:
            script.get_by_role("button").click()
        assert "keras" in download.value.path().read_text("utf-8")


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_two_servers_on_one_cluster_are_one_app(
    name: str,
    start: Callable[..., Server],
    start_python: Callable[..., subprocess.Popen[bytes]],
    address: str,
    window: Callable[..., Page],
    tmp_path: Path,
) -> None:
    program(name)
    port = address.rpartition(":")[2]
    start_python("-m", "cnn_core", "scheduler", "--host", "127.0.0.1", "--port", port)
    for kind in ("train", "train", "look"):
        worker_of(start_python, address, kind)
    shared = {
        "CONVSCOPE_SCHEDULER": address,
        "STREAMLIT_SERVER_COOKIE_SECRET": "the same on both servers, as deploy/README.md asks",
    }
    servers = [start(**shared) for _ in range(2)]
    with proxy(name, tmp_path / name, [port_of(server) for server in servers]) as url:
        setup = "&".join(f"{key}={value}" for key, value in LONG.items())
        link = f"{url}/playground?lang=en&{setup}"
        page = window("about:blank", alone=True)
        eventually(lambda: opens(page, link))
        screen = Playground.of(page)
        mine, other = sorted(servers, key=sessions, reverse=True)
        assert (sessions(mine), sessions(other)) == (1, 0)
        for _ in range(3):
            page.goto(link)
            Playground.of(page)
            eventually(lambda: sessions(mine) == 1)
            assert sessions(other) == 0, "the proxy sent a visitor to another server"

        run = screen.train()
        screen.wait_for_batches()

        guest = window(f"{other.url}/playground?lang=en&run={run}")
        expect(Playground.of(guest).state).to_contain_text("training")
        expect(guest.locator(".st-key-stop").get_by_role("button")).to_have_count(0)
        guest.goto(f"{other.url}/_stcore/health")  # no session of this window is left

        mine.kill()
        eventually(lambda: sessions(other) == 1)  # the page comes back by itself
        eventually(lambda: opens(page, f"{url}/playground?lang=en&run={run}"))
        again = Playground.of(page)
        again.wait_for_batches()
        assert other.state(run) == "running"
        again.press("stop")  # which only its owner may
        again.wait_for_end("stopped")
        second = again.train()
        eventually(lambda: other.state(second) == "running")
        other.end_all_runs()
