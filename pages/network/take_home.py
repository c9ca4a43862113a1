"""Take it home: program, network, history and report of a run or set-up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from cnn_core import browser, export, runs, texts
from cnn_core.arithmetic import FLOAT_BYTES, layer_table, totals
from cnn_core.browser import take
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import CnnError
from cnn_core.export import files as takeaway
from cnn_core.export import onnx_file, report
from cnn_core.progress.events import RunEnded
from cnn_core.runs import log as run_log
from cnn_core.runs import record, snapshots
from pages.network import answers, in_browser
from pages.network.names import class_names, local_time, name_of, span
from pages.session import choices
from pages.session.doors import engine
from pages.session.downloads import telling
from pages.session.visitor import visitor
from pages.session.words import language, say_error, t


def take_home(run: runs.Run) -> None:
    """All that the run can give away as files."""
    history = run_log.history(run)
    of_run(
        run,
        title=name_of(run),
        story=story_of(run, history.ended) if history.ended else "",
        names=class_names(run),
    )


def story_of(run: runs.Run, ended: RunEnded) -> str:
    """How it ended, in a sentence, and what came after it."""
    story = t(
        f"why.{ended.reason}" if ended.best_epoch else f"why.{ended.reason}_none",
        epochs=ended.epochs,
        best=ended.best_epoch,
        time=span(ended.seconds),
        patience=run.train.patience,
        target=f"{run.train.target or 0:.1%}",
    )
    return f"{story} {t('why.refined')}" if "refined" in _remarks(run) else story


CODE_HEIGHT = 320
ICONS = {
    "script": ":material/code:",
    "notebook": ":material/book_2:",
    "page": ":material/draw:",
    "model": ":material/hub:",
    "onnx": ":material/hub:",
    "litert": ":material/smartphone:",
    "epochs": ":material/table:",
    "batches": ":material/table_rows:",
    "report": ":material/summarize:",
}
MIME = {
    "script": "text/x-python",
    "notebook": "application/x-ipynb+json",
    "page": "text/html",
    "model": "application/octet-stream",
    "onnx": "application/octet-stream",
    "litert": "application/octet-stream",
    "epochs": "text/csv",
    "batches": "text/csv",
    "report": "text/html",
}
Make = Callable[[], str | bytes]
"""Makes a file when its button is pressed; on another thread, where Streamlit is not to be asked."""


@dataclass(frozen=True)
class File:
    """A file that a button gives.

    Attributes:
        name: Its name.
        make: What makes it.
        size: In words, where its help says it.
        problem: Why it cannot be had, a sentence; empty if it can.
        slow: Whether its help says that the network is large for a phone.
    """

    name: str
    make: Make
    size: str = ""
    problem: str = ""
    slow: bool = False


@st.fragment
def of_setup(model: ModelConfig, train: TrainConfig) -> None:
    """The program of a set-up that works out, trained or not."""
    box = st.popover(
        t("take.setup_title"), icon=":material/code:", key="take_setup", on_change="rerun"
    )
    if box.open:
        with box:
            st.caption(t("take.setup"))
            _program(model, train, export.file_stem(model, train), {}, "setup")


@st.fragment
def of_run(run: runs.Run, *, title: str, story: str, names: Sequence[str]) -> None:
    """The program of a run, and when it is over all that came of it.

    Args:
        run: The run.
        title: It in one line.
        story: How it ended, in a sentence.
        names: Of its classes.
    """
    box = st.popover(
        t("take.home"), icon=":material/download:", key=f"take_{run.id}", on_change="rerun"
    )
    if box.open:
        with box:
            _files(run, title, story, names)


def _files(run: runs.Run, title: str, story: str, names: Sequence[str]) -> None:
    history, us = run_log.history(run), visitor()
    train = run.train
    if history.started is not None:
        train = replace(train, precision=history.started.precision)
    stem = takeaway.file_name("convscope", run.name or run.id)
    files: dict[str, File] = {}
    over, ours = not runs.status(run).active, runs.may_take(run, us)
    if ours and over and (run.folder / "best.keras").exists():
        files |= _networks(run, stem, title, names)
    if ours and over and history.epochs:
        made = local_time(run.created)
        make = partial(_report, run, train, language(), title, made, story, names)
        files["report"] = File(f"{stem}-report.html", make)
        files["epochs"] = File(f"{stem}-epochs.csv", partial(takeaway.epochs_csv, history))
        files["batches"] = File(f"{stem}-batches.csv", partial(takeaway.batches_csv, history))
    files = {
        kind: replace(file, make=partial(_make, run, us, file.make)) for kind, file in files.items()
    }
    about = "not_yours" if not ours else "run" if over else "while_it_runs"
    st.caption(t(f"take.{about}"))
    remarks = [t(f"take.{remark}") for remark in _remarks(run)]
    _program(run.model, train, stem, files, run.id, " ".join(remarks))
    for remark in remarks:
        st.caption(remark)


def _make(run: runs.Run, by: str, make: Make) -> str | bytes:
    runs.refuse_taking(run, by)
    return make()


def _networks(run: runs.Run, stem: str, title: str, names: Sequence[str]) -> dict[str, File]:
    """The trained network in each form."""
    best = run.folder / browser.FILE
    parameters = totals(layer_table(run.model)).params
    size = f"{parameters * FLOAT_BYTES / take.MEGABYTE:.1f} MB"
    problem = engine().problem("look")
    unfit = ""
    try:
        take.check(run.model)
    except CnnError as error:
        unfit = say_error(error)
    return {
        "page": File(
            f"{stem}.html",
            partial(_page, run, title, names, language()),
            take.megabytes(parameters),
            unfit,
            slow=not in_browser.small(run),
        ),
        "model": File(f"{stem}.keras", lambda: takeaway.network_file(best.read_bytes())),
        "onnx": File(
            f"{stem}.onnx",
            lambda: onnx_file.to_onnx(run.model, browser.best_weights(run), names),
            size,
        ),
        "litert": File(
            f"{stem}.tflite",
            partial(answers.litert, run),
            size,
            say_error(problem) if problem else "",
        ),
    }


def _page(run: runs.Run, title: str, names: Sequence[str], language: str) -> str:
    reader = take.Reader(browser.pack(run), run.model, title, names, run.train.dataset)
    return take.to_page(reader, language)


def _remarks(run: runs.Run) -> list[str]:
    """Why the program may train otherwise than the run did: keys of sentences."""
    history = run_log.history(run)
    remarks = ["rate_changed"] if history.learning_rates else []
    if history.ended and history.ended.reason == "stopped":
        remarks.append("stopped")
    kept = record.read_json(run.folder / "config.json") or {}
    return remarks + [name for name in ("copies", "refined") if kept.get(name)]


def _program(
    model: ModelConfig,
    train: TrainConfig,
    stem: str,
    files: dict[str, File],
    key: str,
    differs: str = "",
) -> None:
    """Buttons for script and notebook in the chosen form, then for `files`, and the script to look at."""
    form = choices.segmented_control(
        t("take.form"),
        export.FORMS,
        key=f"take_form_{key}",
        format_func=lambda name: t(f"take.{name}"),
        help=t("take.form_help"),
    )
    say = {"form": form, "language": language(), "differs": differs}
    try:
        script = export.to_script(model, train, **say)
    except CnnError as error:  # a run on images that this version does not know
        st.caption(say_error(error))
    else:
        notebook = partial(export.to_notebook, model, train, **say)
        files = {
            "script": File(f"{stem}.py", lambda: script),
            "notebook": File(f"{stem}.ipynb", notebook),
            **files,
        }
    columns = st.columns(2, gap="small", wrap=False)
    for number, (kind, file) in enumerate(files.items()):
        help_text = t(f"take.{kind}_help", size=file.size)
        columns[number % 2].download_button(
            t(f"take.{kind}"),
            telling(file.make),
            file.name,
            MIME[kind],
            key=f"take_{kind}_{key}",
            help=file.problem or (t("take.page_slow", help=help_text) if file.slow else help_text),
            disabled=bool(file.problem),
            on_click="ignore",
            icon=ICONS[kind],
            width="stretch",
        )
    if "script" in files:
        with st.expander(t("take.code"), icon=":material/visibility:"):
            st.code(script, language="python", height=CODE_HEIGHT)


def _report(
    run: runs.Run,
    train: TrainConfig,
    language: str,
    title: str,
    made: str,
    story: str,
    names: Sequence[str],
) -> str:
    history = run_log.history(run)
    predictions, missing = None, ""
    try:
        predictions = answers.predictions(run, "test")
    except CnnError as error:
        missing = error.sentence(language)
    best = history.best
    try:
        differs = " ".join(texts.say(language, f"take.{remark}") for remark in _remarks(run))
        script = export.to_script(run.model, train, language=language, differs=differs)
    except CnnError as error:
        script = f"# {error.sentence(language)}"
    facts = report.Facts(
        title=title,
        made=made,
        story=story,
        model=run.model,
        train=train,
        history=history,
        names=names,
        kernels=_kernels(run, best.epoch if best else 0),
        epoch=best.epoch if best else 0,
        predictions=predictions,
        missing=missing,
        script=script,
    )
    return report.to_html(facts, language)


def _kernels(run: runs.Run, epoch: int) -> dict[str, report.Pair]:
    """Kernels of each convolution, untrained and after that epoch; none where they were not kept."""
    try:
        before, after = snapshots.read(run, 0), snapshots.read(run, epoch)
    except CnnError:
        return {}
    layers = [name.removesuffix("/kernel") for name in before if name.endswith("/kernel")]
    return {name: (before[f"{name}/kernel"], after[f"{name}/kernel"]) for name in layers}
