"""Size and colour of every word in an ECharts option, so that no chart falls back on 12 faint pixels."""

from __future__ import annotations

from typing import Any

from cnn_core.figures.charts import TEXT_PX, TITLE_PX
from cnn_core.figures.palette import Palette

Option = dict[str, Any]

TITLE_LINE = 22  # height in pixels: at the top of a chart less would clip Korean letters
AXES = ("xAxis", "yAxis", "parallelAxis")
MARKS = ("markLine", "markPoint", "markArea")


def readable_option(option: Option, palette: Palette) -> Option:
    """The same chart with text of at least 14 pixels in colours that can be read on the theme.

    What a figure says itself about its text stands; the option that was given is not changed.

    Args:
        option: Of one chart.
        palette: Of the theme.
    """
    body = {"fontSize": TEXT_PX, "color": palette.quiet}
    styled = {**option, "textStyle": {**body, **option.get("textStyle", {})}}
    for axis in AXES:
        if axis in option:
            styled[axis] = _each(option[axis], lambda part: _axis(part, body))
    if "title" in option:
        styled["title"] = _each(option["title"], lambda part: _title(part, palette))
    if "legend" in option:
        styled["legend"] = _each(option["legend"], lambda part: _legend(part, body, palette))
    if "visualMap" in option:
        styled["visualMap"] = _each(
            option["visualMap"], lambda part: _with(part, "textStyle", body)
        )
    if "parallel" in option:
        default = _with(option["parallel"]["parallelAxisDefault"], "nameTextStyle", body)
        styled["parallel"] = {**option["parallel"], "parallelAxisDefault": default}
    if "tooltip" in option:
        styled["tooltip"] = _tooltip(option["tooltip"], palette)
    if "toolbox" in option:
        styled["toolbox"] = _toolbox(option["toolbox"], palette)
    if "series" in option:
        styled["series"] = _each(option["series"], lambda part: _series(part, body))
    if "media" in option:
        styled["media"] = [
            {**case, "option": readable_option(case["option"], palette)} for case in option["media"]
        ]
    return styled


def _each(part: Any, style: Any) -> Any:
    return [style(member) for member in part] if isinstance(part, list) else style(part)


def _with(part: Option, key: str, style: Option) -> Option:
    return {**part, key: {**style, **part.get(key, {})}}


def _axis(axis: Option, body: Option) -> Option:
    styled = _with(_with(axis, "axisLabel", body), "nameTextStyle", body)
    if "axisPointer" in axis:
        styled["axisPointer"] = _with(axis["axisPointer"], "label", body)
    return styled


def _title(title: Option, palette: Palette) -> Option:
    head = {
        "fontSize": TITLE_PX, "fontWeight": "normal", "color": palette.text, "lineHeight": TITLE_LINE,
    }  # fmt: skip
    below = {"fontSize": TEXT_PX, "color": palette.quiet}
    return _with(_with(title, "textStyle", head), "subtextStyle", below)


def _legend(legend: Option, body: Option, palette: Palette) -> Option:
    styled = _with(_with(legend, "textStyle", body), "pageTextStyle", body)
    icons = {"pageIconColor": palette.quiet, "pageIconInactiveColor": palette.mark}
    return {**icons, **styled}


def _tooltip(tooltip: Option, palette: Palette) -> Option:
    text = {"fontSize": TEXT_PX, "color": palette.text}
    return _with({"backgroundColor": palette.background, **tooltip}, "textStyle", text)


def _toolbox(toolbox: Option, palette: Palette) -> Option:
    emphasis = toolbox.get("emphasis", {})
    text = {"textFontSize": TEXT_PX, "textFill": palette.text}
    return {**toolbox, "emphasis": _with(emphasis, "iconStyle", text)}


def _series(series: Option, body: Option) -> Option:
    styled = _with(series, "label", body)
    for mark in MARKS:
        if mark in series:
            styled[mark] = _with(series[mark], "label", body)
    return styled
