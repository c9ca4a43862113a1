"""Predict first: a question with up to four choices, the votes, and how they are distributed."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from cnn_core import rooms
from cnn_core.errors import RoomError
from cnn_core.lessons import reader
from cnn_core.markup import fill
from cnn_core.rooms.events import CHOICES, LONGEST_CHOICE, LONGEST_QUESTION
from pages.session import choices, membership
from pages.session.html import html
from pages.session.room_bar import say_refusal
from pages.session.words import language, plain, t

LETTERS = "ABCD"
POLL_S = 1.0
LESSON, TEXT, CHOICE = "votes_lesson", "votes_text", "votes_choice_"


def for_presenter(room: rooms.Room) -> None:
    """The form for a question; the votes on the one that is open."""
    state = room.state()
    if state.question is None:
        st.fragment(_headcount, run_every=2 * POLL_S)(room)
        _form(room)
        _earlier(state)
        return
    st.fragment(_votes, run_every=POLL_S)(room, int(state.activity or 0))


@membership.again_if_gone()
def _headcount(room: rooms.Room) -> None:
    """How many there are to be asked."""
    state = room.state()
    if membership.was_steered(room, state):
        st.rerun()
    say_refusal()
    words = t("room.people", count=len(state.people))
    html(fill('<div class="room-figures"><span>{{ words }}</span></div>', words=words))


def _form(room: rooms.Room) -> None:
    """A question made on the spot, or one of a lesson."""
    lessons = {name: reader.read(language(), name) for name in reader.LESSONS}
    fitting = [name for name, lesson in lessons.items() if _fits(lesson)]
    choices.optional_selectbox(
        t("room.from_lesson"), fitting, key=LESSON, placeholder=t("room.from_lesson_none"),
        format_func=lambda name: lessons[name].title, on_change=_take_lesson,
    )  # fmt: skip
    with st.form("votes_form", border=False):
        st.text_input(
            t("room.question_text"),
            key=TEXT,
            max_chars=LONGEST_QUESTION,
            placeholder=t("room.question_example"),
        )
        for row in range(0, CHOICES[1], 2):
            for number, column in zip((row, row + 1), st.columns(2), strict=True):
                column.text_input(
                    t("room.choice", letter=LETTERS[number]),
                    key=f"{CHOICE}{number}",
                    max_chars=LONGEST_CHOICE,
                )
        st.form_submit_button(
            t("room.ask"),
            type="primary",
            icon=":material/how_to_vote:",
            on_click=_ask,
            args=(room,),
            disabled=room.closed,
        )


def _text(markdown: str) -> str:
    """A line of a lesson as phones show it: they show no Markdown."""
    return " ".join(markdown.replace("`", "").replace("**", "").split())


def _fits(lesson: reader.Lesson) -> bool:
    texts = [_text(option) for option in lesson.options]
    return (
        len(_text(lesson.question)) <= LONGEST_QUESTION and max(map(len, texts)) <= LONGEST_CHOICE
    )


def _take_lesson() -> None:
    """Fill the form with the question of a lesson, which can still be changed."""
    name = st.session_state[LESSON]
    lesson = reader.read(language(), name) if name else None
    st.session_state[TEXT] = _text(lesson.question) if lesson else ""
    for number in range(CHOICES[1]):
        given = lesson is not None and number < len(lesson.options)
        st.session_state[f"{CHOICE}{number}"] = (
            _text(lesson.options[number]) if lesson and given else ""
        )


def _ask(room: rooms.Room) -> None:
    typed = [st.session_state.get(f"{CHOICE}{number}", "").strip() for number in range(CHOICES[1])]
    text = st.session_state.get(TEXT, "").strip()
    name = st.session_state.get(LESSON)
    lesson = reader.read(language(), name) if name else None
    same = lesson is not None and [_text(option) for option in lesson.options] == [
        *filter(None, typed)
    ]
    try:
        right = lesson.right if lesson and same else None
        membership.steer(room, rooms.Question(text, tuple(filter(None, typed)), right))
    except RoomError as error:
        membership.refuse(error)


@membership.again_if_gone()
def _votes(room: rooms.Room, number: int) -> None:
    """How many have voted; the distribution once it is revealed."""
    state = room.state()
    if state.activity != number or membership.was_steered(room, state):
        st.rerun()
    voted = sum(state.counts(number))
    say_refusal()
    html(_distribution(state, number, mine=None))
    with st.container(horizontal=True, vertical_alignment="center"):
        html(
            fill(
                '<span class="count">{{ words }}</span>',
                words=t("room.voted", count=voted, people=len(state.people)),
            )
        )
        if number not in state.revealed:
            st.button(
                t("room.reveal"), type="primary", icon=":material/visibility:", key="votes_reveal",
                on_click=membership.steer, args=(room, rooms.Reveal(number)),
            )  # fmt: skip
        st.button(
            t("room.next_question"),
            key="votes_end",
            on_click=membership.steer,
            args=(room, rooms.Pause()),
        )


def _distribution(state: rooms.State, number: int, mine: int | None) -> Markup:
    """The question and its choices; how many chose each once it is revealed."""
    question, open_ = state.questions[number], number in state.revealed
    counts = state.counts(number)
    total = sum(counts) or 1
    rows = [
        {
            "letter": LETTERS[index], "text": text, "count": counts[index],
            "width": f"{counts[index] / total:.1%}", "share": f"{counts[index] / total:.0%}",
            "right": open_ and question.right == index, "mine": mine == index,
        }
        for index, text in enumerate(question.choices)
    ]  # fmt: skip
    return fill(
        '<div class="vote"><div class="asks" role="heading" aria-level="2">{{ question }}</div>'
        '{% for row in rows %}<div class="choice{{ " right" if row.right }}{{ " mine" if row.mine }}">'
        '<b>{{ row.letter }}</b> <span class="what">{{ row.text }}'
        "{% if row.right %} ✓ {{ correct }}{% endif %}"
        '{% if row.mine %} · {{ yours }}{% endif %}</span>'
        '{% if open %}<span class="bar"><i style="width:{{ row.width }}"></i></span>'
        '<span class="share">{{ row.count }} · {{ row.share }}</span>{% endif %}</div>{% endfor %}</div>',
        question=question.text, rows=rows, open=open_, correct=t("room.correct"), yours=t("room.your_vote"),
    )  # fmt: skip


def _earlier(state: rooms.State) -> None:
    """The questions of the room with their votes."""
    revealed = [number for number in state.questions if number in state.revealed]
    if not revealed:
        return
    with st.expander(t("room.earlier_questions", count=len(revealed))):
        for number in reversed(revealed):
            html(_distribution(state, number, mine=None))


@membership.again_if_gone()
def for_phone(room: rooms.Room, person: str, number: int) -> None:
    """The choices as large buttons; the distribution once it is revealed."""
    state = room.state()
    question = state.questions[number]
    mine = state.votes[number].get(person)
    say_refusal()
    if number in state.revealed:
        html(_distribution(state, number, mine))
        return
    html(
        fill(
            '<div class="asks" role="heading" aria-level="2">{{ question }}</div>',
            question=question.text,
        )
    )
    for index, text in enumerate(question.choices):
        st.button(
            f"**{LETTERS[index]}** {plain(text)}", key=f"votes_{number}_{index}", width="stretch",
            type="primary" if mine == index else "secondary",
            on_click=membership.act, args=(room, rooms.Vote(number, None if mine == index else index)),
        )  # fmt: skip
    st.caption(t("room.vote_again" if mine is not None else "room.vote_now"))
