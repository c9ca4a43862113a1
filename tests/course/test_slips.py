"""What Keras says to each slip, by running it with the installed version; the table is checked when read."""

from __future__ import annotations

import logging
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from cnn_core import texts
from cnn_core.course import slips
from cnn_core.course.slips import Slip

HANGUL = re.compile("[가-힣]")
SLIPS = slips.read("en")


class Lines(logging.Handler):
    """Keeps what is written to a log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def happens(code: str, names: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(kind, name, message) of every error, warning and line of absl's log while code runs."""
    handler, log = Lines(), logging.getLogger("absl")
    log.addHandler(handler)
    events = []
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        try:
            exec(compile(code, "slip", "exec"), names)
        except Exception as error:
            events.append(("error", type(error).__name__, str(error)))
        finally:
            log.removeHandler(handler)
    events += [
        ("warning", one.category.__name__, str(one.message))
        for one in given
        if "__array__" not in str(one.message)  # TensorFlow 2.21 with NumPy 2.4
    ]
    return events + [("log", "absl", line) for line in handler.lines]


@pytest.mark.slow
@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: slip.name)
def test_keras_says_this_to_the_slip_and_nothing_to_what_was_meant(
    slip: Slip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    assert happens(slip.before, names) == []
    events = happens(slip.wrong, names)
    if slip.kind == "check":
        assert events == []
        assert eval(slip.raised, names)
    else:
        assert {(kind, name) for kind, name, _ in events} == {(slip.kind, slip.raised)}
        assert slip.message in events[0][2]
    names = {}
    happens(slip.before, names)
    assert happens(slip.right, names) == []
    assert not slip.check_right or eval(slip.check_right, names)
    if "plt" in names:
        names["plt"].close("all")


def test_the_slips_of_the_notes_are_there() -> None:
    code = "\n".join(slip.wrong + slip.title for slip in SLIPS)
    for word in (
        "input_size", "Dropout(0,4)", 'metrics="accuracy"', "patiece", "best=cnn-model", ".h5",
        "predict(x_val[0])", "each epoch", "dpi", "train_sclaed", "model - keras", "kears", "MaxPool2D",
    ):  # fmt: skip
        assert word in code, word


def test_the_readme_counts_them() -> None:
    readme = (slips.FILE.parent.parent / "README.md").read_text("utf-8")
    assert f"{len(SLIPS)} common slips" in readme


def test_both_languages_have_the_same_code_and_their_own_words() -> None:
    for english, korean in zip(SLIPS, slips.read("ko"), strict=True):
        for field in ("name", "before", "wrong", "right", "kind", "raised", "message", "terms"):
            assert getattr(english, field) == getattr(korean, field), english.name
        assert HANGUL.search(korean.title), korean.name
        assert HANGUL.search(korean.about), korean.name
        assert not HANGUL.search(english.title + english.about + english.wrong + english.right)
        assert english.about.endswith(".")
        assert english.wrong != english.right


BROKEN = {
    "missing or unknown right, rigth": lambda text: text.replace("\nright =", "\nrigth =", 1),
    "exactly one of": lambda text: text.replace('error = "ValueError"\n', "", 1),
    "a message belongs to what is said": lambda text: re.sub("\nmessage = .+", "", text, count=1),
    "about is not given in every language": lambda text: re.sub(
        "\nabout.ko = .+", "", text, count=1
    ),
    "no lesson sumary": lambda text: text.replace('["summary"]', '["sumary"]', 1),
    "Slips of the same name: patience": lambda text: text.replace('"metrics"\n', '"patience"\n', 1),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_table_that_is_built_in_another_way_is_refused(reason: str) -> None:
    source = slips.FILE.read_text("utf-8")
    broken = BROKEN[reason](source)
    assert broken != source
    with pytest.raises(ValueError, match=reason):
        slips.parse(broken, "ko")


def test_there_are_no_slips_in_another_language() -> None:
    assert set(texts.LANGUAGES) == {"en", "ko"}
    with pytest.raises(KeyError):
        slips.read("de")
