"""The words of a figure: one class per figure, filled from a section of the texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class FigureWords:
    """What is written in a figure. A subclass names its texts as fields, and the section they are in."""

    SECTION: ClassVar[str]

    @classmethod
    def of(cls, table: Mapping[str, str]) -> Self:
        """The words from a table such as `texts.table("ko")`."""
        return cls(**{field.name: table[f"{cls.SECTION}.{field.name}"] for field in fields(cls)})
