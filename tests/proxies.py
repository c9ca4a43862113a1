"""Real reverse proxies that tests put before real servers: nginx and Caddy, by the files of deploy/."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from patience import until

DEPLOY = Path(__file__).parents[1] / "deploy"
FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin")


def program(name: str) -> str:
    """The path of a proxy; skips the test without it. `make test-long` installs it on Debian."""
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *FOLDERS]))
    if path is None:
        pytest.skip(f"{name} is not installed, so nothing is known of the app behind it")
    return path


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def nginx_file(folder: Path, http: str) -> Path:
    """A configuration whose http block holds those lines, and that needs no rights of root."""
    folder.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off; {paths}\ninclude /etc/nginx/mime.types;\n{http}\n}}\n",
        "utf-8",
    )
    return file


def nginx_command(file: Path, *options: str) -> list[str]:
    return [program("nginx"), "-e", f"{file.parent}/error.log", "-c", str(file), *options]


def shipped_nginx(port: int, servers: Sequence[int]) -> str:
    """deploy/nginx.conf with other ports."""
    lines = (DEPLOY / "nginx.conf").read_text("utf-8")
    for given, real in zip((8501, 8502), servers, strict=True):
        assert f"127.0.0.1:{given}" in lines
        lines = lines.replace(f"127.0.0.1:{given}", f"127.0.0.1:{real}")
    assert "listen 80;" in lines
    return lines.replace("listen 80;", f"listen 127.0.0.1:{port};")


def shipped_caddy(folder: Path, port: int, servers: Sequence[int]) -> Path:
    """deploy/Caddyfile with other addresses."""
    folder.mkdir()
    lines = (DEPLOY / "Caddyfile").read_text("utf-8")
    for given, real in zip(("app-1:8501", "app-2:8501"), servers, strict=True):
        assert given in lines
        lines = lines.replace(given, f"127.0.0.1:{real}")
    assert "\n:80 {" in lines
    file = folder / "Caddyfile"
    lines = lines.replace("\n:80 {", f"\nhttp://127.0.0.1:{port} {{")
    file.write_text("{\n\tadmin off\n}\n" + lines, "utf-8")  # its port may be in use
    return file


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command: Sequence[str], port: int, **environment: str) -> Iterator[None]:
    """A proxy that listens on that port."""
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        until(lambda: _listens(port))
        yield
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def proxy(name: str, folder: Path, servers: Sequence[int]) -> Iterator[str]:
    """The address of a proxy of that name before servers on those ports."""
    port = free_port()
    if name == "nginx":
        command = nginx_command(nginx_file(folder, shipped_nginx(port, servers)))
        environment = {}
    else:
        file = shipped_caddy(folder, port, servers)
        command = [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]
        environment = {
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "data"),
        }
    with running(command, port, **environment):
        yield f"http://127.0.0.1:{port}"
