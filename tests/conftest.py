"""What every test gets: its own home for runs, no way off this machine, one Hypothesis profile."""

from __future__ import annotations

import functools
import gc
import ipaddress
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import tracebacks
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.scriptrunner import script_runner
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import app_test, local_script_runner
from turns import Clock, leave_out_long, turn

# A shell that starts the tests in the background lets them ignore Ctrl-C, and so would their children.
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once, when TensorFlow is loaded

# A busy machine is no failure, so no deadline. The same examples each time: a test that nobody touched
# fails for what was changed, not by chance. --hypothesis-profile=explore looks for new ones.
hypothesis.settings.register_profile("explore", deadline=None)
hypothesis.settings.register_profile("convscope", deadline=None, derandomize=True)
hypothesis.settings.load_profile("convscope")

CHROMIUM_NAMES = (
    "chromium-headless-shell",
    *("chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable"),
)
BROWSER = Path(__file__).parent / "browser"
ALL_SLOW = "\npytestmark = pytest.mark.slow\n"
KEPT = {"CONVSCOPE_CHROMIUM"}

_manifests = functools.cache(manifest_scanner.scan_component_manifests)
_scripts = functools.cache(ScriptCache)
_ask_for_end = local_script_runner.require_widgets_deltas


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long",
        action="store_true",
        help="also run the tests marked long, and repeat at length what has a short form",
    )
    parser.addoption(
        "--in-full",
        action="store_true",
        help="tests/faults and tests/fuzz: as many rounds and cases as `make test-faults` and test-fuzz have",
    )
    parser.addoption("--seed", type=int, default=1, help="of the random rounds of tests/faults")
    parser.addoption(
        "--write-seconds",
        action="store_true",
        help="keep how long each file took in tests/seconds.json, which says what runs first",
    )


def pytest_cmdline_main(config: pytest.Config) -> None:
    if config.getoption("--long"):
        os.environ["TESTS_AT_LENGTH"] = "1"  # tests/lengths.py
    if config.getoption("--in-full"):
        os.environ["TESTS_IN_FULL"] = "1"


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):  # a process of pytest-xdist: what started it does both
        return
    _keep_temporary_files_together(config)
    if config.getoption("--write-seconds"):
        config.pluginmanager.register(Clock())


def _keep_temporary_files_together(config: pytest.Config) -> None:
    """What tests and the processes they kill leave among the temporary files goes with the run.

    The folders of tests themselves stay for a look, where pytest keeps those of its last runs.
    """
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    before = os.environ.get("TMPDIR"), tempfile.tempdir
    folder = tempfile.mkdtemp(prefix="tests-")  # a short name: a socket's path has 107 bytes
    os.environ["TMPDIR"] = tempfile.tempdir = folder

    def remove() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        if before[0] is None:
            os.environ.pop("TMPDIR")
        else:
            os.environ["TMPDIR"] = before[0]
        tempfile.tempdir = before[1]

    config.add_cleanup(remove)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out_long(config, items)
    items.sort(key=lambda item: turn(item.path))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The quick tests do not load what only others need: TensorFlow, most of them, and Playwright."""
    left_out = config.getoption("markexpr")
    if "not browser" in left_out and collection_path == BROWSER:
        return True
    if "not slow" in left_out and collection_path.match("test_*.py"):
        return True if ALL_SLOW in collection_path.read_text("utf-8") else None
    return None


def pytest_collection_finish() -> None:
    """Spare what is loaded by now from every collection of garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def no_downloads() -> Iterator[None]:
    """Any connection or name look-up that would leave this machine raises OSError."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _guarded_lookup(socket.getaddrinfo))
        yield


@pytest.fixture(scope="session", autouse=True)
def _settings_of_the_shell_do_not_count(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A CONVSCOPE_... variable of the person who runs the tests changes nothing."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("CONVSCOPE_") and name not in KEPT:
                patch.delenv(name)
        patch.setenv("CONVSCOPE_HOME", str(tmp_path_factory.mktemp("shared-home")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_process_logs_a_traceback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What nobody looks at stands in a log: of a server, of its workers, of a command."""
    yield
    assert list(tracebacks.in_logs(tmp_path_factory.getbasetemp())) == []


@pytest.fixture(scope="session")
def raised_by_pages() -> Iterator[list[str]]:
    pages = tracebacks.Pages()
    with pytest.MonkeyPatch.context() as patch:
        pages.watch(patch)
        yield pages.raised


@pytest.fixture(autouse=True)
def _no_page_raises(raised_by_pages: list[str]) -> Iterator[None]:
    """Whether a test looks at what a page raised or not."""
    raised_by_pages.clear()
    yield
    assert raised_by_pages == [], "a page ended in an error"


@pytest.fixture(autouse=True)
def _pages_leave_the_main_module() -> Iterator[None]:
    """Streamlit puts the app in its place, and a process spawned later would run the app first."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(autouse=True)
def convscope_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that this test's runs go to."""
    home = tmp_path / "convscope-home"
    monkeypatch.setenv("CONVSCOPE_HOME", str(home))
    return home


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of pages: spare what is loaded by now from the collection that follows every rerun.

    Streamlit makes one, and the tests of networks have TensorFlow's objects in it. And it reads what
    is said of every installed package, in search of components, each time a test opens the app, and
    compiles the app and its page at every rerun, which a server does once. A test asks a thousand times
    a second whether the rerun is over: here it waits for its thread. And each rerun clears what Keras
    keeps, which a server never loads.
    """
    monkeypatch.setattr(script_runner, "_clean_problem_modules", lambda: None)
    monkeypatch.setattr(local_script_runner, "require_widgets_deltas", _wait_for_rerun)
    monkeypatch.setattr(manifest_scanner, "scan_component_manifests", _manifests)
    for module in (app_test, local_script_runner):
        monkeypatch.setattr(module, "ScriptCache", _scripts)
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def digits() -> Any:
    """The digits of scikit-learn as a data set."""
    from cnn_core import datasets

    return datasets.load("digits")


@pytest.fixture(scope="session")
def whole(digits: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An uninterrupted training: its result, what it said, its folder. Only to be read."""
    from small_trainings import PLAIN, SMALL, Said

    from cnn_core import training

    folder, events = tmp_path_factory.mktemp("whole"), Said()
    result = training.train(SMALL, PLAIN, digits, events.append, folder=folder)
    return result, events, folder


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium: $CONVSCOPE_CHROMIUM, else one on the PATH, else Playwright's own."""
    named = os.environ.get("CONVSCOPE_CHROMIUM")
    if named and not shutil.which(named):
        pytest.fail(f"CONVSCOPE_CHROMIUM={named} is not a program.")
    path = named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as play:
            path = play.chromium.executable_path
    if not Path(shutil.which(path) or path).exists():
        sentence = 'No Chromium: "make browser" installs it, or says how.'
        if "CI" in os.environ:
            pytest.fail(sentence)
        pytest.skip(sentence)
    return str(shutil.which(path) or path)


def _wait_for_rerun(runner: local_script_runner.LocalScriptRunner, timeout: float) -> None:
    thread = runner._script_thread
    assert thread is not None
    thread.join(timeout)
    _ask_for_end(runner, 0.1)  # raises if the rerun took too long


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guard(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise OSError(f"A test may not leave this machine: {address}")
        return connect(self, address)

    return guard


def _guarded_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    def guard(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name and name != socket.gethostname() and not _is_address(name) and not _is_here(name):
            raise socket.gaierror(f"A test may not leave this machine: {name}")
        return lookup(host, *args, **kwargs)

    return guard


def _is_here(host: str) -> bool:
    if not _is_address(host):
        return host in {"", "localhost"}
    address = ipaddress.ip_address(host)
    return address.is_loopback or address.is_unspecified


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
