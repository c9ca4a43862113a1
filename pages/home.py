"""What ConvScope is, and three things to try first."""

import streamlit as st

from cnn_core import arithmetic, texts
from cnn_core.config import PRESETS, TEXTBOOK, to_query
from cnn_core.figures import architecture
from pages._shared import language, publish, t

TRIES = {"watch": "tiny", "textbook": "textbook", "fast": "fast"}
INSIDE = {
    "draw": ":material/draw:",
    "kernels": ":material/grid_view:",
    "feature_maps": ":material/layers:",
    "evaluation": ":material/fact_check:",
}

st.title(t("home.title"), anchor=False)
st.markdown(t("home.intro"))
st.markdown(
    architecture.architecture_svg(
        arithmetic.layer_table(TEXTBOOK),
        TEXTBOOK.input_shape,
        words=architecture.DiagramWords.of(texts.table(language())),
    ),
    unsafe_allow_html=True,
)
st.caption(t("home.diagram"))
st.subheader(t("home.try"), anchor=False)
for column, (name, preset) in zip(st.columns(len(TRIES)), TRIES.items(), strict=True):
    with column, st.container(border=True, height="stretch", key=f"try_{name}"):
        st.markdown(f"**{t(f'home.{name}_title')}**")
        st.markdown(t(f"home.{name}"))
        st.page_link(
            "pages/playground.py",
            label=t("home.open"),
            icon=":material/arrow_forward:",
            query_params=to_query(PRESETS[preset].model, PRESETS[preset].train),
        )
st.subheader(t("home.inside"), anchor=False)
for column, (page, icon) in zip(st.columns(len(INSIDE)), INSIDE.items(), strict=True):
    with column, st.container(border=True, height="stretch", key=f"inside_{page}"):
        st.markdown(t(f"home.{page}"))
        st.page_link(f"pages/{page}.py", label=t(f"{page}.nav"), icon=icon)
publish({})
