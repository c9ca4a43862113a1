"""What the pages that look into a network share: which run, which epoch, what a link asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import streamlit as st

from cnn_core import arithmetic, run_log, runs, snapshots
from cnn_core.arithmetic import LayerRow
from cnn_core.errors import CnnError
from pages import _choices, _names, _run_panel
from pages._shared import chosen_run, engine, publish, say_error, t

STYLE = Path(__file__).parent.parent / "assets" / "inside.css"
LISTED = 50  # of the newest runs


def arrived(page: str, names: Sequence[str]) -> dict[str, str]:
    """What a link asks of a page that the page did not write into the address itself."""
    asked = {name: st.query_params[name] for name in names if name in st.query_params}
    return {} if asked == st.session_state.get(f"{page}_said") else asked


def say(page: str, query: Mapping[str, str]) -> None:
    """Put the page's state into the address, and remember that it was the page that said so."""
    st.session_state[f"{page}_said"] = dict(query)
    publish(query)


def choose_run(asked: str | None) -> runs.Run | None:
    """The network to look into, if it has weights; else a sentence says what is missing."""
    run = pick_run(asked)
    if run is not None and not has_weights(run):
        say_missing(run, "inside.no_weights")
        return None
    return run


def say_missing(run: runs.Run, key: str) -> None:
    """Say that the run has no kept weights: "not yet", by `key`, only of one that may still get some."""
    state = runs.status(run).state
    if state in runs.ACTIVE or (run.folder / "best.keras").exists():
        st.info(t(key), icon=":material/hourglass_top:")
    else:
        over = "diverged" if state == "diverged" else "over"
        st.warning(t(f"inside.none_{over}"), icon=":material/error:")


def trained_network(page: str, asked: Mapping[str, str]) -> runs.Run | None:
    """A network with all its weights; else a sentence says what is missing, and the address what is left.

    Args:
        page: Name of the page in texts and session.
        asked: What its link asks for.
    """
    run = choose_run(asked.get("run"))
    if run is not None and (run.folder / "best.keras").exists():
        return run
    if run is not None:
        say_missing(run, f"{page}.no_model")
    say(page, {"run": run.id} if run else {})
    return None


def pick_run(asked: str | None) -> runs.Run | None:
    """A network that came with ConvScope or was trained here, the same on every page that looks inside.

    Args:
        asked: Id of the run that a link names, with weights or without.
    """
    if asked is not None or "run" not in st.session_state:
        st.session_state["run"] = asked
    chosen = chosen_run()
    known = {run.id: run for run in [*runs.shipped(), *runs.all_runs()[:LISTED]]}
    if chosen is not None:
        known[chosen.id] = chosen
    known = {run_id: run for run_id, run in known.items() if run is chosen or has_weights(run)}
    if not known:
        st.info(t("inside.no_run"), icon=":material/model_training:")
        st.page_link("pages/playground.py", label=t("inside.train_one"), icon=":material/tune:")
        return None
    names = _names.names_of(known.values())
    st.session_state["inside_run"] = chosen.id if chosen else next(iter(known))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        run_id = _choices.selectbox(
            t("inside.run"),
            list(known),
            key="inside_run",
            help=t("inside.run_help"),
            format_func=names.__getitem__,
            on_change=lambda: st.session_state.update(run=st.session_state["inside_run"]),
        )
        _run_panel.take_home(known[run_id])
    return known[run_id]


def convolutions(run: runs.Run) -> dict[str, LayerRow]:
    """The convolutions of a run's network by name."""
    return {row.name: row for row in arithmetic.layer_table(run.model) if row.kind == "conv"}


def has_weights(run: runs.Run) -> bool:
    """Whether there is a snapshot to look at."""
    return bool(snapshots.epochs(run))


def is_gone(run: runs.Run, page: str, **kept: str) -> bool:
    """Whether the run was deleted in another window; then one sentence says so, not one from each part.

    Of the address only what is `kept` stays.
    """
    try:
        runs.open_run(run.id)
    except CnnError as error:
        complain(error)
        say(page, kept)
        return True
    return False


def say_if_training(run: runs.Run) -> None:
    """Say of a run that still trains that what is shown are its weights so far."""
    if runs.status(run).active:
        st.caption(t("inside.best_so_far", epoch=kept_epoch(run)))


def kept_epoch(run: runs.Run) -> int:
    """The epoch whose weights best.keras holds."""
    best = run_log.history(run).best
    return best.epoch if best else snapshots.epochs(run)[-1]


def whole(asked: Mapping[str, str], name: str, below: int) -> int | None:
    """The whole number from 0 up that a link names; says so in a sentence if it is not one."""
    if name not in asked:
        return None
    text = asked[name]
    if text.isdecimal() and len(text) < 10 and int(text) < below:
        return int(text)
    st.warning(t("inside.bad_number", name=name, most=below - 1), icon=":material/link_off:")
    return None


def follow_layer(
    asked: Mapping[str, str], known: Collection[str], key: str, name: str = "layer"
) -> None:
    """Choose the layer that a link names; one sentence if it is none of those `known`."""
    if name in asked and asked[name] in known:
        st.session_state[key] = asked[name]
    elif name in asked:
        st.warning(t("inside.bad_layer", known=", ".join(known)), icon=":material/link_off:")


def follow_epoch(run: runs.Run, page: str, asked: Mapping[str, str]) -> None:
    """Set the slider to the epoch that a link names."""
    epoch = whole(asked, "epoch", snapshots.epochs(run)[-1] + 1)
    if epoch is not None:
        st.session_state[_epoch_key(run, page)] = epoch


def epoch_slider(run: runs.Run, page: str, epochs: Sequence[int]) -> int:
    """The epoch to show; begins with the one whose weights were kept."""
    key, kept = _epoch_key(run, page), kept_epoch(run)
    before = st.session_state.get(f"{key}_last", epochs[-1])
    if before != epochs[-1] and st.session_state.get(key) == before:
        st.session_state[key] = epochs[
            -1
        ]  # who looks at the newest epoch of a training stays with it
    st.session_state[f"{key}_last"] = epochs[-1]
    if st.session_state.get(key) not in epochs:
        st.session_state[key] = kept if kept in epochs else epochs[-1]
    if len(epochs) == 1:  # a slider needs two places
        st.caption(epoch_name(epochs[0], kept))
        return epochs[0]
    return int(
        _choices.select_slider(
            t("inside.epoch"),
            list(epochs),
            key=key,
            help=t("inside.epoch_help"),
            format_func=lambda epoch: epoch_name(epoch, kept),
        )
    )


def _epoch_key(run: runs.Run, page: str) -> str:
    return f"{page}_epoch_{run.id}"


def epoch_name(epoch: int, kept: int) -> str:
    """ "0 (untrained)", "3", "5 (kept)"."""
    if epoch == 0:
        return t("inside.untrained")
    return t("inside.kept" if epoch == kept else "inside.one_epoch", epoch=epoch)


def html(text: str) -> None:
    """HTML that changes in place: st.html would put new elements there each time, and they flicker."""
    st.markdown(text, unsafe_allow_html=True)


def waking() -> AbstractContextManager[None]:
    """Around what asks the network: says so while its process gets ready, and nothing afterwards."""
    if engine().ready("look"):
        return nullcontext()
    return st.spinner(t("inside.waking"))


def complain(error: CnnError) -> None:
    """One sentence instead of what could not be had."""
    st.warning(say_error(error), icon=":material/hourglass_top:")
