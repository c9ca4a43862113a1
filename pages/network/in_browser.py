"""Networks that the visitor's browser computes with: which it gets, and where it fetches them."""

from __future__ import annotations

from functools import lru_cache

from streamlit import runtime

from cnn_core import browser, runs
from cnn_core.arithmetic import layer_table, totals
from cnn_core.errors import CnnError
from pages.session import files

# What a notebook computes within a frame and a phone loads in a few seconds. The textbook network has
# 4 million multiply-adds and 1.3 MB, and takes 3 ms; a frame takes a cheap phone about 100 ms.
MOST_MULTIPLICATIONS = 12_000_000
MOST_PARAMETERS = 2_000_000


def small(run: runs.Run) -> bool:
    """Whether a browser computes that network fast enough."""
    sums = totals(layer_table(run.model))
    return sums.multiplications <= MOST_MULTIPLICATIONS and sums.params <= MOST_PARAMETERS


def reads(run: runs.Run) -> bool:
    """Whether browsers get that network: it is small enough, and there is a server to fetch it from."""
    return runtime.exists() and small(run) and _packed(run) is not None


def address(run: runs.Run, place: str) -> dict[str, str]:
    """Name and address of a network that browsers get, as `assets/reading/store.js` takes them.

    Args:
        run: One that `reads` allows.
        place: The file's name on the page; another one for each network shown there.
    """
    packed = _packed(run)
    assert packed is not None, "reads(run) said so"
    return {"name": packed.name, "url": files.address(packed.data, place)}


def _packed(run: runs.Run) -> browser.Packed | None:
    """The network for browsers, or None where its weights cannot be read."""
    try:
        changed = (run.folder / browser.FILE).stat().st_mtime_ns
        return _pack(run.id, changed)
    except (CnnError, OSError):
        return None


@lru_cache(maxsize=16)
def _pack(run_id: str, changed: int) -> browser.Packed:
    """Packed once for all visitors, and again when a training has kept better weights."""
    return browser.pack(runs.open_run(run_id))
