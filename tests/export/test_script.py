"""Exported programs as text: tidy, in both languages, no more than needed; the shipped ones are fresh."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import network

from cnn_core import __main__ as command
from cnn_core import export, runs, texts
from cnn_core.arithmetic import fits, layer_table
from cnn_core.config import (
    ACTIVATIONS,
    AUGMENTATIONS,
    OPTIMIZERS,
    POOLS,
    SCHEDULES,
    TEXTBOOK,
    ConvBlock,
    ModelConfig,
    TrainConfig,
)
from cnn_core.datasets import DATASETS
from cnn_core.errors import DataError, ShapeError
from cnn_core.planning import cost
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import log as run_log
from pages.network import take_home

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "assets" / "scripts"
PLAIN = TrainConfig(precision="float32")
HANGUL = re.compile("[가-힣]")
blocks = st.builds(
    ConvBlock,
    filters=st.integers(1, 512),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 4),
    padding=st.sampled_from(["same", "valid"]),
    activation=st.sampled_from(ACTIVATIONS),
    pool=st.sampled_from(POOLS),
)
models = st.builds(
    ModelConfig,
    blocks=st.lists(blocks, min_size=1, max_size=4),
    dense=st.lists(st.integers(1, 2048), max_size=3),
    dropout=st.sampled_from([0.0, 0.3]),
).filter(fits)
trainings = st.builds(
    TrainConfig,
    dataset=st.sampled_from(list(DATASETS)),
    train_size=st.sampled_from([None, 500, 10**6]),
    optimizer=st.sampled_from(OPTIMIZERS),
    schedule=st.sampled_from(SCHEDULES),
    patience=st.sampled_from([0, 3]),
    precision=st.sampled_from(["float32", "bfloat16", "auto"]),
    augmentation=st.sampled_from(AUGMENTATIONS),
    size=st.sampled_from(["sample", "full"]),
)
few = settings(max_examples=50, deadline=None)
setups = (
    models,
    trainings,
    st.sampled_from(export.FORMS),
    st.sampled_from(list(texts.LANGUAGES)),
)


@few
@given(*setups)
def test_every_program_compiles_and_uses_all_that_it_defines(model, train, form, language):
    script = export.to_script(model, train, form=form, language=language)
    tree = ast.parse(script)
    defined = {it.name for it in ast.walk(tree) if isinstance(it, ast.FunctionDef | ast.ClassDef)}
    defined |= {
        alias.asname or alias.name
        for it in ast.walk(tree)
        if isinstance(it, ast.Import | ast.ImportFrom)
        for alias in it.names
    }
    used = {it.id for it in ast.walk(tree) if isinstance(it, ast.Name)}
    hooks = {"on_train_batch_begin"}
    assert defined - used == hooks & defined
    assert max(map(len, script.splitlines())) <= 110
    packages = {
        name.partition(".")[0]
        for it in ast.walk(tree)
        for name in (
            [alias.name for alias in it.names]
            if isinstance(it, ast.Import)
            else [it.module or ""]
            if isinstance(it, ast.ImportFrom)
            else []
        )
    }
    figures = {"matplotlib"} if form == "lecture" else set()
    assert packages - set(sys.stdlib_module_names) == {"keras", "numpy", "sklearn"} | figures


@few
@given(*setups)
def test_every_notebook_is_valid_and_holds_the_same_code(model, train, form, language):
    text = export.to_notebook(model, train, form=form, language=language)
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    script = export.to_script(model, train, form=form, language=language)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert ast.dump(ast.parse(code)) == ast.dump(ast.Module(ast.parse(script).body[1:], []))
    for cell in notebook.cells[1:]:
        if cell.cell_type == "markdown":
            assert cell.source.startswith("## ")
            assert bool(HANGUL.search(cell.source)) == (language == "ko")


@pytest.mark.parametrize("form", export.FORMS)
@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_script_is_formatted_as_our_own_code(form, language, tmp_path):
    trains = [
        PLAIN,
        TrainConfig(
            "mnist", 300, schedule="one_cycle", patience=0, size="full", precision="bfloat16"
        ),
        TrainConfig("digits", 300),
    ]
    for number, train in enumerate(trains):
        script = export.to_script(network(ConvBlock(8, 1, 2)), train, form=form, language=language)
        (tmp_path / f"{number}.py").write_text(script, encoding="utf-8")
    for check in (["format", "--check"], ["check", "--ignore", "D102,RUF012,E402"]):
        command = [
            sys.executable,
            "-m",
            "ruff",
            *check,
            "--config",
            "pyproject.toml",
            str(tmp_path),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_only_what_is_needed_is_there():
    plain = export.to_script(TEXTBOOK, PLAIN)
    rich = export.to_script(
        network(ConvBlock(8, 1, 2)),
        TrainConfig(
            train_size=300, schedule="one_cycle", patience=0, precision="bfloat16", size="full"
        ),
    )
    for only_rich in ("OneCycle", "def subset", "mixed_bfloat16", "ONEDNN", 'dtype="float32"'):
        assert only_rich not in plain
        assert only_rich in rich
    for only_plain in ("PATIENCE", "def sample"):
        assert only_plain in plain
        assert only_plain not in rich
    assert "def subset" not in export.to_script(TEXTBOOK, replace(PLAIN, train_size=8000))
    assert "os" not in re.findall(
        r"^import (\w+)", export.to_script(TEXTBOOK, TrainConfig("digits")), re.M
    )


def test_automatic_precision_is_what_this_machine_takes(monkeypatch):
    for native, policy in ((True, True), (False, False)):
        monkeypatch.setattr(cost, "native_bfloat16", lambda native=native: native)
        assert ("mixed_bfloat16" in export.to_script(TEXTBOOK, TrainConfig())) == policy


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ShapeError, match="conv2"):
        export.to_script(
            network(ConvBlock(8, 7, 4, "valid"), ConvBlock(8, 7, padding="valid")), PLAIN
        )
    with pytest.raises(ValueError, match="form"):
        export.to_notebook(TEXTBOOK, PLAIN, form="subclass")
    with pytest.raises(DataError, match="cats"):
        export.to_script(TEXTBOOK, replace(PLAIN, dataset="cats"))


@pytest.mark.parametrize(
    ("model", "dataset", "stem"),
    [
        (TEXTBOOK, "fashion_mnist", "convscope-textbook-fashion_mnist"),
        (replace(TEXTBOOK, input_shape=(8, 8, 1)), "digits", "convscope-textbook-digits"),
        (PRESETS["tiny"].model, "mnist", "convscope-tiny-mnist"),
        (replace(TEXTBOOK, dense=(50, 20)), "mnist", "convscope-32-64-50-20-mnist"),
    ],
)
def test_files_are_named_by_what_they_hold(model, dataset, stem):
    train = replace(PLAIN, dataset=dataset)
    assert export.file_stem(model, train) == stem
    assert f'model.save("{stem}.keras")' in export.to_script(model, train)


def commands() -> list[list[str]]:
    """What assets/scripts/README.md says made the shipped programs."""
    text = (SHIPPED / "README.md").read_text(encoding="utf-8")
    return [
        shlex.split(line)[3:] for line in re.findall(r"^python -m cnn_core export .*", text, re.M)
    ]


def test_the_shipped_programs_are_those_that_the_command_writes(tmp_path):
    written = set()
    for _, file, *options in commands():
        assert command.main(["export", str(tmp_path / Path(file).name), *options]) == 0
        assert (tmp_path / Path(file).name).read_text("utf-8") == (ROOT / file).read_text("utf-8")
        written.add(ROOT / file)
    assert written == {*SHIPPED.glob("*.py"), *SHIPPED.glob("*.ipynb")}


def test_the_command_writes_notebooks_in_korean_too(tmp_path, capsys):
    path = tmp_path / "new" / "tiny.ipynb"
    options = [
        "--preset",
        "tiny",
        "--dataset",
        "digits",
        "--language",
        "ko",
        "--form",
        "functional",
    ]
    assert command.main(["export", str(path), *options]) == 0
    assert "keras.Model(inputs, outputs)" in "".join(
        json.loads(path.read_text("utf-8"))["cells"][6]["source"]
    )
    assert command.main(["export", str(path), "--epochs", "0"]) == command.MISTAKE
    assert "epochs" in capsys.readouterr().err.lower()


def test_shape_remarks_are_those_of_the_layer_table():
    rows = layer_table(TEXTBOOK)
    for form in export.FORMS:
        script = export.to_script(TEXTBOOK, PLAIN, form=form)
        for row in rows:
            [line] = [line for line in script.splitlines() if f'name="{row.name}"' in line]
            assert line.endswith("# " + "×".join(map(str, row.output_shape)))


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("form", export.FORMS)
def test_a_program_of_a_run_with_other_images_does_not_promise_its_curves(form, language):
    why = texts.say(language, "take.copies")
    promises = {texts.say(language, f"{about}.promise") for about in ("script", "lecture")}
    for write in (export.to_script, export.to_notebook):
        say = {"form": form, "language": language}
        text = " ".join(write(TEXTBOOK, TrainConfig(), **say, differs=why).split())
        assert why in text
        assert not any(promise in text for promise in promises)
        assert any(
            promise in " ".join(write(TEXTBOOK, TrainConfig(), **say).split())
            for promise in promises
        )


@pytest.mark.parametrize(
    ("name", "remarks"),
    [("fashion", []), ("digits", ["copies", "refined"]), ("fashion_augmented", ["copies"])],
)
def test_the_shipped_networks_say_why_their_programs_give_other_curves(name, remarks):
    run = runs.open_run(name)
    assert take_home._remarks(run) == remarks
    story = take_home.story_of(run, run_log.history(run).ended)
    assert (texts.say("en", "why.refined") in story) is ("refined" in remarks)
