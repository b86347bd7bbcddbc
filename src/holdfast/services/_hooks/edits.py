"""Puts items into JSON with comments and takes them out, as changes of the text: what is not touched stays to the byte."""

from __future__ import annotations

import json
import re
from typing import Any

from msgspec import Struct

from holdfast.services._hooks.jsonc import Node, parse

Path = tuple[str | int, ...]
_COMMA = re.compile(r"(?:\s|//[^\n]*\n|/\*.*?\*/)*?,", re.DOTALL)


class Insertion(Struct, frozen=True, kw_only=True, array_like=True):
    """So many characters were put in at a place; taking them out again, the last first, gives the text from before."""

    at: int
    length: int


def put(text: str, path: tuple[str, ...], value: Any) -> tuple[str, Insertion]:  # noqa: ANN401 - the JSON edge
    """Add a value to the array at a path, or a whole member where there is none yet; raises ValueError for another form."""
    node = parse(text)
    for depth, key in enumerate(path):
        inner = node.get(key)
        if inner is None:
            rest: Any = [value]
            for outer in reversed(path[depth + 1 :]):
                rest = {outer: rest}
            return _insert(text, node, f"{json.dumps(key)}: ", value=rest, depth=depth + 1)
        node = inner
        wanted = "array" if depth == len(path) - 1 else "object"
        if node.kind != wanted:
            raise ValueError(f"{'.'.join(path[: depth + 1])} is no {wanted}")
    return _insert(text, node, "", value=value, depth=len(path) + 1)


def put_member(text: str, key: str, value: Any) -> tuple[str, Insertion]:  # noqa: ANN401 - the JSON edge
    """Add a member to the outermost object."""
    return _insert(text, parse(text), f"{json.dumps(key)}: ", value=value, depth=1)


def undone(text: str, insertions: tuple[Insertion, ...]) -> str:
    """Take insertions out again."""
    for one in reversed(insertions):
        text = text[: one.at] + text[one.at + one.length :]
    return text


def without(text: str, path: Path, number: int) -> str:
    """Take an element out of the array at a path, and what holds nothing else then; comments beside it stay."""
    nodes, keys = [parse(text)], list(path)
    for key in path:
        nodes.append(nodes[-1].items[key].node if isinstance(key, int) else nodes[-1].get(key) or nodes[-1])
    place = number
    while len(nodes) > 1 and len(nodes[-1].items) == 1:
        inner = nodes.pop()
        keys.pop()
        place = next(n for n, item in enumerate(nodes[-1].items) if item.node is inner)
    wanted = _plainly_without(nodes[0].plain(), [*keys, nodes[-1].items[place].key or place])
    for tidy in (True, False):
        cut = _cut(text, nodes[-1], place, tidy=tidy)
        try:
            if parse(cut).plain() == wanted:
                return cut
        except ValueError:  # a comment would swallow what follows: leave the line break
            continue
    raise ValueError("its items cannot be taken apart")


def _plainly_without(value: Any, path: list[str | int]) -> Any:  # noqa: ANN401 - the JSON edge
    *above, last = path
    holder = value
    for key in above:
        holder = holder[key]
    del holder[last]
    return value


def _insert(text: str, holder: Node, head: str, *, value: Any, depth: int) -> tuple[str, Insertion]:  # noqa: ANN401 - the JSON edge
    line, unit = ("\r\n" if "\r\n" in text else "\n"), _unit(text)
    body = json.dumps(value, indent=unit or None, ensure_ascii=False).replace("\n", f"{line}{unit * depth}")
    new = f"{line}{unit * depth}{head}{body}"
    if holder.items:
        at = holder.items[-1].end
        trailing = re.match(r"\s*,", text[at:])  # a comma at the end, which the agent allows: ours gets none
        at, new = (at + trailing.end(), new) if trailing else (at, f",{new}")
    else:
        at = holder.start + 1
    if "\n" not in text[at : holder.end]:  # its end stands on this line
        new += f"{line}{unit * (depth - 1)}"
    return text[:at] + new + text[at:], Insertion(at=at, length=len(new))


def _unit(text: str) -> str:
    """Return what one step of indentation is in a text: that of its first indented line."""
    found = re.search(r"\n([ \t]+)[\"\[{]", text)
    return found[1] if found else "  "


def _cut(text: str, holder: Node, number: int, *, tidy: bool) -> str:
    """Leave an item and one comma out, with the line break before it where that is tidy."""
    item = holder.items[number]
    start, end = item.start, item.end
    while tidy and text[start - 1] in " \t\r\n":
        start -= 1
    after = _COMMA.match(text, end, holder.end)
    if after:
        return text[:start] + text[end : after.end() - 1] + text[after.end() :]
    before = holder.items[number - 1].end if number else start
    ahead = _COMMA.match(text, before, start) if number else None
    kept = text[before : ahead.end() - 1] + text[ahead.end() : start] if ahead else text[before:start]
    return text[:before] + kept + text[end:]
