"""The frame around every page: settings of the window, language, navigation. No logic."""

import streamlit as st

from pages import _shared
from pages._shared import t

st.set_page_config(page_title="ConvScope", page_icon="assets/icon.png", layout="wide")
_shared.frame()
page = st.navigation(
    [
        st.Page("pages/home.py", title=t("home.nav"), icon=":material/home:", default=True),
        st.Page("pages/playground.py", title=t("playground.nav"), icon=":material/tune:"),
    ],
    position="top",
)
page.run()
