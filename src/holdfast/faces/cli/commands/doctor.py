"""`doctor` and `info`: what is wrong and what mends it; where everything is and in which version."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from holdfast.config import Config
from holdfast.errors import HoldfastError, Unreadable
from holdfast.faces.cli._command import command
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import Document
from holdfast.faces.cli.render import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State

Level = Literal["ok", "note", "warning", "problem"]
_STYLES: dict[str, tuple[str, ...]] = {
    "ok": ("green",),
    "note": ("cyan",),
    "warning": ("yellow",),
    "problem": ("red", "bold"),
}
_MARK, _NAME = 9, 24
_LEAST, _MOST = 30, 160
_ABSENT, _FEW = "not found; ", 3


class CheckItem(Struct, frozen=True, kw_only=True):
    """One thing looked at; `fix` is empty where nothing has to be done."""

    area: str
    name: str
    level: Level
    found: str
    fix: str
    damaged: bool


class DoctorDocument(Document, frozen=True, kw_only=True):
    """What `doctor` prints; `worst` is the gravest level of all checks."""

    worst: Level
    checks: tuple[CheckItem, ...]
    seconds: float


class FactItem(Struct, frozen=True, kw_only=True):
    """A path or version."""

    name: str
    value: str


class InfoDocument(Document, frozen=True, kw_only=True):
    """What `info` prints."""

    facts: tuple[FactItem, ...]


@command("doctor", DoctorDocument, examples=("holdfast doctor", "holdfast doctor --json"), exits=(8,))
def doctor(state: State) -> None:
    """Look for what is wrong, and say what mends it.

    Reads only. The output holds neither secrets nor your name, so that it can be pasted into a report. Ends with 0 unless
    there is a problem, and with 8 where the archive or the index is damaged.
    """
    _without_broken_settings(state)
    found = state.workspace.doctor.run()
    items = tuple(
        CheckItem(area=c.area, name=c.name, level=c.level, found=c.found, fix=c.fix, damaged=c.damaged)
        for c in found.checks
    )
    if state.json:
        state.document(DoctorDocument(worst=found.worst, checks=items, seconds=found.seconds))
    else:
        state.text(_page(items, state), paged=True)
    problems = [c for c in items if c.level == "problem"]
    if problems:
        kind = Unreadable if found.damaged else HoldfastError
        raise kind(f"{several(len(problems), 'problem')}: {', '.join(c.name for c in problems)}", problems[0].fix)


@command("info", InfoDocument, examples=("holdfast info", "holdfast info --json"))
def info(state: State) -> None:
    """Say where everything is kept, and in which version; of a damaged archive, what can be known."""
    facts = state.workspace.doctor.info()
    if state.json:
        state.document(InfoDocument(facts=tuple(FactItem(name=n, value=v) for n, v in facts)))
    else:
        widest = max(len(name) for name, _ in facts)
        lines = (f"{state.paint(f'{name:<{widest}}', 'dim')}  {safe_line(value)}" for name, value in facts)
        state.text("\n".join(lines))
    damage = state.workspace.doctor.damage()
    if damage is not None:
        raise damage


def _without_broken_settings(state: State) -> None:
    """Go on with the defaults where the settings cannot be read: a check says what is wrong with them."""
    try:
        _ = state.config
    except HoldfastError:
        state.config = Config()


def _page(items: Sequence[CheckItem], state: State) -> str:
    lines: list[str] = []
    for area in dict.fromkeys(c.area for c in items):
        lines += ["", state.paint(area, "bold")] if lines else [state.paint(area, "bold")]
        for item in _folded([c for c in items if c.area == area]):
            lines += _lines(item, state)
    counts = Counter(c.level for c in items)
    levels: tuple[Level, ...] = ("note", "warning", "problem")
    told = [f"{counts['ok']} ok", *(several(counts[level], level) for level in levels if counts[level])]
    return "\n".join([*lines, "", f"{several(len(items), 'check')}: {', '.join(told)}"])


def _folded(items: Sequence[CheckItem]) -> list[CheckItem]:
    """Draw the many agents that are not on this machine as one line; `--json` names where each was looked for."""
    absent = [c for c in items if c.level == "ok" and c.found.startswith(_ABSENT)]
    if len(absent) < _FEW:
        return list(items)
    found = f"{', '.join(c.name for c in absent)} (holdfast doctor --json says where they were looked for)"
    shown = CheckItem(area=absent[0].area, name="not here", level="ok", found=found, fix="", damaged=False)
    return [*(c for c in items if c not in absent), shown]


def _lines(item: CheckItem, state: State) -> list[str]:
    """Write a check, what was found broken at the width, and below it what to do."""
    width = max(_LEAST, min(state.width, _MOST) - _MARK - _NAME - 2)
    mark = state.paint(f"{item.level:<{_MARK}}", *_STYLES[item.level])
    found = _broken(item.found, width)
    lines = [f"  {mark}{safe_line(item.name):<{_NAME}}{found[0]}"]
    indent = " " * (2 + _MARK + _NAME)
    lines += [indent + line for line in found[1:]]
    if item.fix:
        lines += [indent + state.paint(line, "dim") for line in _broken(f"-> {item.fix}", width)]
    return lines


def _broken(text: str, width: int) -> list[str]:
    return textwrap.wrap(safe_line(text), width, break_on_hyphens=False) or [""]
