"""Adversarial images: which sizes of a change are tried, and by which methods."""

from __future__ import annotations

METHODS = ("fast", "iterated")
SIZES = tuple(round(step / 200, 3) for step in range(61))
"""How far each pixel may go, from 0 to 0.3 of the range from black to white."""

ITERATIONS = 10  # steps of the iterated method
