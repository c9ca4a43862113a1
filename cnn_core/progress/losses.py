"""A loss as a reader sees it: three digits, and no "e+06"."""

from __future__ import annotations

import math

SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LARGE = 1e6  # from here on as a power of ten


def loss_text(value: float) -> str:
    """Such as "0.412", "1,320" or "1.32 × 10⁹"; "nan" and "inf" as Python writes them."""
    if not math.isfinite(value):
        return str(value)
    if value < 100:
        return f"{value:.3f}"
    rounded = float(f"{value:.3g}")
    if rounded < LARGE:
        return f"{rounded:,.0f}"
    digits, _, exponent = f"{value:.2e}".partition("e")
    return f"{digits} × 10{str(int(exponent)).translate(SUPERSCRIPT)}"
