"""Knows how many tokens a model can hold. Refuses to override what an agent recorded: its own number is better."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from holdfast.pricing.names import LONG, makers, spellings, split

if TYPE_CHECKING:
    from holdfast.pricing.table import Entry

_MILLION = 1_000_000
_STEPS = (128_000, 200_000, 256_000, 400_000, _MILLION, 2_000_000)
"""Limits that models are sold with; a use above the listed limit means the next of them."""


class _Family(Struct, frozen=True):
    names: tuple[str, ...]
    window: int
    max_output: int | None = None


class _File(Struct, frozen=True):
    date: str
    source: str
    families: tuple[_Family, ...]


class Windows:
    """Our own dated table of limits, over what the price table says."""

    @cached_property
    def file(self) -> _File:
        """The decoded table."""
        return msgspec.json.decode(Path(__file__).with_name("windows.json").read_bytes(), type=_File)

    def window(self, model: str, entry: Entry | None, used: int = 0) -> int | None:
        """Return a model's limit, stepped up to one that holds what was used; None if nobody states it."""
        claude = "claude-" in model.lower()
        if claude and model.strip().lower().endswith(LONG):
            return _MILLION
        family = self._family(model)
        listed = entry.window if entry is not None else None
        limit = (listed if _sold_elsewhere(model, entry) else None) or (family.window if family else listed)
        return limit if limit is None or used <= limit else _stepped(used, claude=claude)

    def max_output(self, model: str) -> int | None:
        """Return how much a model can write in one answer."""
        family = self._family(model)
        return family.max_output if family else None

    def _family(self, model: str) -> _Family | None:
        return next((self._by_name[way] for way in spellings(split(model).name) if way in self._by_name), None)

    @cached_property
    def _by_name(self) -> dict[str, _Family]:
        return {name: family for family in self.file.families for name in family.names}


def _sold_elsewhere(model: str, entry: Entry | None) -> bool:
    """Say whether a model is offered by somebody else than its maker, who may set another limit."""
    name = split(model)
    return entry is not None and bool(name.provider) and entry.provider not in makers(name.name)


def _stepped(used: int, *, claude: bool) -> int | None:
    steps = (_MILLION,) if claude else _STEPS
    return next((step for step in steps if step >= used), None)
