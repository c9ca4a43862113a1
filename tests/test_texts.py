"""Both languages hold the same keys and slots; numbers and particles fit what is filled in."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from string import Formatter

import pytest

from cnn_core import texts
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.figures.curves import CurveWords
from cnn_core.figures.layer_curves import MEASURES, LayerWords
from cnn_core.planning.limits import Limits

ROOT = Path(__file__).parent.parent
EN, KO = texts.table("en"), texts.table("ko")

HANGUL = re.compile("[가-힣]")
# Names, units and formulas that read the same in Korean; anything with two plain words does not.
TWO_WORDS = re.compile(r"[a-z]{3,} [a-z]{3,}")


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def bare(text: str) -> str:
    """What a text says itself: without its slots."""
    return "".join(words for words, _, _, _ in Formatter().parse(text))


def test_both_languages_hold_the_same_keys() -> None:
    assert EN.keys() == KO.keys()


def test_both_languages_fill_the_same_slots() -> None:
    different = {key for key in EN.keys() & KO.keys() if slots(EN[key]) != slots(KO[key])}
    assert different == set()


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_text_says_something_and_can_be_filled(language: str) -> None:
    for key, text in texts.table(language).items():
        assert text.strip(), key
        filled = texts.say(language, key, **dict.fromkeys(slots(text), 1))
        assert "{" not in filled, key


def test_korean_texts_are_in_korean() -> None:
    plain = {key: text for key, text in KO.items() if not HANGUL.search(text)}
    assert {key for key, text in plain.items() if TWO_WORDS.search(text)} == set()
    worded = {key: text for key, text in plain.items() if re.search("[A-Za-z]{2}", bare(text))}
    assert {key for key, text in worded.items() if text != EN[key]} == set()


def test_english_texts_hold_no_hangul() -> None:
    assert {key for key, text in EN.items() if HANGUL.search(text)} <= {"frame.language"}


def test_korean_particles_after_a_slot_fit_any_word() -> None:
    """은 or 는, 이 or 가, 을 or 를 depends on the word before, which a slot does not know."""
    after_slot = re.compile(r"\}(은|는|이|가|을|를|와|과|로|으로)(?=[\s,.])")
    assert {key for key, text in KO.items() if after_slot.search(text)} == set()


# After each word: 은/는, 이/가, 을/를, 과/와, (으)로.
PARTICLES = {
    "셔츠": "는 가 를 와 로",
    "가방": "은 이 을 과 으로",
    "샌들": "은 이 을 과 로",
    "학습률": "은 이 을 과 로",
    "수용 영역": "은 이 을 과 으로",
    "0": "은 이 을 과 으로",
    "1": "은 이 을 과 로",
    "2": "는 가 를 와 로",
    "3": "은 이 을 과 으로",
    "4": "는 가 를 와 로",
    "5": "는 가 를 와 로",
    "6": "은 이 을 과 으로",
    "7": "은 이 을 과 로",
    "8": "은 이 을 과 로",
    "9": "는 가 를 와 로",
    "10": "은 이 을 과 으로",
    "1,000": "은 이 을 과 으로",
    "0.0005": "는 가 를 와 로",
    "98.1%": "는 가 를 와 로",
    "3.1 MB": "는 가 를 와 로",
    "28×28": "은 이 을 과 로",
    "conv1": "은 이 을 과 로",
    "conv2": "는 가 를 와 로",
    "20261127-095312-a3f0": "은 이 을 과 으로",
    "20261127-095312-a3fb": "는 가 를 와 로",
    "L": "은 이 을 과 로",
    "M": "은 이 을 과 으로",
    "N": "은 이 을 과 으로",
    "R": "은 이 을 과 로",
    "K": "는 가 를 와 로",
    "T": "는 가 를 와 로",
    "URL": "은 이 을 과 로",
    "MNIST": "는 가 를 와 로",
    "CNN": "은 이 을 과 으로",
    "Adam": "은 이 을 과 으로",
    "SGD": "는 가 를 와 로",
    "kernel": "은 이 을 과 로",
    "fashion": "은 이 을 과 으로",
    "padding": "은 이 을 과 으로",
    "dropout": "은 이 을 과 으로",
    "same": "는 가 를 와 로",
    "filter": "는 가 를 와 로",
    "ReLU": "는 가 를 와 로",
    "Keras": "는 가 를 와 로",
    "**셔츠**": "는 가 를 와 로",
    "**가방**": "은 이 을 과 으로",
    "“가방”": "은 이 을 과 으로",
    "‘셔츠’": "는 가 를 와 로",
    "`conv2`": "는 가 를 와 로",
    "best.keras": "는 가 를 와 로",
    "레이블_3_": "은 이 을 과 으로",
    "셔츠 (3)": "는 가 를 와 로",
    "과대적합(overfitting)": "은 이 을 과 으로",
    "(28, 28, 1)": "은 이 을 과 로",
    "": "는 가 를 와 로",
    "?!": "는 가 를 와 로",
}


@pytest.mark.parametrize("word", PARTICLES)
def test_a_particle_fits_the_sound_before_it(word: str) -> None:
    for pairs in ("은(는) 이(가) 을(를) 과(와) (으)로", "는(은) 가(이) 를(을) 와(과) (으)로"):
        filled = [texts.fill("{word}" + pair, word=word) for pair in pairs.split()]
        assert filled == [word + particle for particle in PARTICLES[word].split()]


def test_other_particles_fit_too() -> None:
    found = [texts.fill("{word}(이)라는 {word}(이)나 {word}아(야)", word=word) for word in "뷔별"]
    assert found == ["뷔라는 뷔나 뷔야", "별이라는 별이나 별아"]


def test_what_a_slot_says_stays_as_it_is() -> None:
    assert texts.fill("{name}을(를) {name}", name="은(는)") == "은(는)을 은(는)"
    assert texts.fill("f(x) {name}", name="y") == "f(x) y"


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1 run"), (0, "0 runs"), (21, "21 runs"), ("1,001", "1,001 runs"), ("0.1", "0.1 runs")],
)
def test_an_english_plural_follows_the_number_in_its_slot(number: object, text: str) -> None:
    assert texts.fill("Only {count} run[s] left", count=number) == f"Only {text} left"


def test_a_plural_is_marked_only_where_it_is_filled() -> None:
    marked = {key for key in EN if "[s]" in EN[key]}
    assert marked
    for key in marked:
        singular = texts.say("en", key, **dict.fromkeys(slots(EN[key]), 1))
        assert "[s]" not in singular
        assert EN[key].count("[s]") == len(
            re.findall(r"} (?:[A-Za-z-]+ )?[A-Za-z-]+\[s\]", EN[key])
        ), key
    assert not [key for key in KO if "[s]" in KO[key]]


def test_no_filled_text_shows_both_forms_of_a_particle() -> None:
    """Whatever the slots hold, and in texts without any."""
    both = re.compile(r"[가-힣]?\([은는이가을를과와으아야]\)")
    for key, text in KO.items():
        for word in ("가방", "셔츠", 3, 0.5, "conv1"):
            said = texts.say("ko", key, **dict.fromkeys(slots(text), word))
            assert not both.search(said), key


def test_texts_that_are_not_filled_by_say_know_their_particles() -> None:
    """Figures and the browser fill their words by themselves."""
    modules = [path.stem for path in (ROOT / "cnn_core" / "figures").glob("*.py")]
    classes = {
        thing
        for name in modules
        for thing in vars(import_module(f"cnn_core.figures.{name}")).values()
        if isinstance(thing, type) and thing.__name__.endswith("Words") and hasattr(thing, "of")
    }
    assert len(classes) >= 6
    views = {CurveWords: ("loss", "accuracy"), LayerWords: MEASURES}
    said = [str(one.of(KO, view)) for one, names in views.items() for view in names]
    said += [str(one.of(KO)) for one in classes - views.keys()]
    said += [text for key, text in KO.items() if ".js." in key]
    assert not any(texts.PAIR.search(text) for text in said)
    english = [str(words.of(EN, view)) for words, names in views.items() for view in names]
    english += [str(words.of(EN)) for words in classes - views.keys()]
    english += [text for key, text in EN.items() if ".js." in key]
    assert not any(texts.PAIR.search(text) for text in english)


@pytest.mark.parametrize("kind", [ConvBlock, ModelConfig, TrainConfig])
def test_every_setting_has_a_label_and_a_help(kind: type) -> None:
    for field in fields(kind):
        assert f"field.{field.name}" in EN
        assert f"help.{field.name}" in EN


def test_every_cap_has_a_label() -> None:
    for field in fields(Limits):
        assert f"field.CONVSCOPE_MAX_{field.name.upper()}" in EN


def test_an_unknown_language_or_key_is_refused() -> None:
    with pytest.raises(KeyError):
        texts.table("../en")
    with pytest.raises(KeyError):
        texts.say("en", "no.such.key")
    with pytest.raises(KeyError, match="minimum"):
        texts.say("en", "error.rule.at_least", label="Epochs", field="epochs", value=0)
    assert texts.has("error.shape")
    assert not texts.has("no.such.key")


def test_every_field_that_the_checks_of_config_name_has_a_label() -> None:
    checks = {"check_whole", "_number", "_one_of", "_several", "parse_int", "_parse_float"}
    source = (ROOT / "cnn_core" / "config.py").read_text("utf-8")
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    named = {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in checks
        if isinstance(call.args[0], ast.Constant)
    }
    assert named >= {"filters", "dense_layers", "dropout"}
    assert {name for name in named if f"field.{name}" not in EN} == set()
