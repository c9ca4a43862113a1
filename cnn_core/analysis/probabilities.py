"""How a probability is written, the same everywhere."""

from __future__ import annotations


def percent(probability: float, digits: int = 1) -> str:
    """A probability in percent; never "100%", since a softmax leaves every class something.

    Args:
        probability: 0 to 1.
        digits: After the point.
    """
    most = 1 - 0.5 * 10.0 ** -(2 + digits)  # from here on it would be rounded up to 100
    if probability >= most:
        return f"> {1 - 10.0 ** -(2 + digits):.{digits}%}"
    return f"{probability:.{digits}%}"
