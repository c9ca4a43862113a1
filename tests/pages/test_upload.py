"""A visitor's own picture: read once, kept from page to page, shown with the figures of its file."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path
from typing import Any

import pytest
import visits
from PIL import Image, ImageDraw
from streamlit.testing.v1 import AppTest

from cnn_core import texts
from cnn_core.engine import Engine
from cnn_core.images import uploads

PAGES = Path(__file__).parents[2] / "pages"
PHOTOGRAPHS = Path(__file__).parents[1] / "images" / "photographs"
visit = visits.visit
PLACES = [
    ("images", {"source": "upload"}),
    ("convolution", {"section": "slide", "data": "photo", "photo": "upload"}),
    ("explain", {"source": "upload"}),
    ("feature_maps", {"source": "upload"}),
    ("robustness", {"source": "upload"}),
    ("surgery", {"source": "upload"}),
]
"""Where pictures are given: page and link."""


def picture(width: int = 548, height: int = 798) -> bytes:
    image = Image.new("L", (width, height), 255)
    ImageDraw.Draw(image).rectangle([width // 4, height // 4, width // 2, height // 2], 0)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which function read a file, each time."""
    calls: list[str] = []

    def counted(name: str, function: Any) -> Any:
        return lambda content: calls.append(name) or function(content)

    for name in ("read", "read_as_is"):
        monkeypatch.setattr(uploads, name, counted(name, getattr(uploads, name)))
    monkeypatch.setattr(Engine, "ready", lambda self, kind: True)
    return calls


def opened(visit: Any, page: str, query: dict[str, str], language: str = "en") -> AppTest:
    at = visit(page, language, **query)
    assert not at.exception
    return at


def give(at: AppTest, content: bytes, name: str = "a_boot.png") -> AppTest:
    at.file_uploader(key="image_file").set_value((name, content, "image/png")).run()
    assert not at.exception
    return at


@pytest.mark.parametrize("ending", ["jpg", "jpeg", "jfif", "JFIF", "png", "webp"])
def test_every_ending_of_a_picture_is_taken(ending, visit, read):
    """Chromium on Windows saves pictures as .jfif."""
    at = opened(visit, "feature_maps", {"source": "upload"})
    assert f".{ending.lower()}" in at.file_uploader(key="image_file").proto.type
    give(at, picture(), f"a.{ending}")
    assert sizes(at)


@pytest.mark.parametrize(("page", "query"), PLACES, ids=lambda it: str(it)[:12])
def test_a_file_is_read_once_and_not_at_every_rerun(page, query, visit, read):
    at = opened(visit, page, query)
    assert read == []
    give(at, picture())
    for _ in range(3):
        at.run()
    assert not at.exception
    assert read == ["read_as_is"]
    give(at, picture(300, 200), "other.png")
    assert read == ["read_as_is"] * 2


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_an_upload_survives_the_way_to_another_page_and_back(language, visit, read):
    at = opened(visit, "explain", {"source": "upload"}, language)
    at.session_state["image_kind_item"] = "picture"
    give(at, picture())
    assert at.toggle(key="image_invert").value is True
    at.switch_page("pages/surgery.py").run()
    assert at.toggle(key="image_invert").value is True
    at.toggle(key="image_invert").set_value(False).run()
    for page in ("feature_maps", "kernels", "surgery", "explain"):
        at.switch_page(f"pages/{page}.py").run()
        assert not at.exception
        if page != "kernels":
            assert sizes(at)[2] == "548×548"
            assert any("a\\_boot.png" in it.value for it in at.caption)
            assert at.toggle(key="image_invert").value is False
    assert read == ["read_as_is"]
    at.button(key="icon_image_file_forget").click().run()
    assert sizes(at) == []
    assert at.info


def test_an_upload_goes_along_to_every_page_that_shows_pictures(visit, read):
    at = give(opened(visit, "images", {"source": "upload"}), picture())
    for page, source in (("explain", "source"), ("convolution", "photo"), ("surgery", "source")):
        at.switch_page(f"pages/{page}.py").run()
        assert not at.exception
        assert visits.address(at)[source] == "upload"
    at.switch_page("pages/images.py").run()
    assert any("548" in it.value for it in at.caption)
    assert read == ["read_as_is"]


def test_a_file_that_is_taken_out_of_the_uploader_is_forgotten(visit, read):
    at = give(opened(visit, "feature_maps", {"source": "upload"}), picture())
    assert sizes(at)
    at.file_uploader(key="image_file").set_value(None).run()
    assert sizes(at) == []


@pytest.mark.parametrize(("page", "query"), PLACES, ids=lambda it: str(it)[:12])
def test_a_file_that_is_no_picture_is_one_sentence(page, query, visit, read):
    at = give(opened(visit, page, query), b"Dear diary")
    for _ in range(2):
        assert len(at.error) == 1
        at.run()
    assert read == ["read_as_is"]
    give(at, picture())
    assert not at.error


@pytest.mark.parametrize(
    ("width", "height", "middle"),
    [
        (548, 798, "548×548"),
        (798, 548, "548×548"),
        (300, 200, "200×200"),
        (2000, 1601, "1601×1601"),
    ],
)
def test_the_central_square_is_told_in_pixels_of_the_file(width, height, middle, visit, read):
    at = opened(visit, "feature_maps", {"source": "upload"})
    at.session_state["image_kind_item"] = "picture"
    give(at, picture(width, height))
    assert sizes(at)[0] == f"{width}×{height}"
    assert sizes(at)[2:] == [middle, "28×28"]


@pytest.mark.parametrize(
    ("run", "kind", "file"),
    [("digits", "handwriting", "digit-dim-7.jpg"), ("fashion", "item", "cloth-dress-portrait.jpg")],
)
def test_the_preparation_is_the_one_of_the_data_and_each_step_can_be_left_out(
    run, kind, file, visit, read
):
    at = opened(visit, "feature_maps", {"source": "upload", "run": run})
    give(at, (PHOTOGRAPHS / file).read_bytes())
    assert at.session_state[f"image_kind_{kind}"] == kind
    assert sizes(at)[-1] == "28×28"
    assert step_words(at, "step_crop")
    at.session_state[f"image_steps_{kind}"] = []
    at.run()
    assert not step_words(at, "step_crop")
    assert any(texts.say("en", "image.did_square") in it.value for it in at.caption)


def test_several_digits_are_shown_one_by_one_and_an_empty_sheet_is_said_to_be_one(visit, read):
    at = opened(visit, "feature_maps", {"source": "upload", "run": "digits"})
    give(at, (PHOTOGRAPHS / "digits-42-two.jpg").read_bytes())
    assert texts.say("en", "image.several_handwriting", count=2) in [it.value for it in at.info]
    assert sizes(at)[-2:] == ["28×28", "28×28"]
    assert at.session_state["image_which"] == 0
    give(at, (PHOTOGRAPHS / "paper-white-empty.png").read_bytes(), "empty.png")
    assert texts.say("en", "image.nothing_handwriting") in [it.value for it in at.info]
    assert "28×28" not in sizes(at)


def step_words(at: AppTest, step: str) -> bool:
    steps = "".join(it.value for it in at.markdown if "input-steps" in it.value)
    return texts.say("en", f"image.{step}") in steps


def sizes(at: AppTest) -> list[str]:
    """What is below the steps from the file to the input."""
    steps = [it.value for it in at.markdown if "input-steps" in it.value]
    return re.findall(r"<span>([^<]*)</span></figcaption>", "".join(steps))


@pytest.mark.parametrize("path", sorted(PAGES.rglob("*.py")), ids=lambda path: path.name)
def test_no_other_file_of_the_pages_has_an_uploader(path: Path) -> None:
    names = {
        it.attr
        for it in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(it, ast.Attribute)
    }
    assert ("file_uploader" in names) == (path.name == "upload.py")
