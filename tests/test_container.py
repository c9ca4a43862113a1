"""The container's files: what they name exists, and the image holds all that the app needs."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
IGNORED = {line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line}


def test_what_is_copied_and_compiled_exists() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.M)
    compiled = re.findall(r"compileall -q (.+)$", DOCKERFILE, re.M)
    names = [name for line in [*copied, *compiled] for name in line.split()]
    assert "requirements.txt" in names
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_image_holds_what_the_app_needs() -> None:
    needed = {
        "app.py",
        "pages",
        "cnn_core",
        "assets",
        ".streamlit",
        "requirements.txt",
        "constraints.txt",
    }
    assert needed & IGNORED == set()
    assert {"tests", "bench", ".venv", ".git"} <= IGNORED


def test_the_python_of_the_image_is_one_that_the_project_takes() -> None:
    least = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "requires-python"
    ]
    version = re.search(r"^FROM python:([\d.]+)-slim", DOCKERFILE, re.M)[1]
    assert f">={version}" == least


def test_the_app_runs_as_nobody_special_and_says_whether_it_is_well() -> None:
    assert re.search(r"^USER convscope$", DOCKERFILE, re.M)
    check, serve = re.findall(r"(?:HEALTHCHECK .* CMD|^CMD)\s+(\[.*\])$", DOCKERFILE, re.M)
    port = re.search(r"^EXPOSE (\d+)$", DOCKERFILE, re.M)[1]
    assert f"--server.port={port}" in json.loads(serve)
    assert f":{port}/_stcore/health" in json.loads(check)[-1]
