"""The wheel that `uvx --from . convscope` and pipx install: everything the app needs, in one package."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
from patience import until
from proxies import free_port
from raw_window import open_window

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
HOOK = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]["path"]


def test_each_requirement_is_pinned_to_the_version_that_is_tested() -> None:
    pins = runpy.run_path(str(ROOT / HOOK))["pinned"](ROOT)
    required = [
        line.split()[0]
        for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()
        if line
    ]
    names = [re.match(r"[\w-]+", word)[0] for word in required if not word.startswith(("#", "-"))]
    assert len(names) > 20
    assert [re.split("==", pin)[0] for pin in pins] == names
    assert all(re.match(r"[\w-]+==\d", pin) for pin in pins)
    [cpu] = [pin for pin in pins if pin.startswith("tensorflow-cpu")]
    assert 'sys_platform == "linux" and platform_machine == "x86_64"' in cpu


def test_no_secret_of_a_server_gets_into_a_wheel_or_an_image() -> None:
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert ".streamlit" not in included
    for file in (".dockerignore", ".gitignore"):
        assert ".streamlit/secrets.toml" in (ROOT / file).read_text("utf-8").splitlines()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-build-isolation", "--no-deps", "--no-index", "--quiet"]
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        *options,
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    [file] = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a fresh environment, which borrows the packages that the wheel asks for."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=os.name != "nt")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    python = programs / "python"
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True)
    borrowed = Path(numpy.__file__).parents[1]
    (Path(packages.stdout.strip()) / "borrowed.pth").write_text(f"{borrowed}\n", "utf-8")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*install, "--no-deps", "--no-index", str(wheel)], check=True)
    return programs / "convscope"


@pytest.fixture
def served(installed: Path, tmp_path: Path) -> Iterator[str]:
    port = free_port()
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [installed, "--port", str(port), "--address", "127.0.0.1"],
            cwd=tmp_path,
            env={
                **{name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
                "CONVSCOPE_HOME": "home",
                "STREAMLIT_SERVER_HEADLESS": "true",
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )

    def healthy() -> bool:
        assert process.poll() is None, (tmp_path / "log").read_text("utf-8")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=60):
                return True
        except OSError:
            return False

    try:
        until(healthy)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.long
@pytest.mark.slow
def test_the_installed_command_serves_the_app_from_anywhere(served: str, tmp_path: Path) -> None:
    with open_window(served) as window:
        for page in ("", "playground", "feature_maps"):
            assert window.open(page).exceptions == []
            assert len(window.widgets) > 3
    until((tmp_path / "home").is_dir)


@pytest.mark.long
@pytest.mark.slow
def test_the_installed_command_does_what_the_module_does(installed: Path, tmp_path: Path) -> None:
    options = {"capture_output": True, "text": True, "cwd": tmp_path}
    check = subprocess.run([installed, "check", "--quick", "--json"], check=False, **options)
    assert "python" in {finding["subject"] for finding in json.loads(check.stdout)}
    commands = subprocess.run([installed, "commands"], check=True, **options)
    assert "rehearse" in commands.stdout
    wrong = subprocess.run(
        [installed, "export", "x.txt", "--preset", "none"], check=False, **options
    )
    assert wrong.returncode == 2


@pytest.mark.long
def test_the_wheel_is_one_package_that_holds_all_the_app_reads(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"convscope"}
    kept = subprocess.run(
        ["git", "ls-files", "app.py", "pages", "cnn_core", "assets", ".streamlit"],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    ).stdout.splitlines()
    assert {f"convscope/{name}" for name in kept} <= set(names)
