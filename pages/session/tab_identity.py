"""Streamlit takes tabs with other labels for other tabs, even where they have a key.

The browser then draws everything in them again, and what the visitor has typed there and not sent yet is
lost: in the playground with each change of the language. `install` makes the key alone their identity, as
it is for Streamlit's widgets.
"""

from __future__ import annotations

from typing import Any

from streamlit.elements import layouts


def install() -> None:
    """Let tabs with a key be the same tabs whatever their labels are."""
    compute = layouts.compute_and_register_element_id
    if getattr(compute, "by_key", False):
        return

    def by_key(element_type: str, **settings: Any) -> str:
        if element_type == "tabs":
            settings["key_as_main_identity"] = True
        return compute(element_type, **settings)

    by_key.by_key = True  # type: ignore[attr-defined]
    layouts.compute_and_register_element_id = by_key
