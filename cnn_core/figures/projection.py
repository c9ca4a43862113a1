"""Charts for the back row: the same chart with everything that is measured in pixels enlarged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FACTOR = 1.4  # as assets/present/present.css: 14 pixels become 19.6, the height of a chart, too
LENGTHS = {
    "fontSize", "textFontSize", "lineHeight", "nameGap", "itemGap", "itemWidth", "itemHeight", "itemSize",
    "left", "right", "top", "bottom", "width", "height", "maxWidth", "minWidth", "distance", "padding",
    "symbolSize", "barWidth", "barMaxWidth", "nameTruncateWidth", "margin",
}  # fmt: skip
"""What ECharts measures in pixels; in percent it is text and stays."""
FONTS = ("font", "tickfont")


def enlarged_option(option: Mapping[str, Any]) -> dict[str, Any]:
    """An ECharts option for a chart that is `FACTOR` times as high; the option given is not changed."""
    return {
        key: _scaled(value) if key in LENGTHS else _enlarged(value) for key, value in option.items()
    }


def enlarged_figure(figure: Mapping[str, Any]) -> dict[str, Any]:
    """A Plotly figure, as its dictionary, with larger text and margins; the one given is not changed."""
    enlarged: dict[str, Any] = _enlarged_part(figure)
    return enlarged


def _enlarged(value: Any) -> Any:
    if isinstance(value, Mapping):
        return enlarged_option(value)
    if isinstance(value, list):
        return [_enlarged(member) for member in value] if _holds_parts(value) else value
    return value


def _holds_parts(values: list[Any]) -> bool:
    """Whether a list may hold options: the numbers of a series are passed over."""
    return any(isinstance(member, (Mapping, list)) for member in values)


def _scaled(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return round(value * FACTOR, 1)
    if isinstance(value, list):
        return [_scaled(member) for member in value]
    return _enlarged(value)


def _enlarged_part(part: Any) -> Any:
    if isinstance(part, Mapping):
        return {key: _plotly_value(key, value) for key, value in part.items()}
    if isinstance(part, (list, tuple)) and _has_mappings(part):
        return [_enlarged_part(member) for member in part]
    return part


def _has_mappings(members: Sequence[Any]) -> bool:
    return any(isinstance(member, Mapping) for member in members)


def _plotly_value(key: str, value: Any) -> Any:
    if key == "margin":
        return {side: _scaled(pixels) for side, pixels in value.items()}
    if isinstance(value, Mapping) and key.endswith(FONTS):
        size = {"size": _scaled(value["size"])} if "size" in value else {}
        return {**value, **size}
    return _enlarged_part(value)
