"""Files of a run: CSV that reads back, and a network in float32."""

from __future__ import annotations

import csv
import io
import json
import math
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core import model as models
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.export import files
from cnn_core.progress.events import BatchEnd, EpochEnd
from cnn_core.progress.history import History

FIRST = EpochEnd(1, 0.9, 0.7, 0.6, 0.8, 2e-3, 3.25, best=True)
EPOCHS = (
    FIRST,
    EpochEnd(2, 0.5, 0.85, 0.4, 0.875, 1e-3, 3.0, best=True),
    EpochEnd(3, math.nan, 0.1, 0.7, 0.6, 1e-3, 1.0, complete=False),
)
BATCHES = (
    BatchEnd(1, 60, 125, 1.2, 0.6, 2e-3, 5000.0),
    BatchEnd(1, 125, 125, 0.7, 0.75, 2e-3, 5e3),
)
SMALL = ModelConfig(blocks=(ConvBlock(4),), dense=(), input_shape=(8, 8, 1))


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_epoch_is_a_line_and_the_kept_one_is_marked():
    rows = read(files.epochs_csv(History(5, epochs=EPOCHS)))
    assert list(rows[0]) == list(files.EPOCH_COLUMNS)
    assert [row["best"] for row in rows] == ["False", "True", "False"]
    assert [row["complete"] for row in rows] == ["True", "True", "False"]
    for row, end in zip(rows, EPOCHS, strict=True):
        assert int(row["epoch"]) == end.epoch
        for name in ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"):
            value = getattr(end, name)
            assert float(row[name]) == value or math.isnan(value)


def test_every_report_is_a_line():
    rows = read(files.batches_csv(History(5, batches=BATCHES)))
    assert list(rows[0]) == list(files.BATCH_COLUMNS)
    said = [[float(value) for value in row.values()] for row in rows]
    assert said == [[getattr(end, name) for name in files.BATCH_COLUMNS] for end in BATCHES]


def test_a_run_without_figures_gives_the_columns_alone():
    assert files.epochs_csv(History(5)).split("\n")[1:] == [""]
    assert read(files.batches_csv(History(5))) == []


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("convscope", "my first run"), "convscope-my-first-run"),
        (("convscope", "../../etc/passwd"), "convscope-etc-passwd"),
        (("convscope", "합성곱 2"), "convscope-합성곱-2"),
        (("convscope", "***"), "convscope"),
        (("convscope", 'a"b<c>|d:e'), "convscope-a-b-c-d-e"),
    ],
)
def test_a_name_becomes_the_name_of_a_file(parts, name):
    assert files.file_name(*parts) == name


@given(st.text(max_size=60))
def test_any_name_is_safe(text):
    assert not set(files.file_name("convscope", text)) & set('/\\:*?"<>|\0\n\r\t ')


def test_a_float32_network_stays_byte_for_byte(tmp_path: Path):
    path = tmp_path / "best.keras"
    models.save(models.build(SMALL, seed=1), path)
    assert files.network_file(path.read_bytes()) == path.read_bytes()


def test_a_mixed_network_keeps_its_weights_and_calculates_in_float32(tmp_path: Path):
    path = tmp_path / "best.keras"
    models.save(models.build(SMALL, "bfloat16", seed=1), path)
    assert b"mixed_bfloat16" in zipfile.ZipFile(path).read("config.json")
    copy = files.network_file(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(copy)) as new, zipfile.ZipFile(path) as old:
        assert new.testzip() is None
        assert new.namelist() == old.namelist()
        assert new.read("model.weights.h5") == old.read("model.weights.h5")
        assert "bfloat16" not in json.dumps(json.loads(new.read("config.json")))


def test_what_is_no_network_is_refused():
    with pytest.raises(zipfile.BadZipFile):
        files.network_file(b"not a model")


def test_of_equal_epochs_the_first_is_the_kept_one():
    later = replace(FIRST, epoch=2, val_loss=0.6)
    rows = read(files.epochs_csv(History(5, epochs=(FIRST, later))))
    assert [row["best"] for row in rows] == ["True", "False"]
