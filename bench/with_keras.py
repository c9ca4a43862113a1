"""Streamlit's own command with Keras in the server process: `python -m bench.with_keras run app.py`.

With BENCH_FREEZE=no, `gc.freeze` does nothing, as in an app that does not call it.
"""

import gc
import os
import runpy

import keras  # noqa: F401  (Streamlit looks for it after every rerun)

if os.environ.get("BENCH_FREEZE") == "no":
    gc.freeze = lambda: None

runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
