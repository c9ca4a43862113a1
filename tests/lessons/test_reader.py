"""Lessons: the same in both languages, every number in them calculated, every line of code in them run."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.analysis.kernels import Glorot
from cnn_core.lessons import formulas, reader
from cnn_core.lessons.reader import LESSONS, Lesson

HANGUL = re.compile("[가-힣]")
# Names that hold a digit, and places in an array.
NAMES = re.compile(
    r"\b(Conv2D|MaxPooling2D|(convolve|correlate)2d|float32|uint8|(conv|pool|dense)\d)(?![A-Za-z\d])"
    r"|\[[-\d:, ]+\]"
)
ENGLISH_NUMBERS = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty-\w+|twenty|thirty"
    r"|hundreds?|thousands?|millions?|twice|thrice|half|halves|double[sd]?|tripled?|quarter|third|dozen)\b",
    re.IGNORECASE,
)
KOREAN_NUMBERS = re.compile(
    r"(?<![가-힣])((두|세|네|다섯|여섯|일곱|여덟|아홉|열|스무|수십|수백|수천|수만|백|천|만)"
    r"(?= ?(개|번|배|칸|층|장|가지|값|수|픽셀|단계|줄|곳|자리|차례|채널|클래스|쪽|묶음|반복))"
    r"|(둘|셋|넷|다섯|여섯|일곱|여덟|아홉)(?=[은는이가을를로으과와도만째,. ]|$))"
    r"|절반|반으로|(?<=[\s(])배로|이십|삼십|백분율"
)
UNTRAINED = reader.FOLDER.parent / "models" / "fashion" / "snapshots" / "epoch-000.npz"


def untrained(name: str) -> np.ndarray:
    """Weights of a network that has only been built."""
    with np.load(UNTRAINED) as arrays:
        return arrays[name]


# A number or number word that no slot calculates, with the calculation that checks it.
CHECKED: dict[tuple[str, str], Callable[[], object]] = {
    ("padding", "0"): lambda: int(np.pad(np.ones(1), 1)[0]),
    ("kernel", "0"): lambda: int((np.array([[-1, 0, 1]] * 3) * 7).sum()),
    ("kernel", "1"): lambda: round(np.full((3, 3), 1 / 9).sum()),
    ("confusion_matrix", "0"): lambda: int(False),  # verbose=0: no progress bar
    ("confusion_matrix", "1"): lambda: np.eye(10).argmax(axis=1).ndim,
    ("evaluate_predict", "1"): lambda: np.eye(10).argmax(axis=1).ndim,
    ("feature_map", "0"): lambda: int(np.maximum(-5, 0)),
    ("activation", "0"): lambda: int(np.maximum(np.array([-5, -1]), 0).max()),
    ("dropout", "0"): lambda: int((np.ones(9) * (np.arange(9) > 2)).min()),
    ("softmax", "1"): lambda: round((np.exp([2, 1, 0]) / np.exp([2, 1, 0]).sum()).sum()),
    ("compile", "0"): lambda: int(np.eye(10)[3].min()),
    ("compile", "1"): lambda: int(np.eye(10)[3].max()),
    ("learning_rate", "0"): lambda: int(min(range(-9, 9), key=lambda weight: weight * weight)),
    ("initialization", "0"): lambda: int(np.abs(untrained("conv1/bias")).max()),
    ("activation_functions", "0"): lambda: round(np.maximum(-5, 0) + 1 / (1 + np.exp(9))),
    ("activation_functions", "1"): lambda: round(np.tanh(9)),
    ("gradient", "0"): lambda: round(np.gradient(np.square([-0.1, 0, 0.1]), 0.1)[1]),
    ("history", "0"): lambda: next(iter(range(5))),  # Keras: for epoch in range(epochs)
    ("history", "1"): lambda: int(sorted(UNTRAINED.parent.glob("*.npz"))[1].stem[-3:]),
    ("schedule", "0"): lambda: round(0.001 * (1 + np.cos(np.pi)) / 2),
    ("stride", "1"): lambda: round(4 * (14 * 14) / (28 * 28)),
    ("initialization", "6"): lambda: round(Glorot.of((3, 3, 1, 32)).limit ** 2 * (9 + 288)),
}


def sources() -> Iterator[tuple[str, str, str]]:
    for language in texts.LANGUAGES:
        for name in LESSONS:
            yield language, name, (reader.FOLDER / language / f"{name}.md").read_text("utf-8")


def unreckoned(language: str, source: str) -> list[str]:
    """Every number in digits or words outside of slots and of the given ones."""
    text = re.sub(r"<!-- (given|also): .+? -->\n", "", source)
    text = NAMES.sub(" ", formulas.SLOT.sub(" ", text))
    words = KOREAN_NUMBERS if language == "ko" else ENGLISH_NUMBERS
    runs = re.findall(r"\S*?((?:\d[\d,.]*)?\d)", text)
    odd = [sign for sign in text if unicodedata.category(sign) in {"No", "Nl"}]
    return runs + odd + [found.group() for found in words.finditer(text)]


def test_the_folders_hold_every_lesson_and_nothing_else() -> None:
    for language in texts.LANGUAGES:
        assert {path.stem for path in (reader.FOLDER / language).iterdir()} == set(LESSONS)


def test_the_readme_counts_them() -> None:
    readme = (reader.FOLDER.parent.parent / "README.md").read_text("utf-8")
    assert f"{len(LESSONS)} terms" in readme


def test_both_languages_are_built_the_same() -> None:
    for name in LESSONS:
        said = {language: reader.read(language, name) for language in texts.LANGUAGES}
        assert len({(len(one.options), one.right) for one in said.values()}) == 1, name
        assert len({tuple(map(bool, one.reasons)) for one in said.values()}) == 1, name
        assert code(said["en"]) == code(said["ko"]), name
        assert said["en"].body.count("\n\n") == said["ko"].body.count("\n\n"), name


def test_the_correct_choice_is_no_habit() -> None:
    """Always pressing the same letter is correct in about a third of the lessons."""
    places = Counter(reader.read("en", name).right for name in LESSONS)
    assert set(places) == {0, 1, 2}
    assert all(0.2 < count / len(LESSONS) < 0.45 for count in places.values())


def test_every_wrong_choice_has_a_sentence_of_its_own() -> None:
    for language in texts.LANGUAGES:
        sentences = []
        for name in LESSONS:
            said = reader.read(language, name)
            assert said.reasons[said.right] == ""
            mine = [reason for place, reason in enumerate(said.reasons) if place != said.right]
            assert all(reason.endswith(".") and len(reason) > 15 for reason in mine), name
            assert all(bool(HANGUL.search(reason)) == (language == "ko") for reason in mine)
            sentences += mine
        assert len(set(sentences)) == len(sentences) == 2 * len(LESSONS)


def test_choices_stand_in_the_same_order_every_time() -> None:
    first = reader.read("en", "padding")
    source = (reader.FOLDER / "en" / "padding.md").read_text("utf-8")
    assert reader.parse("padding", source) == first
    names = ("padding", "stride", "kernel", "loss", "dense", "filter")
    assert len({tuple(reader.order(name, 3)) for name in names}) > 1


def test_both_languages_reckon_the_same() -> None:
    found: dict[str, dict[str, set[Any]]] = {name: {} for name in LESSONS}
    for language, name, source in sources():
        found[name][language] = {slot[1] for slot in formulas.SLOT.findall(source)}
        found[name][f"given {language}"] = set(reader.given_in(source))
    for name, sets in found.items():
        assert sets["en"] == sets["ko"], name
        assert sets["given en"] == sets["given ko"], name


def test_every_number_in_a_lesson_is_reckoned_or_checked() -> None:
    used = set()
    for language, name, source in sources():
        for number in unreckoned(language, source):
            assert (name, number) in CHECKED, f"{language}/{name}.md says {number} by itself"
            assert str(CHECKED[name, number]()) == number
            used.add((name, number))
    assert used == set(CHECKED)


def test_no_slot_only_repeats_a_number() -> None:
    for language, name, source in sources():
        for _, words, _ in formulas.SLOT.findall(source):
            assert not re.fullmatch(r"[-\d.\s()]+", words), f"{language}/{name}.md: {words}"
        for given, _ in reader.given_in(source):
            used = [words for _, words, _ in formulas.SLOT.findall(source) if words != given]
            assert any(re.search(rf"\b{given}\b", words) for words in used), (name, given)


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "It has {{conv1.channels}} maps in `conv1` of Conv2D.", []),
        ("en", "It has 32 maps, 1,024.5 numbers.", ["32", "1,024.5"]),
        ("en", "Two maps become half as large: 7².", ["7", "²", "Two", "half"]),
        ("en", "<!-- given: a = 5 -->\nIt has {{a}}.", []),
        ("en", "conv9 and x3", ["3"]),
        ("ko", "맵이 두 개이고 절반이 됩니다. 세로와 네모, 열린", ["두", "절반"]),
        ("ko", "층을 셋으로", ["셋"]),
    ],
)
def test_the_check_finds_every_number(language: str, text: str, found: list[str]) -> None:
    assert unreckoned(language, text) == found


FUNCTIONS = {
    **{"floor": np.floor, "ceil": np.ceil},
    **{"ln": np.log, "exp": np.exp, "sqrt": np.sqrt},
}
EQUATION = re.compile(
    r"((?:ln\(|exp\(|√|[\d(−⌊⌈])(?:ln|exp|√|\d,\d|[\d.×/+−()⌊⌋⌈⌉ ])*) = (−?[\d,]*\d(?:\.\d+)?%?)"
)
"""A sum and its result, as a reader sees them."""


def test_every_equation_that_is_shown_holds() -> None:
    signs = {
        "×": "*",
        "−": "-",
        "⌊": "floor(",
        "⌋": ")",
        "⌈": "ceil(",
        "⌉": ")",
        "√": "sqrt",
        ",": "",
    }
    count = 0
    for language in texts.LANGUAGES:
        for name in LESSONS:
            for left, right in EQUATION.findall(shown(language, name)):
                plain = "".join(signs.get(sign, sign) for sign in left)
                value = eval(plain, FUNCTIONS)
                result = float(right.replace(",", "").replace("−", "-").rstrip("%"))
                places = len(right.rstrip("%").partition(".")[2])
                scale = 100 if right.endswith("%") else 1
                assert value * scale == pytest.approx(result, abs=0.5 * 10**-places + 1e-9), left
                count += 1
    assert count >= 2 * 6


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_short_and_whole(name: str, language: str) -> None:
    said = reader.read(language, name)
    assert "{{" not in whole(said)
    assert "\n" not in said.title + said.definition + said.question
    assert len(set(said.options)) == len(said.options)
    assert bool(HANGUL.search(said.title + said.definition)) == (language == "ko")
    words = len((said.body + " " + said.answer).split())
    assert (80 if language == "en" else 55) <= words <= 210


def test_a_lesson_built_in_another_way_is_refused() -> None:
    good = "<!-- also: c, d -->\n# T\n\n> D\n\nB\n\n## Q\n\n- [x] a\n- [ ] b\n  no\n\nA"
    said = reader.parse("t", good)
    assert dict(zip(said.options, said.reasons, strict=True)) == {"a": "", "b": "no"}
    assert said.options[said.right] == "a"
    assert said.synonyms == ("c", "d")
    for bad in (
        good.replace("[x]", "[ ]"),
        good.replace("[ ]", "[x]"),
        good.replace("> D\n\n", ""),
        good.replace("\n  no", ""),
        good.replace("] a", "] a\n  yes"),
    ):
        with pytest.raises(ValueError, match="lesson t"):
            reader.parse("t", bad)


def test_only_what_there_is_can_be_read() -> None:
    for language, name in (("en", "nothing"), ("de", "padding"), ("en", "../en/padding")):
        with pytest.raises(KeyError):
            reader.read(language, name)


def whole(said: Lesson) -> str:
    return "\n".join(
        (
            said.title,
            said.definition,
            said.body,
            said.question,
            *said.options,
            *said.reasons,
            said.answer,
        )
    )


def shown(language: str, name: str) -> str:
    return whole(reader.read(language, name)).replace(formulas.NO_BREAK, " ")


def code(said: Lesson) -> list[str]:
    return re.findall(r"```python\n(.*?)```", whole(said), re.DOTALL)


def run(snippet: str, names: dict[str, Any]) -> int:
    """Run a snippet line by line; of `expression  # value`, compare the value. Returns how many."""
    compared = 0
    lines = snippet.strip().split("\n")
    block: list[str] = []
    for line in lines:
        block.append(line)
        expression, mark, value = line.partition("  # ")
        if mark:
            exec("\n".join(block[:-1]), names)
            found = eval(expression, names)
            assert str(found) == value, f"{expression} is {found}, not {value}"
            compared += 1
            block = []
    exec("\n".join(block), names)
    return compared


def test_the_snippets_are_compared() -> None:
    assert run("x = [\n  1]\nx  # [1]\ny = x\ny[0]  # 1", {}) == 2
    with pytest.raises(AssertionError, match="not 3"):
        run("1 + 1  # 3", {})


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in LESSONS if code(reader.read("en", name))])
def test_the_code_in_a_lesson_runs(name: str, tmp_path: Any, monkeypatch: Any) -> None:
    import keras
    from keras import layers

    from cnn_core.config import TEXTBOOK
    from cnn_core.model import build

    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    images = rng.random((64, *TEXTBOOK.input_shape), dtype=np.float32)
    names = {
        **{"keras": keras, "layers": layers, "np": np, "model": build(TEXTBOOK)},
        **{"images": images, "image": images[:1], "labels": rng.integers(0, 10, 64)},
    }
    for snippet in code(reader.read("en", name)):
        run(snippet, names)
