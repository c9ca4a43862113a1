"""No call that exists on POSIX alone: the app starts on Windows and macOS too."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import psutil
import pytest

from cnn_core.engine import worker

ROOT = Path(__file__).parent.parent
POSIX_MODULES = {
    "fcntl",
    "resource",
    "pwd",
    "grp",
    "termios",
    "pty",
    "tty",
    "posix",
    "syslog",
    "crypt",
}
POSIX_NAMES = {
    "os": {
        *(
            "nice",
            "getpriority",
            "setpriority",
            "fork",
            "forkpty",
            "kill",
            "killpg",
            "setsid",
            "setpgid",
        ),
        *(
            "getpgid",
            "getsid",
            "getuid",
            "geteuid",
            "getgid",
            "chown",
            "fchown",
            "fchmod",
            "lchown",
        ),
        *(
            "uname",
            "getloadavg",
            "sched_getaffinity",
            "sched_setaffinity",
            "sysconf",
            "mkfifo",
            "mknod",
        ),
        *("waitpid", "wait", "pread", "pwrite", "statvfs", "register_at_fork", "posix_spawn"),
    },
    "signal": {
        *(
            "SIGKILL",
            "SIGHUP",
            "SIGUSR1",
            "SIGUSR2",
            "SIGSTOP",
            "SIGCONT",
            "SIGCHLD",
            "SIGALRM",
            "SIGPIPE",
        ),
        *("alarm", "setitimer", "pause", "sigwait", "pthread_kill", "pthread_sigmask"),
    },
    "socket": {"AF_UNIX"},
    "select": {"poll", "epoll"},
    "time": {"tzset"},
}


def posix_only(tree: ast.AST) -> list[str]:
    """What of the tree exists on POSIX systems alone."""
    names: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=modules):
                names += [it.name for it in modules if it.name in POSIX_MODULES]
            case ast.ImportFrom(module=str(module), names=parts):
                names += [module] if module in POSIX_MODULES else []
                names += [
                    f"{module}.{it.name}" for it in parts if it.name in POSIX_NAMES.get(module, ())
                ]
            case ast.Attribute(value=ast.Name(id=module), attr=name) if name in POSIX_NAMES.get(
                module, ()
            ):
                names.append(f"{module}.{name}")
            case ast.keyword(arg="preexec_fn"):
                names.append("preexec_fn")
    return names


def test_the_product_calls_nothing_of_posix_alone() -> None:
    files = [ROOT / "app.py", *(ROOT / "cnn_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py")]
    calls = {
        path.relative_to(ROOT).as_posix(): names
        for path in files
        if (names := posix_only(ast.parse(path.read_text("utf-8"))))
    }
    assert calls == {"cnn_core/inside/embedding.py": ["os.setpriority"]}  # where it exists


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.nice(10)",
        "from os import kill",
        "import fcntl",
        "from resource import getrusage",
        "signal.raise_signal(signal.SIGKILL)",
        "subprocess.Popen(command, preexec_fn=start)",
    ],
)
def test_the_check_sees_every_form(source: str) -> None:
    assert len(posix_only(ast.parse(source))) == 1


@pytest.mark.parametrize("windows", [False, True])
def test_a_train_worker_gives_way_on_every_system(
    windows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    monkeypatch.setattr(worker, "ON_WINDOWS", windows)
    monkeypatch.setattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", 16384, raising=False)
    monkeypatch.setattr(psutil.Process, "nice", lambda self, value: given.append(value))
    monkeypatch.delenv("TF_FORCE_GPU_ALLOW_GROWTH", raising=False)
    worker._settle("train")
    assert given == [16384 if windows else 10]
    assert os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"


@pytest.mark.parametrize(
    ("kind", "wanted", "hidden"), [("look", "", True), ("look", "1", False), ("train", "", False)]
)
def test_looks_leave_the_graphics_card_to_training(
    kind: str, wanted: str, hidden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil.Process, "nice", lambda self, value: None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    monkeypatch.setenv("CONVSCOPE_LOOK_GPU", wanted)
    worker._settle(kind)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ("-1" if hidden else "0")
