"""Entries of the notes: a line with its place, a slip with what Keras says to it."""

from __future__ import annotations

import streamlit as st
from markupsafe import Markup

from cnn_core import texts
from cnn_core.course.notes import Row
from cnn_core.course.slips import Slip
from cnn_core.lessons import reader
from cnn_core.markup import fill
from cnn_core.paths import ASSETS
from pages.elements.lessons import lesson
from pages.session.html import html
from pages.session.words import language, t

STYLE = ASSETS / "notes.css"
WIDTHS = [0.5, 0.5]


def line(row: Row) -> None:
    """What the notes say, and beside it what shows it and the way there."""
    with st.container(border=True, key=f"note_{row.key}"):
        left, right = st.columns(WIDTHS, gap="medium")
        html(
            fill(
                '<div class="note-line"><b>{{ title }}</b>{{ code }}</div>',
                title=row.title,
                code=_code(row.code),
            ),
            left,
        )
        with right:
            st.markdown(row.shows)
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.page_link(
                    f"pages/{row.page}.py",
                    label=t("notes.open", page=t(f"{row.page}.nav")),
                    icon=":material/arrow_forward:",
                    query_params=dict(row.query),
                )
                if row.terms:
                    lesson(*row.terms, place=f"{row.key}_")


def slip(entry: Slip) -> None:
    """The code with the slip and as it was meant, and beside it what Keras says."""
    with st.container(border=True, key=f"slip_{entry.name}"):
        left, right = st.columns(WIDTHS, gap="medium")
        html(
            fill(
                '<div class="note-line"><b>{{ title }}</b>'
                '<div class="kind"><span aria-hidden="true">✗</span> {{ slip }}</div>'
                "{{ wrong }}"
                '<div class="kind"><span aria-hidden="true">✓</span> {{ meant }}</div>'
                "{{ right }}</div>",
                title=entry.title,
                slip=t("notes.wrong"),
                wrong=_code(entry.wrong, "wrong"),
                meant=t("notes.right"),
                right=_code(entry.right, "right"),
            ),
            left,
        )
        with right:
            name = f"{entry.raised}: " if entry.kind in ("error", "warning") else ""
            message = f"{name}{entry.message}" if entry.message else ""
            html(
                fill(
                    '<div class="note-line"><div class="kind">{{ kind }}</div>{{ message }}</div>',
                    kind=t(f"notes.says_{entry.kind}"),
                    message=_code(message),
                )
            )
            st.markdown(entry.about)
            if entry.terms:
                lesson(*entry.terms, place=f"slip_{entry.name}_")


def _code(text: str, kind: str = "") -> Markup:
    """Code as lines of HTML; not as pre and code, which Streamlit draws by a highlighter of 1.5 MB.

    Without a line break, which in Markdown may end the HTML.
    """
    return fill(
        '{% if lines %}<div class="code {{ kind }}" translate="no">'
        "{% for line in lines %}<span>{{ line or space }}</span>{% endfor %}</div>{% endif %}",
        lines=text.splitlines(),
        kind=kind,
        space="\u00a0",
    )


def holds(entry: Row | Slip, other: Row | Slip, words: str) -> bool:
    """Whether every one of the words occurs in an entry, here or in another language; capitals or not."""
    text = "\n".join([_text(entry), _text(other), *map(_term, entry.terms)]).casefold()
    return all(word in text for word in words.casefold().split())


def _text(entry: Row | Slip) -> str:
    if isinstance(entry, Slip):
        parts = [entry.about, entry.wrong, entry.right, entry.raised, entry.message]
    else:
        parts = [entry.shows, entry.code, t(f"{entry.page}.nav")]
    return "\n".join([entry.title, *parts])


def _term(name: str) -> str:
    """What a lesson is called, with synonyms, in every language."""
    contents = [reader.read(code, name) for code in texts.LANGUAGES]
    return "\n".join(word for content in contents for word in (content.title, *content.synonyms))


def other_language() -> str:
    """The language that the visitor does not read now, for the search."""
    return next(code for code in texts.LANGUAGES if code != language())
