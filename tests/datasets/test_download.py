"""The download, through the real Keras, from a server on this very machine."""

import gzip
import hashlib
import http.server
import io
import socket
import struct
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cnn_core import datasets
from cnn_core.datasets import DATASETS, load, sources
from cnn_core.datasets.download import fetch
from cnn_core.datasets.sources import Checksums, Counts
from cnn_core.errors import DataError

FILES = {
    "x_train": "train-images-idx3-ubyte.gz",
    "y_train": "train-labels-idx1-ubyte.gz",
    "x_test": "t10k-images-idx3-ubyte.gz",
    "y_test": "t10k-labels-idx1-ubyte.gz",
}


class Server(http.server.ThreadingHTTPServer):
    """Serves `files`; sends only the first `cut` bytes of each, and waits for `go_on` before the rest."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.cut, self.go_on, self.asked = {}, None, threading.Event(), []
        self.go_on.set()

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.lstrip("/")
        self.server.asked.append(name)
        content = self.server.files.get(name)
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        half = len(content) // 2
        self.wfile.write(content[:half])
        self.wfile.flush()
        self.server.go_on.wait(10)
        if self.server.cut is None:
            self.wfile.write(content[half:])

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def arrays():
    random = np.random.default_rng(5)
    made = {}
    for part, count in (("train", 100), ("test", 20)):
        made[f"x_{part}"] = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        made[f"y_{part}"] = random.permutation(np.arange(count, dtype=np.uint8) % 10)
    return made


@pytest.fixture
def published(server, arrays, tmp_path, monkeypatch):
    """Both sets in miniature on the server, and a machine that has neither."""
    sums = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in arrays.items()}
    for name, array in arrays.items():
        head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        server.files[FILES[name]] = gzip.compress(head + array.tobytes())
    archive = io.BytesIO()
    np.savez_compressed(archive, **arrays)
    server.files["mnist.npz"] = archive.getvalue()
    for name in ("fashion_mnist", "mnist"):
        source = replace(
            DATASETS[name],
            full=Counts(80, 20, 20),
            checksums=Checksums(**sums),
            downloads=tuple(
                (file, len(server.files[file])) for file, _ in DATASETS[name].downloads
            ),
        )
        monkeypatch.setitem(DATASETS, name, source)
    monkeypatch.delenv("CONVSCOPE_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(sources, "SYSTEM", tmp_path / "system")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return server


def contents(folder):
    """Every file below `folder` with its bytes."""
    paths = sorted(Path(folder).rglob("*"))
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def refused(key, call, *args, **named):
    with pytest.raises(DataError) as caught:
        call(*args, **named)
    assert caught.value.key == key
    assert caught.value.sentence("ko") != caught.value.sentence("en")
    return caught.value


@pytest.mark.parametrize("name", ["fashion_mnist", "mnist"])
def test_download_lands_in_the_cache_of_keras_and_is_found_there_next_time(
    published, arrays, tmp_path, name
):
    said = []
    progress = partial(fetch, base=published.base, progress=lambda *now: said.append(now))
    data = load(name, "full", fetch=progress)
    np.testing.assert_array_equal(data.x_test[..., 0], arrays["x_test"])
    assert sorted(data.y_val) == sorted(2 * list(range(10)))
    assert data.source == str(sources.keras_folder(DATASETS[name]))
    assert {Path(file).name for file in contents(tmp_path / "keras")} == {
        file for file, _ in DATASETS[name].downloads
    }
    total = DATASETS[name].download_bytes
    assert said[-1] == (total, total)
    assert said == sorted(said)
    assert {of for _, of in said} == {total}

    asked = list(published.asked)
    again = load(name, "full", fetch=pytest.fail)
    np.testing.assert_array_equal(again.x_train, data.x_train)
    assert published.asked == asked


def test_progress_is_told_while_the_bytes_arrive(published):
    published.go_on.clear()
    said = []

    def progress(done, total):
        said.append(done)
        if done > 0:
            published.go_on.set()

    fetch(DATASETS["mnist"], base=published.base, progress=progress)
    size = len(published.files["mnist.npz"])
    assert [done for done in said if 0 < done < 0.6 * size]


def test_keras_draws_its_bar_on_the_terminal(published, capfd):
    fetch(DATASETS["mnist"], base=published.base)
    assert f"Downloading data from {published.base}mnist.npz" in capfd.readouterr().out


def test_second_try_goes_on_after_the_last_good_file(published, tmp_path):
    source = DATASETS["fashion_mnist"]
    last = source.downloads[-1][0]
    kept = published.files.pop(last)
    refused("data.download", fetch, source, base=published.base)
    before = contents(tmp_path / "keras")
    assert len(before) == 3
    published.files[last] = kept
    published.asked.clear()
    fetch(source, base=published.base)
    assert published.asked == [last]
    assert contents(tmp_path / "keras").items() > before.items()


@pytest.mark.parametrize(
    ("harm", "key"),
    [
        ("missing", "data.download"),
        ("cut", "data.download"),
        ("page", "data.download_damaged"),
        ("other", "data.download_damaged"),
        ("empty", "data.download_damaged"),
    ],
)
@pytest.mark.parametrize("name", ["fashion_mnist", "mnist"])
def test_bad_download_leaves_everything_as_it_was(published, tmp_path, name, harm, key):
    file = DATASETS[name].downloads[0][0]
    good = published.files[file]
    folder = sources.keras_folder(DATASETS[name])
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    if harm == "missing":
        del published.files[file]
    elif harm == "cut":
        published.cut = True
    elif harm == "page":
        published.files[file] = b"<html>Please log in to this Wi-Fi</html>"
    elif harm == "other":
        published.files[file] = gzip.compress(b"\0\0\x08\x01\0\0\0\x64" + bytes(100))
    else:
        published.files[file] = b""
    before = contents(tmp_path)
    error = refused(key, load, name, "full", fetch=partial(fetch, base=published.base))
    assert published.base + file in str(error)
    assert "sample" in str(error)
    assert contents(tmp_path) == before
    assert list(folder.iterdir()) == [folder / "notes.txt"]
    assert load(name).size == "sample"

    published.files[file], published.cut = good, None
    assert load(name, "full", fetch=partial(fetch, base=published.base)).size == "full"


def test_without_a_network_one_sentence_and_nothing_is_left(published, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    error = refused(
        "data.download",
        load,
        "fashion_mnist",
        "full",
        fetch=partial(fetch, base=f"http://127.0.0.1:{port}/"),
    )
    assert str(error).startswith("Fashion-MNIST could not be downloaded")
    assert "refused" in str(error.__cause__)
    assert contents(tmp_path) == {}


def test_file_that_is_there_already_is_never_touched(published, tmp_path):
    source = DATASETS["fashion_mnist"]
    mine = sources.keras_folder(source) / FILES["y_train"]
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    error = refused(
        "data.damaged", load, "fashion_mnist", "full", fetch=partial(fetch, base=published.base)
    )
    assert str(mine) in str(error)
    assert mine.read_bytes() == b"mine"
    assert FILES["y_train"] not in published.asked


def test_file_that_appears_during_the_download_is_never_touched(published):
    mine = sources.keras_folder(DATASETS["mnist"]) / "mnist.npz"
    fetch(
        DATASETS["mnist"],
        base=published.base,
        progress=lambda done, total: mine.exists() or mine.write_bytes(b"mine"),
    )
    assert mine.read_bytes() == b"mine"


def test_download_that_stalls_is_given_up(published, tmp_path):
    published.go_on.clear()
    refused("data.download", fetch, DATASETS["mnist"], base=published.base, stall_s=0.3)
    assert contents(tmp_path) == {}


def test_progress_can_end_the_download(published, tmp_path):
    class StopAskedError(Exception):
        pass

    def stop(done, total):
        raise StopAskedError

    published.go_on.clear()
    with pytest.raises(StopAskedError):
        fetch(DATASETS["mnist"], base=published.base, progress=stop)
    assert contents(tmp_path) == {}


def test_cache_that_cannot_be_written_is_named(published, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    error = refused("data.storage", fetch, DATASETS["mnist"], base=published.base)
    assert str(tmp_path / "file") in str(error)
    assert published.asked == []
    assert datasets.available("mnist")
