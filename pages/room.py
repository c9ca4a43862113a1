"""A room: one presenter, many phones, and a wall of what they draw and think."""

from __future__ import annotations

import streamlit as st

from cnn_core.paths import ASSETS
from pages.elements.head import head
from pages.parts.room import entrance, phone, presenter, presenter_view
from pages.session import membership
from pages.session.address import say
from pages.session.room_bar import say_refusal

STYLE = ASSETS / "wall" / "room.css"


def main() -> None:
    """The way in; for the presenter the wall, for everybody else what there is to do."""
    st.html(STYLE)
    place = head("room")
    membership.arrive()
    room, query = membership.current(), {}
    if room is None:
        say_refusal()
        entrance.entrance()
        presenter_view.builder()
    else:
        with membership.again_if_gone():
            if membership.is_presenter(room):
                query = presenter.presenter(room, place)
                presenter_view.builder()
            else:
                phone.phone(room)
    say("room", query)


main()
