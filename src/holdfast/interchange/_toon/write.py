"""TOON by its specification, in the shapes that every reader known takes: rows where all are alike, else lists.

Knows lines and levels; refuses to know what a value means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.interchange._toon.scalars import key, written
from holdfast.model import Json

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = "  "


def dumps(tree: dict[str, Json]) -> str:
    """Return an object as TOON text with a newline at its end."""
    return "\n".join(_members(tree, "")) + "\n"


def _members(tree: dict[str, Json], margin: str) -> Iterator[str]:
    for name, value in tree.items():
        yield from _member(key(str(name)), value, margin)


def _member(name: str, value: Json, margin: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{margin}{name}:"
        yield from _members(value, margin + _STEP)
    elif isinstance(value, list | tuple):
        yield from _array(f"{margin}{name}", list(value), margin + _STEP)
    else:
        yield f"{margin}{name}: {written(value)}"


def _array(head: str, items: list[Json], margin: str, *, rows: bool = True) -> Iterator[str]:
    """Write a list after its head; its rows (not those of a list in a list) or items stand at the margin."""
    if not items:
        yield f"{head}[0]:"
    elif not any(isinstance(item, dict | list | tuple) for item in items):
        yield f"{head}[{len(items)}]: {','.join(map(written, items))}"
    elif rows and (fields := _fields(items)) is not None:
        yield f"{head}[{len(items)}]{{{','.join(map(key, fields))}}}:"
        for item in items:
            yield margin + ",".join(written(item[field]) for field in fields)
    else:
        yield f"{head}[{len(items)}]:"
        for item in items:
            yield from _item(item, margin)


def _fields(items: list[Json]) -> list[str] | None:
    """Return the keys that all items share, where each is an object of scalars with just these."""
    first = list(items[0]) if isinstance(items[0], dict) else []
    alike = all(
        isinstance(item, dict)
        and item.keys() == set(first)
        and not any(isinstance(v, dict | list | tuple) for v in item.values())
        for item in items
    )
    return first if first and alike else None


def _item(item: Json, margin: str) -> Iterator[str]:
    if isinstance(item, list | tuple):
        yield from _array(f"{margin}- ", list(item), margin + _STEP, rows=False)
    elif not isinstance(item, dict):
        yield f"{margin}- {written(item)}"
    elif not item:
        yield f"{margin}-"
    else:
        lines = list(_members(item, margin + _STEP))
        yield f"{margin}- {lines[0][len(margin) + len(_STEP) :]}"
        yield from lines[1:]
