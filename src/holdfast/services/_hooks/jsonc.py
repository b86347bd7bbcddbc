"""JSON with comments as a text in which places are known, so that a piece can be put in or taken out and all else stays.

Knows the form of the text; refuses to know what it says. Comments and commas at an end are allowed, as agents allow them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from msgspec import Struct

_GAP = re.compile(r"(?:[ \t\r\n]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null')
DEEPEST = 200


class Item(Struct, frozen=True, kw_only=True):
    """One member of an object or element of an array: from where its key or value begins to where its value ends."""

    key: str
    start: int
    end: int
    node: Node


class Node(Struct, frozen=True, kw_only=True):
    """A value, with its place in the text."""

    kind: str
    start: int
    end: int
    items: tuple[Item, ...] = ()
    value: Any = None

    def get(self, key: str) -> Node | None:
        """Return a member's value."""
        return next((i.node for i in self.items if i.key == key), None) if self.kind == "object" else None

    def plain(self) -> Any:  # noqa: ANN401 - the JSON edge
        """Return the value as Python has it."""
        if self.kind == "object":
            return {i.key: i.node.plain() for i in self.items}
        return [i.node.plain() for i in self.items] if self.kind == "array" else self.value


def parse(text: str) -> Node:
    """Read a text; raises ValueError, which names the line, for what is no JSON, and for a key that stands twice."""
    start = _skip(text, 1 if text.startswith("\ufeff") else 0)
    node = _value(text, start, 0)
    if _skip(text, node.end) != len(text):
        raise _wrong(text, node.end)
    return node


def _value(text: str, at: int, depth: int) -> Node:
    if depth > DEEPEST:
        raise _wrong(text, at)
    if text[at : at + 1] in ("{", "["):
        return _container(text, at, depth)
    found = _SCALAR.match(text, at)
    if found is None:
        raise _wrong(text, at)
    return Node(kind="scalar", start=at, end=found.end(), value=json.loads(found[0]))


def _container(text: str, at: int, depth: int) -> Node:
    is_object = text[at] == "{"
    items: list[Item] = []
    seen: set[str] = set()
    place = _skip(text, at + 1)
    while text[place : place + 1] != "}]"[not is_object]:
        item = _item(text, place, depth, named=is_object)
        if is_object and item.key in seen:
            raise _wrong(text, place)
        seen.add(item.key)
        items.append(item)
        place = _skip(text, item.end)
        if text[place : place + 1] == ",":
            place = _skip(text, place + 1)
        elif text[place : place + 1] != "}]"[not is_object]:
            raise _wrong(text, place)
    return Node(kind="object" if is_object else "array", start=at, end=place + 1, items=tuple(items))


def _item(text: str, at: int, depth: int, *, named: bool) -> Item:
    key, place = "", at
    if named:
        name = _value(text, at, depth)
        place = _skip(text, name.end)
        if not isinstance(name.value, str) or text[place : place + 1] != ":":
            raise _wrong(text, at)
        key, place = name.value, _skip(text, place + 1)
    node = _value(text, place, depth + 1)
    return Item(key=key, start=at, end=node.end, node=node)


def _skip(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return at if found is None else found.end()


def _wrong(text: str, at: int) -> ValueError:
    return ValueError(f"line {text.count(chr(10), 0, at) + 1} is no JSON, or names a key twice")
