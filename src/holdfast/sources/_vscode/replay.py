"""VS Code's log of changes to one chat: the whole object first, then values set, pushed and deleted at paths.

Knows how changes are applied; refuses to know what the chat says, but for one thing: which turns were cut off again.
"""

from __future__ import annotations

from msgspec import Struct, field

from holdfast.model import Json
from holdfast.sources._content import count

_WHOLE, _SET, _PUSH, _DELETE = 0, 1, 2, 3
DEEPEST = 64


class Replay(Struct):
    """A chat as its log has it so far; `left` are turns that were cut off, by their ids, with their places."""

    chat: dict[str, Json] = field(default_factory=dict)
    left: dict[str, tuple[int, dict[str, Json]]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)

    def apply(self, record: dict[str, Json]) -> None:
        """Apply one line of the log."""
        kind, value, path = record.get("kind"), record.get("v"), record.get("k")
        path = path if isinstance(path, list) and len(path) <= DEEPEST else []
        if isinstance(kind, bool) or kind not in (_WHOLE, _SET, _PUSH, _DELETE):
            count(self.unknown, [f"record:{str(record.get('kind', record.get('type', '?')))[:40]}"])
            return
        before = self._turns()
        if kind == _WHOLE:
            self.chat = value if isinstance(value, dict) else self.chat
        elif path:
            _change(self.chat, path, record)
        if kind == _WHOLE or path == ["requests"]:
            self._leave(before)

    def _turns(self) -> list[Json]:
        turns = self.chat.get("requests")
        return list(turns) if isinstance(turns, list) else []

    def _leave(self, before: list[Json]) -> None:
        """Keep the turns that are gone: they were asked, answered and billed."""
        now = {_id(turn) for turn in self._turns()}
        gone = ((n, t) for n, t in enumerate(before, 1) if _id(t) and _id(t) not in now)
        self.left.update({_id(turn): (place, turn) for place, turn in gone})
        for name in now:
            self.left.pop(name, None)


def _id(turn: Json) -> str:
    found = turn.get("requestId") if isinstance(turn, dict) else None
    return found if isinstance(found, str) else ""


def _change(chat: Json, path: list[Json], record: dict[str, Json]) -> None:
    """Go to the parent of a place and change what is there; a place that is not there changes nothing."""
    parent = chat
    for step in path[:-1]:
        parent = _at(parent, step)
    last, value = path[-1], record.get("v")
    if record["kind"] == _PUSH:
        _push(parent, last, record)
    elif record["kind"] == _SET:
        _put(parent, last, value)
    elif isinstance(parent, dict) and isinstance(last, str):
        parent.pop(last, None)
    elif isinstance(parent, list) and _index(last) is not None and _index(last) < len(parent):  # type: ignore[operator]
        parent[_index(last)] = None  # type: ignore[index]


def _push(parent: Json, last: Json, record: dict[str, Json]) -> None:
    """Cut a list off at `i` where that is given, then add items."""
    target = _at(parent, last)
    if not isinstance(target, list):
        target = []
        _put(parent, last, target)
    cut = _index(record.get("i"))
    if cut is not None:
        del target[cut:]
    value = record.get("v")
    target.extend(value if isinstance(value, list) else [])


def _put(parent: Json, last: Json, value: Json) -> None:
    place = _index(last)
    if isinstance(parent, dict) and isinstance(last, str):
        parent[last] = value
    elif isinstance(parent, list) and place is not None and place <= len(parent):
        parent[place : place + 1] = [value]


def _at(node: Json, step: Json) -> Json:
    if isinstance(node, dict):
        return node.get(step) if isinstance(step, str) else None
    place = _index(step)
    return node[place] if isinstance(node, list) and place is not None and place < len(node) else None


def _index(step: Json) -> int | None:
    if isinstance(step, str) and step.isdecimal() and len(step) < 10:
        return int(step)
    return step if isinstance(step, int) and not isinstance(step, bool) and step >= 0 else None
