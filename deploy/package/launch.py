"""The command `convscope` of an installed wheel: serves the app, or does what `python -m cnn_core` does.

In the wheel this file is the package `convscope`; app.py, pages, cnn_core and assets lie below it.
"""

from __future__ import annotations

import argparse
import os
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
FOLDERS = (
    "CONVSCOPE_HOME",
    "CONVSCOPE_DATA",
)  # may be given below the working directory, which changes
HELP = """Without a command: serve the app. With one, such as check, train or runs: do that instead;
"convscope check --help" explains it, and "convscope commands" lists them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the app, or run a command; its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and not words[0].startswith("-"):
        return _command(words)
    parser = argparse.ArgumentParser(prog="convscope", description=HELP)
    parser.add_argument("--port", type=int, default=8501, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--address", metavar="ADDRESS", help="where to listen; by default at all of this machine"
    )
    return _serve(parser.parse_args(words))


def _command(words: list[str]) -> int:
    sys.path.insert(0, str(FOLDER))
    sys.argv = ["convscope", *(["--help"] if words == ["commands"] else words)]
    runpy.run_module("cnn_core", run_name="__main__")
    return 0


def _serve(options: argparse.Namespace) -> int:
    for name in FOLDERS:
        if os.environ.get(name):
            os.environ[name] = str(Path(os.environ[name]).expanduser().absolute())
    # Streamlit's own greeting would ask a server on the internet for this machine's address.
    os.environ["STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE"] = "true"
    os.chdir(FOLDER)  # Streamlit reads its settings there
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    command += ["--server.port", str(options.port)]
    if options.address:
        command += ["--server.address", options.address]
    print(f"ConvScope: http://{options.address or 'localhost'}:{options.port}", flush=True)
    if os.name == "posix":
        os.execv(sys.executable, command)
    return subprocess.call(command)


if __name__ == "__main__":
    sys.exit(main())
