"""Everything of ConvScope that is not a screen; usable from a notebook, never imports Streamlit."""
