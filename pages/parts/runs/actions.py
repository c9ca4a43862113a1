"""What can be done with the chosen runs: star, note, name, delete, resume, open, take home."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from cnn_core import runs
from cnn_core.errors import CnnError
from cnn_core.export.files import file_name
from cnn_core.planning.links import to_query
from cnn_core.progress.events import RunEnded
from cnn_core.runs import archive, marks
from cnn_core.runs import log as run_log
from pages.network import room_scores, run_actions, scores, shown
from pages.network.names import short_names
from pages.network.run_state import state_of
from pages.network.take_home import take_home
from pages.parts.runs import selection
from pages.session.downloads import telling
from pages.session.visitor import visitor
from pages.session.words import plain, say_error, t


def actions(selected: Sequence[runs.Run]) -> None:
    """Buttons for the chosen runs; what changes a run only for its owner, as the core has it, too."""
    if problem := shown.take_refusal():
        st.error(say_error(problem), icon=":material/block:")
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key="runs_actions"
    ):
        if not selected:
            st.caption(t("runs.choose"))
            return
        st.markdown(t("runs.chosen", count=len(selected)), width="content")
        ours = [run for run in selected if not run.shipped and run.owner == visitor()]
        if len(selected) == 1:
            _open_button(selected[0], whole=runs.may_take(selected[0], visitor()))
        if ours:
            _star_button(ours)
        if takeable := [run for run in selected if runs.may_take(run, visitor())]:
            _download(takeable)
        if len(selected) == 1:
            take_home(selected[0])
            if ours:
                _owner_buttons(ours[0])
        elif ours:
            _delete_button(ours)
        _room_button(selected)
        st.button(
            t("runs.clear"), key="runs_clear", icon=":material/close:", type="tertiary",
            on_click=selection.select, args=([],),
        )  # fmt: skip
    if len(selected) == 1:
        _single(selected[0], bool(ours))
    elif st.session_state.get("runs_delete") == [run.id for run in ours] != []:
        _delete_question(ours)


def _room_button(selected: Sequence[runs.Run]) -> None:
    """For the presenter of a room: score the chosen runs on what the room has drawn."""
    pictures = room_scores.drawings()
    if not pictures:
        return
    scored = [run.id for run in selected if room_scores.fitting(run, pictures)]
    problem = room_scores.never()
    st.button(
        t("runs.score_room", count=len(pictures)), key="runs_score_room", icon=":material/groups:",
        help=say_error(problem) if problem else t("runs.score_room_help"),
        disabled=not scored or problem is not None, on_click=room_scores.order, args=(scored,),
    )  # fmt: skip


def _single(run: runs.Run, ours: bool) -> None:
    """Form and question of a single run, its note, and its scores with the test accuracy covered."""
    if ours:
        run_actions.pending_form(run, state_of(run))
        _note(run)
    elif note := marks.read(run).note:
        st.caption(plain(note))
    ended = run_log.history(run).ended
    if isinstance(ended, RunEnded) and ended.scores:
        scores.row(run, ended.scores)


def _open_button(run: runs.Run, *, whole: bool) -> None:
    """The way to the playground: with the run, or with its settings alone if it is another visitor's."""
    label = t("runs.to_playground" if whole else "runs.use_settings")
    if st.button(label, key="runs_open", icon=":material/tune:"):
        shown.show(run.id if whole else None)
        query = to_query(run.model, run.train) | ({"run": run.id} if whole else {})
        st.switch_page("pages/playground.py", query_params=query)


def _star_button(ours: Sequence[runs.Run]) -> None:
    starred = all(marks.read(run).starred for run in ours)
    st.button(
        t("runs.unstar" if starred else "runs.star"),
        key="runs_star",
        icon=":material/star:",
        on_click=_each,
        args=([partial(marks.star, run, not starred, by=visitor()) for run in ours],),
    )


def _download(selected: Sequence[runs.Run]) -> None:
    """One file in two kinds: one that this page opens again, and one that every computer opens."""
    stem = _stem(selected)
    kinds = {"save_project": (".convscope", "inventory_2"), "download": (".zip", "folder_zip")}
    make = partial(_zip, tuple(selected), by=visitor())
    with st.popover(t("runs.save_files"), icon=":material/download:", key="runs_save"):
        for name, (ending, icon) in kinds.items():
            st.download_button(
                t(f"runs.{name}"), telling(make), stem + ending, "application/zip",
                key=f"runs_file_{name}", icon=f":material/{icon}:", on_click="ignore",
                width="stretch",
            )  # fmt: skip
            st.caption(t(f"runs.{name}_help"))


def _stem(selected: Sequence[runs.Run]) -> str:
    name = (selected[0].name or selected[0].id) if len(selected) == 1 else f"{len(selected)}-runs"
    return file_name("convscope", name)


def _zip(selected: Sequence[runs.Run], **asker: str) -> bytes:
    left = [run for run in selected if runs.exists(run)]
    return archive.to_zip(left or selected, **asker)  # of none that is left it says so


def _owner_buttons(run: runs.Run) -> None:
    state = state_of(run)
    if runs.status(run).resumable and state != "queued":
        st.button(
            t("panel.resume_run"), key="runs_resume", icon=":material/resume:",
            on_click=run_actions.resume, args=(run,),
        )  # fmt: skip
    run_actions.ask_button(run, "rename", ":material/edit:")
    if state not in runs.ACTIVE:
        run_actions.ask_button(run, "delete", ":material/delete:")


def _delete_button(ours: Sequence[runs.Run]) -> None:
    ids = [run.id for run in ours]
    st.button(
        t("runs.delete_several", count=len(ours)), key="runs_delete_ask", icon=":material/delete:",
        type="tertiary", on_click=lambda: st.session_state.update(runs_delete=ids),
    )  # fmt: skip


def _delete_question(ours: Sequence[runs.Run]) -> None:
    names = ", ".join(map(plain, short_names(ours).values()))
    st.warning(
        t("runs.delete_several_question", count=len(ours), names=names),
        icon=":material/delete_forever:",
    )
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("runs.delete_yes"), key="runs_delete_yes", type="primary", on_click=_delete,
            args=(list(ours),),
        )  # fmt: skip
        st.button(t("runs.cancel"), key="runs_delete_no", on_click=_forget_question)


def _forget_question() -> None:
    st.session_state.pop("runs_delete", None)


def _delete(ours: Sequence[runs.Run]) -> None:
    _forget_question()
    _each([partial(runs.delete, run, by=visitor()) for run in ours])
    selection.select([run_id for run_id in selection.selected() if not _gone(run_id, ours)])


def _gone(run_id: str, among: Sequence[runs.Run]) -> bool:
    return any(run.id == run_id and not runs.exists(run) for run in among)


def _note(run: runs.Run) -> None:
    key = f"runs_note_{run.id}"
    st.session_state.setdefault(key, marks.read(run).note)
    st.text_area(
        t("runs.note"), key=key, max_chars=marks.NOTE_LENGTH, height=80, help=t("runs.note_help"),
        on_change=lambda: _each(
            [partial(marks.write_note, run, str(st.session_state[key]), by=visitor())]
        ),
    )  # fmt: skip


def _each(changes: Sequence[Callable[[], object]]) -> None:
    """Make the changes; what one of them cannot do is said above."""
    for change in changes:
        try:
            change()
        except CnnError as error:
            shown.refuse(error)
