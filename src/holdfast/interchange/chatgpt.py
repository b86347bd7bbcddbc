"""ChatGPT's data export: conversations as trees, of which one path is what the thread says now.

Knows the export's records; refuses to guess tokens, which it does not have. What stands beside the path is kept as taken
back, and so is what the service hides.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._chatgpt_parts import parts_of
from holdfast.interchange._vendor import conversations, list_of, looked_at, moment, object_of, rest, text_of
from holdfast.model import Json, Losses, Message, Role, Session, Transcript, observed_id
from holdfast.model.session import ordered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHAPE = re.compile(
    rb'\A(\xef\xbb\xbf)?\s*(\[\s*)?\{(?=.*"mapping"\s*:\s*\{)(?=.*"(current_node|create_time|conversation_id)"\s*:)',
    re.DOTALL,
)
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "tool": "tool"}
_SESSION = ("mapping", "conversation_id", "id", "title", "create_time", "update_time", "current_node")
_MESSAGE = ("id", "author", "create_time", "content")


class ChatGptExport:
    """`conversations.json`, `conversations-*.json`, or the zip they come in."""

    name: ClassVar[str] = "chatgpt"

    def sniff(self, head: bytes) -> float:
        """Claim lists of conversations that have a `mapping`."""
        return 0.95 if _SHAPE.match(head) else 0.0

    def claims(self, stream: IO[bytes]) -> float:
        """Look into an archive, and further into a list than its first bytes."""
        return looked_at(stream, self.sniff)

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield a transcript for each conversation; holds one at a time."""
        return conversations(stream, _transcript)


def _transcript(tree: dict[str, Json]) -> Transcript:
    nodes = {key: node for key, node in object_of(tree, "mapping").items() if isinstance(node, dict)}
    native = text_of(tree, "conversation_id", "id") or text_of({"root": next(iter(nodes), "")}, "root")
    if "mapping" not in tree or not native:
        raise ValueError("expected a conversation with `mapping` and `conversation_id`")
    order = _in_order(nodes)
    path = _path(nodes, _current(tree, nodes, order), order)
    unknown: dict[str, int] = {}
    messages = [m for key in order if (m := _message(key, nodes, live=key in path, unknown=unknown)) is not None]
    return Transcript(
        session=_session(tree, native, messages), messages=tuple(messages), losses=Losses(unknown=unknown)
    )


def _session(tree: Mapping[str, Json], native: str, messages: list[Message]) -> Session:
    times = [m.at for m in messages if m.at is not None]
    return Session(
        id=observed_id(ChatGptExport.name, native),
        agent=ChatGptExport.name,
        native_id=native,
        title=text_of(tree, "title"),
        models=ordered(m.model for m in messages if m.live),
        status="ended",
        started=moment(tree.get("create_time")) or min(times, default=None),
        active=moment(tree.get("update_time")) or max(times, default=None),
        extra=rest(tree, _SESSION),
    )


def _in_order(nodes: Mapping[str, dict[str, Json]]) -> list[str]:
    """List every node once, each after its parent and branches in the order in which they were begun."""
    children: dict[str, list[str]] = {}
    for key in nodes:
        children.setdefault(_parent(key, nodes), []).append(key)
    for key, found in children.items():
        told = {
            name: place for place, name in enumerate(list_of(nodes.get(key, {}), "children")) if isinstance(name, str)
        }
        found.sort(key=lambda name: told.get(name, len(told)))
    order: dict[str, None] = {}
    for start in ("", *nodes):  # a ring of nodes hangs on nothing: it begins at its first
        waiting = list(reversed(children.get("", ()))) if not start else [start]
        while waiting:
            key = waiting.pop()
            if key not in order:
                order[key] = None
                waiting += reversed(children.get(key, ()))
    return list(order)


def _parent(key: str, nodes: Mapping[str, dict[str, Json]]) -> str:
    found = nodes[key].get("parent")
    return found if isinstance(found, str) and found in nodes and found != key else ""


def _current(tree: Mapping[str, Json], nodes: Mapping[str, dict[str, Json]], order: list[str]) -> str:
    """Return the node that the thread ends in; where the export does not say, the leaf said last."""
    named = text_of(tree, "current_node")
    if named in nodes:
        return named
    parents = {_parent(key, nodes) for key in nodes}
    leaves = [key for key in order if key not in parents]
    return max(leaves, key=lambda key: moment(object_of(nodes[key], "message").get("create_time")) or 0, default="")


def _path(nodes: Mapping[str, dict[str, Json]], leaf: str, order: list[str]) -> set[str]:
    """Go up from a leaf; a node whose parent was cut out of the file follows what stands before it."""
    path: set[str] = set()
    while leaf and leaf not in path:
        path.add(leaf)
        above = _parent(leaf, nodes)
        if not above and nodes[leaf].get("parent"):
            place = order.index(leaf)
            above = order[place - 1] if place else ""
        leaf = above
    return path


def _message(key: str, nodes: Mapping[str, dict[str, Json]], *, live: bool, unknown: dict[str, int]) -> Message | None:
    given = object_of(nodes[key], "message")
    if not given:
        return None
    author = object_of(given, "author")
    above = _spoken_above(key, nodes)
    found = parts_of(given, call=above)
    if found.unknown:
        unknown[found.unknown] = unknown.get(found.unknown, 0) + 1
    own = _MESSAGE if text_of(given, "id") == key else _MESSAGE[1:]
    extra = rest(given, own) | {k: v for k, v in (("content", found.rest), ("author", _author(author))) if v}
    return Message(
        id=key,
        role="system" if found.instructions else _ROLES.get(text_of(author, "role"), "system"),
        parts=found.parts,
        at=moment(given.get("create_time")),
        model=text_of(object_of(given, "metadata"), "model_slug"),
        parent=above,
        continues=_said_by(key, nodes) == "assistant" == _said_by(_parent(key, nodes), nodes),
        live=live and not _hidden(given),
        extra=extra,
    )


def _said_by(key: str, nodes: Mapping[str, dict[str, Json]]) -> str:
    """Return the role behind a node that is shown; empty for one that is hidden or says nothing."""
    said = object_of(nodes.get(key, {}), "message")
    return "" if _hidden(said) else text_of(object_of(said, "author"), "role")


def _hidden(given: Mapping[str, Json]) -> bool:
    return object_of(given, "metadata").get("is_visually_hidden_from_conversation") is True


def _author(author: Mapping[str, Json]) -> dict[str, Json]:
    """Return what an author says beyond a role that is known."""
    return rest(author, ("role",) if text_of(author, "role") in _ROLES else ())


def _spoken_above(key: str, nodes: Mapping[str, dict[str, Json]]) -> str:
    """Return the node of the message above; nodes without one are passed over."""
    seen = {key}
    above = _parent(key, nodes)
    while above and above not in seen:
        if object_of(nodes[above], "message"):
            return above
        seen.add(above)
        above = _parent(above, nodes)
    return ""
