"""The page of images without a browser: shapes, links and windows of numbers."""

from __future__ import annotations

from typing import Any

import pytest
from visits import address, visit

from cnn_core.engine import Engine

__all__ = ["visit"]  # a fixture


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({}, ["(28, 28)", "(28, 28, 1)", "(1, 28, 28, 1)"]),
        ({"source": "data", "data": "mnist", "index": "7"}, ["(28, 28)", "(28, 28, 1)"]),
        ({"source": "photo", "photo": "flower"}, ["(427, 640, 3)", "(1, 427, 640, 3)"]),
    ],
)
def test_images_are_explained_without_any_worker(query, rows, visit, monkeypatch):
    monkeypatch.setattr(Engine, "look", _refuse)
    at = visit("images", **query)
    assert not at.exception
    shapes = [shape for table in at.table for shape in table.value["Shape"]]
    assert set(rows) <= set(shapes)
    assert "(1000, 28, 28, 1)" in shapes
    assert {name: address(at)[name] for name in query} == query
    assert {"row", "column", "cells"} <= address(at).keys()


def _refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("a worker was asked")


@pytest.mark.parametrize(
    "query",
    [
        {"source": "film"},
        {"data": "digits"},
        {"photo": "../china"},
        {"index": "123456"},
        {"row": "-1"},
        {"cells": "x"},
    ],
    ids=lambda query: "=".join(*query.items()),
)
def test_a_bad_link_to_an_image_is_one_sentence(query, visit):
    at = visit("images", **query)
    assert not at.exception
    assert len(at.warning) == 1
    assert (address(at)["source"], address(at)["index"]) == ("data", "0")


def test_the_window_of_a_link_stays_until_there_is_another_image(visit):
    at = visit("images", row="3", column="4", cells="6")
    place = ("row", "column", "cells")
    for _ in range(2):
        assert [address(at)[name] for name in place] == ["3", "4", "6"]
        at.run()
    at.number_input(key="images_index").set_value(5).run()
    moved, fresh = address(at), address(visit("images", index="5"))
    assert [moved[name] for name in place] == [fresh[name] for name in place]
    assert fresh["cells"] != "6"


def test_a_window_beyond_the_image_is_moved_inside(visit):
    at = visit("images", row="27", column="500", cells="12")
    assert not at.exception
    assert [address(at)[name] for name in ("row", "column", "cells")] == ["16", "16", "12"]
