"""The column of names in the table of runs."""

from __future__ import annotations

import json

from streamlit.testing.v1 import AppTest
from test_runs_page import trained
from visits import visit

__all__ = ["visit"]  # a fixture


def name_width(at: AppTest) -> int:
    """Pixels of the column of names."""
    columns = json.loads(at.dataframe[0].proto.columns)
    return int(columns["Name"]["width"])


def test_names_that_differ_at_their_end_can_be_told_apart(visit):
    trained(name="short")
    usual = name_width(visit("runs"))
    trained(name="textbook network, dropout 0.3 in the second half")
    wider = name_width(visit("runs"))
    trained(name="n" * 60)
    widest = name_width(visit("runs"))
    assert 200 == usual < 320 < wider < widest == 400
