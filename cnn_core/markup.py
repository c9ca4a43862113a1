"""HTML from templates: the one Jinja environment, in which every value is escaped.

A value that is HTML already is `Markup`: what `fill` and `fill_file` return, alone or in a list.
"""

from __future__ import annotations

import re
from functools import cache

import jinja2
from markupsafe import Markup, escape

from cnn_core.paths import ASSETS

_BOLD = re.compile(r"\*\*(.+?)\*\*")


def fill(template: str, /, **slots: object) -> Markup:
    """HTML from a short template that stands in the code, such as `"<b>{{ name }}</b>"`.

    Args:
        template: Written out where it is used; never put together from values.
        slots: What its `{{ slots }}` show.

    Raises:
        jinja2.UndefinedError: If a slot of the template was not given.
    """
    return Markup(_template(template).render(slots))


def fill_file(name: str, /, **slots: object) -> Markup:
    """HTML from a template file in the folder of assets.

    Raises:
        jinja2.TemplateNotFound: If there is no such file.
        jinja2.UndefinedError: If a slot of the template was not given.
    """
    return Markup(_environment().get_template(name).render(slots))


@cache
def _template(template: str) -> jinja2.Template:
    return _environment().from_string(template)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters["bold"] = bold
    return environment


def bold(text: str) -> Markup:
    """`text` escaped, with **bold** as in Markdown."""
    return Markup(_BOLD.sub(r"<b>\1</b>", str(escape(text))))
