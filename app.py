"""The frame around every page: settings of the window, language, navigation. No logic."""

import streamlit as st

from pages.guide import panel
from pages.session.frame import ICON, frame
from pages.session.presenter_bar import presenter_bar
from pages.session.room_bar import room_bar
from pages.session.words import t

st.set_page_config(page_title="ConvScope", page_icon=ICON, layout="wide")
st.logo(ICON)
pages = {
    t("frame.learn"): [
        st.Page("pages/home.py", title=t("home.nav"), icon=":material/home:", default=True),
        st.Page("pages/images.py", title=t("images.nav"), icon=":material/image:"),
        st.Page("pages/convolution.py", title=t("convolution.nav"), icon=":material/grid_on:"),
        st.Page(
            "pages/training_step.py", title=t("training_step.nav"), icon=":material/footprint:"
        ),
        st.Page("pages/course.py", title=t("course.nav"), icon=":material/school:"),
        st.Page("pages/notes.py", title=t("notes.nav"), icon=":material/menu_book:"),
        st.Page("pages/challenges.py", title=t("challenges.nav"), icon=":material/flag:"),
        st.Page("pages/glossary.py", title=t("glossary.nav"), icon=":material/dictionary:"),
    ],
    t("frame.build"): [
        st.Page("pages/playground.py", title=t("playground.nav"), icon=":material/tune:"),
        st.Page("pages/runs.py", title=t("runs.nav"), icon=":material/compare:"),
        st.Page("pages/sweep.py", title=t("sweep.nav"), icon=":material/query_stats:"),
    ],
    t("frame.inside"): [
        st.Page("pages/kernels.py", title=t("kernels.nav"), icon=":material/grid_view:"),
        st.Page("pages/feature_maps.py", title=t("feature_maps.nav"), icon=":material/layers:"),
        st.Page("pages/evaluation.py", title=t("evaluation.nav"), icon=":material/fact_check:"),
        st.Page("pages/explain.py", title=t("explain.nav"), icon=":material/help_center:"),
        st.Page("pages/robustness.py", title=t("robustness.nav"), icon=":material/blur_on:"),
        st.Page("pages/surgery.py", title=t("surgery.nav"), icon=":material/content_cut:"),
        st.Page("pages/embedding.py", title=t("embedding.nav"), icon=":material/scatter_plot:"),
        st.Page("pages/landscape.py", title=t("landscape.nav"), icon=":material/landscape:"),
    ],
    t("frame.use"): [
        st.Page("pages/draw.py", title=t("draw.nav"), icon=":material/draw:"),
        st.Page("pages/room.py", title=t("room.nav"), icon=":material/groups:"),
    ],
}
# Before all that a browser can answer: a rerun that came first would open the home page instead of a link's.
page = st.navigation(pages, position="top")
if page.title != t("home.nav"):
    st.set_page_config(page_title=f"{page.title} · ConvScope")
frame()
room_bar(page.url_path)
panel.guide(page.url_path or "home")
presenter_bar(
    [(part.url_path or "home", part.title) for section in pages.values() for part in section],
    page.url_path or "home",
)
page.run()
