"""The order of the images in an epoch."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from numpy.testing import assert_array_equal

from cnn_core.training.batches import image_order


@given(some.integers(1, 2000), some.integers(0, 2**31 - 1), some.integers(0, 99))
def test_an_image_order_holds_every_image_once_and_follows_from_seed_and_epoch(
    count: int, seed: int, epoch: int
) -> None:
    order = image_order(count, seed, epoch)
    assert_array_equal(np.sort(order), np.arange(count))
    assert_array_equal(order, image_order(count, seed, epoch))
    if count >= 20:
        assert (order != image_order(count, seed, epoch + 1)).any()
        assert (order != image_order(count, seed + 1, epoch)).any()
