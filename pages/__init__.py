"""The pages of the app, one file each; files that begin with an underscore are what pages share."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

# Until the first st.navigation, Streamlit runs every file of a folder named "pages" by itself: the
# first visitor of a new server, coming by a link to a page, would get it without its frame.
if PagesManager.uses_pages_directory:
    PagesManager.uses_pages_directory = False
    st.rerun()
