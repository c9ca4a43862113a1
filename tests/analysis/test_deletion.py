"""What is read from deletion and insertion curves."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_core.analysis import deletion


def test_the_first_tenth_is_the_second_step_of_twenty():
    assert deletion.replaced_shares()[deletion.TENTH] == pytest.approx(0.1)
    assert deletion.replaced_shares()[[0, -1]].tolist() == [0, 1]


def test_a_fall_is_negative_and_a_rise_positive():
    falls = 1 - deletion.replaced_shares()
    moved = deletion.after_a_tenth(np.stack([falls, falls[::-1]]))
    np.testing.assert_allclose(moved, [-0.1, 0.1])


def test_the_area_is_the_mean_height():
    assert deletion.area(np.full(deletion.STEPS + 1, 0.7)) == pytest.approx(0.7)
    assert deletion.area(deletion.replaced_shares()) == pytest.approx(0.5)
    at_once = np.zeros(deletion.STEPS + 1)
    at_once[0] = 1
    assert deletion.area(at_once) == pytest.approx(0.5 / deletion.STEPS)
