"""A loss is written without an exponent that only programmers read."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core.progress.losses import SUPERSCRIPT, loss_text

PLAIN = {sign: digit for digit, sign in SUPERSCRIPT.items()}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.4123, "0.412"),
        (99.9, "99.900"),
        (1316.7, "1,320"),
        (999_900, "1.00 × 10⁶"),
        (1.3166e6, "1.32 × 10⁶"),
        (2e38, "2.00 × 10³⁸"),
        (math.inf, "inf"),
    ],
)
def test_three_digits(value: float, text: str) -> None:
    assert loss_text(value) == text


@given(st.floats(0, 3e38))
def test_what_is_written_is_the_value(value: float) -> None:
    digits, _, power = loss_text(value).partition(" × 10")
    read = float(digits.replace(",", "")) * 10.0 ** int(power.translate(PLAIN) or 0)
    assert read == pytest.approx(value, rel=6e-3, abs=6e-4)
    assert "e" not in digits
