"""A project opens as new runs of its opener; anything else in a file is one sentence and leaves nothing."""

from __future__ import annotations

import io
import json
import random
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from packed import RUN, changed, content, packed, refused, unpacked

from cnn_core import runs
from cnn_core.browser.pack import best_weights
from cnn_core.errors import CnnError
from cnn_core.projects import members, open_project, opening
from cnn_core.runs import archive, log, marks, snapshots


def test_a_project_opens_as_new_runs_of_who_opens_it():
    old = runs.open_run(RUN)
    [new] = open_project(content(), by="us")
    assert runs.open_run(new.id) == new
    assert (new.owner, new.model, new.train, new.created) == (
        "us",
        old.model,
        old.train,
        old.created,
    )
    assert runs.status(new).state == "finished"
    assert log.history(new).epochs == log.history(old).epochs
    for name, array in best_weights(old).items():
        np.testing.assert_array_equal(best_weights(new)[name], array)
    assert snapshots.epochs(new) == snapshots.epochs(old)[:2]
    runs.rename(new, "mine now", by="us")
    runs.delete(new, by="us")


def test_what_was_opened_can_be_saved_and_opened_again_with_its_note_and_name():
    first, second = (open_project(content(), by="us")[0] for _ in range(2))
    marks.write_note(first, "It blurs.", by="us")
    marks.star(first, True, by="us")
    runs.rename(second, "second", by="us")
    one, two = open_project(archive.to_zip([first, runs.open_run(second.id)], by="us"), by="them")
    assert len({first.id, second.id, one.id, two.id}) == 4
    assert marks.read(one) == marks.Marks(True, "It blurs.")
    assert (one.owner, two.name) == ("them", "second")


def test_a_run_without_weights_opens_too():
    files = {name: data for name, data in unpacked(content()).items() if "best.keras" not in name}
    [run] = open_project(packed(files), by="us")
    assert not (run.folder / "best.keras").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "activation", ["relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "linear"]
)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_every_network_that_is_trained_here_opens(activation, precision, tmp_path):
    from cnn_core import model as models
    from cnn_core.config import ConvBlock, ModelConfig
    from cnn_core.projects import network

    block = ConvBlock(4, activation=activation)
    config = ModelConfig(
        blocks=(block, replace(block, pool="average"), replace(block, pool="none", stride=2)),
        dense=(8,),
    )
    model = models.build(config, precision, 1)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    models.save(model, tmp_path / "best.keras")
    network.check((tmp_path / "best.keras").read_bytes(), config)


def test_something_else_is_no_project():
    files = unpacked(content())
    for data in (b"", b"PK", b"no archive", b"\x00" * 100, packed({}), packed({"a.txt": b"a"})):
        refused(data)
    del files[archive.MANIFEST]
    assert refused(packed(files)).key == "project.not_one"
    assert refused(packed({archive.MANIFEST: unpacked(content())[archive.MANIFEST]})).key == (
        "project.empty"
    )


@pytest.mark.parametrize(
    ("manifest", "key"),
    [
        ({"format": archive.FORMAT, "version": 2}, "project.version"),
        ({"format": archive.FORMAT, "version": "1"}, "project.not_one"),
        ({"format": archive.FORMAT}, "project.not_one"),
        ({"format": "other", "version": 1}, "project.not_one"),
        ([1], "project.damaged"),
    ],
)
def test_another_schema_is_refused(manifest, key):
    data = changed(archive.MANIFEST, lambda old: json.dumps(manifest).encode())
    assert refused(data).key == key


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../escaped",
            "/etc/escaped",
            "digits/../../escaped",
            "digits\\..\\escaped",
            "C:\\escaped",
        ),
        *("digits/error.txt", "digits/last.keras", "digits/snapshots/../x", "digits/control.json"),
        *(
            "other/config.json",
            "digits/",
            "digits/snapshots/epoch-0001.npz",
            "digits/config.json\n",
        ),
        *("20260101-000000-ABCDEF/config.json", "x" * 500),
    ],
)
def test_a_name_that_no_project_holds_is_refused(name):
    error = refused(packed({**unpacked(content()), name: b"{}"}))
    assert error.key == "project.foreign"
    assert len(error.sentence("en")) < 200


def test_a_link_and_a_name_that_comes_twice_are_refused(recwarn):
    data = io.BytesIO(content())
    with zipfile.ZipFile(data, "a") as file:
        link = zipfile.ZipInfo("fashion/config.json")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    assert refused(data.getvalue()).key == "project.foreign"
    data = io.BytesIO(content())
    with zipfile.ZipFile(data, "a") as file:
        file.writestr("digits/config.json", "{}")
    assert refused(data.getvalue()).key == "project.foreign"


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    files = unpacked(content())
    bomb = packed({**files, "digits/events.jsonl": b"\n" * 50_000_000})
    assert len(bomb) < 1_000_000
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *args: pytest.fail("was unpacked"))
    assert refused(bomb).key == "project.unpacked"


def test_a_bomb_inside_an_array_file_is_refused():
    inner = packed({"images.npy": b"\0" * 50_000_000})
    assert refused(packed({**unpacked(content()), "digits/examples.npz": inner})).key == (
        "project.unpacked"
    )


def test_too_many_runs_and_too_large_a_file_are_refused(monkeypatch):
    config = unpacked(content())["digits/config.json"]
    files = {f"20260101-000000-{n:06x}/config.json": config for n in range(members.MOST_RUNS + 1)}
    manifest = {archive.MANIFEST: unpacked(content())[archive.MANIFEST]}
    assert refused(packed({**manifest, **files})).key == "project.many"
    monkeypatch.setattr(opening, "MOST_BYTES", 1000)
    assert refused(content()).key == "project.large"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": {}, "train": {}, "created": "yesterday"},
        {"model": {"blocks": [{"filters": -1}]}, "train": {}, "created": 1},
        {"model": {"unknown": 1}, "train": {}, "created": 1},
        {"model": {}, "train": {"dataset": ["x"]}, "created": 1},
        {"model": {}, "train": {}, "created": 1e300},
        [],
        "text",
    ],
)
def test_settings_that_are_none_are_refused(config):
    data = changed("digits/config.json", lambda old: json.dumps(config).encode())
    assert refused(data).key == "project.damaged"


def test_a_network_over_the_cap_is_refused(monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_PARAMETERS", "100")
    assert refused(content()).key == "limit.parameters"


def test_a_disk_that_cannot_be_written_is_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path / "file"))
    with pytest.raises(CnnError, match="file"):
        open_project(content(), by="us")


def test_if_one_run_cannot_be_moved_none_stays(monkeypatch):
    data = packed(
        {**unpacked(content()), "fashion/config.json": unpacked(content())["digits/config.json"]}
    )
    moved: list[Path] = []
    rename = Path.rename

    def once(self: Path, target: Path) -> Path:
        if target.parent == runs.home():
            moved.append(target)
            if len(moved) == 2:
                raise OSError(28, "full")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", once)
    refused(data)
    assert len(moved) == 2


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(some.randoms(use_true_random=False), some.integers(1, 12))
def test_flipped_and_lost_bytes_are_a_sentence_or_still_a_project(dice: random.Random, count: int):
    data = bytearray(content())
    for _ in range(count):
        place = dice.randrange(len(data))
        if dice.random() < 0.8:
            data[place] = dice.randrange(256)
        else:
            del data[place : place + dice.randrange(1, 2000)]
    _opens_or_is_refused(bytes(data))


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(
    max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    some.sampled_from(["project", "config", "status", "marks", "model", "train"]), JSON, some.data()
)
def test_any_json_is_a_sentence_or_a_project(where: str, tree: Any, data: some.DataObject):
    files = unpacked(content())
    files = {name: part for name, part in files.items() if name.endswith(".json")}
    if where in ("model", "train"):
        config = json.loads(files["digits/config.json"])
        field = data.draw(some.sampled_from(sorted(config[where])))
        config[where][field] = tree
        files["digits/config.json"] = json.dumps(config).encode()
    else:
        name = archive.MANIFEST if where == "project" else f"digits/{where}.json"
        files[name] = json.dumps(tree).encode()
    _opens_or_is_refused(packed(files))


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(some.binary(max_size=300))
def test_any_bytes_are_a_sentence(data: bytes):
    refused(data)


def _opens_or_is_refused(data: bytes) -> None:
    try:
        opened = open_project(data, by="us")
    except CnnError:
        refused(data)
        return
    for run in opened:  # then every page can read it
        assert runs.open_run(run.id).model == run.model
        log.history(run)
        runs.delete(run, by="us")
