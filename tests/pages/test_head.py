"""Every page begins with the same row, and its question is below the title."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from visits import visit

from cnn_core import texts

__all__ = ["visit"]  # a fixture
ROOT = Path(__file__).parent.parent.parent
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("page", PAGES)
def test_the_page_draws_its_head_by_the_one_component(page: str) -> None:
    source = (ROOT / "pages" / f"{page}.py").read_text("utf-8")
    assert f'head("{page}"' in source
    assert "st.title(" not in source
    assert "lesson(" not in source or page == "playground"  # beside its curves


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("page", PAGES)
def test_the_head_asks_a_question(page: str, language: str) -> None:
    assert texts.say(language, f"{page}.question").endswith("?")


@pytest.mark.parametrize("page", ["home", "glossary"])
def test_the_question_is_on_the_page(page: str, visit) -> None:
    at = visit(page)
    assert not at.exception
    shown = "".join(it.value for it in at.markdown)
    assert f'<div class="question">{texts.say("en", f"{page}.question")}</div>' in shown


def test_the_home_page_leads_to_every_other_page() -> None:
    source = (ROOT / "pages" / "home.py").read_text("utf-8")
    road = source[source.index("ROAD = {") : source.index("}", source.index("ROAD = {"))]
    assert set(re.findall(r'"(\w+)": ', road)) == set(PAGES) - {"home"}
    for language in texts.LANGUAGES:
        assert all(texts.say(language, f"home.{page}") for page in PAGES if page != "home")
