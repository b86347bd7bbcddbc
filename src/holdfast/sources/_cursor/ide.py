"""Cursor's editor: conversations ("composers") and their bubbles in `globalStorage/state.vscdb`.

The database also holds tokens of the account: only the rows named here are ever read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from holdfast._sqlite import foreign_copy, tables
from holdfast.errors import Unreadable
from holdfast.model import Json
from holdfast.sources._content import entries, inside, millis, number, text
from holdfast.sources._cursor import bubbles, owners, rows
from holdfast.sources._cursor.parts import AGENT, Draft, folder_of, path_of, transcript_of
from holdfast.sources._database import Found, changed
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Transcript
    from holdfast.sources._database import Connection
    from holdfast.sources.base import Cursor, Reading, Ref

TABLE = "cursorDiskKV"
REMEMBERED = 8
_told: dict[tuple[str, int, int], frozenset[str]] = {}
"""Which conversations a database tells, by its path, size and time: other stores ask again and again."""


class Listed(Struct, kw_only=True):
    """One conversation of the database, before it is read."""

    mark: str = ""
    parent: str = ""
    children: list[str] = field(default_factory=list)
    facts: bool = False
    inline: bool = False
    bubbles: list[int] = field(default_factory=list)
    """How many bubbles with content there are, and how long they are together."""

    @property
    def told(self) -> bool:
        """Tell whether anything was said in it."""
        return self.inline or bool(self.bubbles)


class Shelf:
    """Reads the conversations of one database, and remembers which it tells."""

    agent = AGENT

    def __init__(self, found: Ref, parser: int) -> None:
        """Know no conversation yet."""
        self.parser = parser
        self._ref = found
        self._listed: dict[str, Listed] = {}

    def sessions(self, connection: Connection) -> list[Found]:
        """List every conversation in which anything was said."""
        self._listed = conversations(connection)
        remember(self._ref, self._listed)
        return [Found(native=n, row={}, mark=one.mark) for n, one in self._listed.items() if one.told]

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one conversation, and its rows."""
        draft, raw = _conversation(connection, found.native, self._listed[found.native], path)
        return transcript_of(draft), raw


def read(found: Ref, cursor: Cursor | None, parser: int) -> Iterator[Reading]:
    """Yield each conversation that changed since the cursor, whole."""
    return changed(found, cursor, Shelf(found, parser))


def told_by(path: Path) -> frozenset[str]:
    """Return the ids of the conversations that a database tells, empty where it is gone or damaged."""
    found = rows.database(path, path.parent, "ide")
    if found is None:
        return frozenset()
    key = (found.path, found.size, found.mtime_ns)
    if key not in _told:
        try:
            with foreign_copy(path) as connection:
                remember(found, conversations(connection))
        except (Unreadable, UnicodeDecodeError, OSError):
            remember(found, {})
    return _told[key]


def remember(found: Ref, listed: dict[str, Listed]) -> None:
    """Keep which conversations a database tells."""
    while len(_told) >= REMEMBERED:
        _told.pop(next(iter(_told)))
    _told[found.path, found.size, found.mtime_ns] = frozenset(n for n, one in listed.items() if one.told)


def conversations(connection: Connection) -> dict[str, Listed]:
    """List all conversations by id, with a mark that changes when any of their rows does."""
    if not {"key", "value"} <= set(tables(connection).get(TABLE, ())):
        return {}
    listed: dict[str, Listed] = {}
    for native, count, size in connection.execute(_BUBBLES):
        if isinstance(native, str) and native:
            listed[native] = Listed(bubbles=[count, size or 0], mark=rows.mark([count, size]))
    for key, value in rows.pairs(connection, TABLE, start="composerData:", end="composerData;"):
        one = listed.setdefault(key.partition(":")[2], Listed())
        one.facts = bool(value)
        one.mark = rows.mark(one.bubbles, value)
        _look(one, loads(value))
    for native, one in list(listed.items()):
        for child in one.children:
            if child in listed and child != native and not listed[child].parent:
                listed[child].parent = native
                listed[child].mark = rows.mark(listed[child].mark, native)
    return listed


_BUBBLES = f"""
SELECT substr(key, 10, instr(substr(key, 10), ':') - 1), count(*), sum(octet_length(value)) FROM {TABLE}
WHERE key >= 'bubbleId:' AND key < 'bubbleId;' AND value IS NOT NULL GROUP BY 1
"""  # noqa: S608 - our own name


def _look(one: Listed, facts: Json) -> None:
    if not isinstance(facts, dict):
        return
    one.inline = bool(facts.get("conversation")) or bool(facts.get("conversationMap"))
    one.parent = _above(facts)
    for name in ("subComposerIds", "subagentComposerIds"):
        found = facts.get(name)
        one.children += [c for c in found if isinstance(c, str)] if isinstance(found, list) else []


def _above(facts: dict[str, Json]) -> str:
    """Return the conversation that a sub-agent's conversation works for."""
    meta = facts.get("glassMetaParentAgent")
    inner = inside(facts, "glassMetaParentAgent")
    named = text(inner.get("composerId")) or text(inner.get("agentId")) or text(inner.get("id"))
    own = text(inside(facts, "subagentInfo").get("parentComposerId"))
    return own or text(facts.get("parentComposerId")) or named or text(meta)


def _conversation(connection: Connection, native: str, one: Listed, path: str) -> tuple[Draft, bytes]:
    """Read one conversation and its rows as JSON lines."""
    draft = Draft(native=native, path=path, parent=one.parent)
    kept: list[bytes] = []
    facts: dict[str, Json] = {}
    key = f"composerData:{native}"
    for name, value in rows.pairs(connection, TABLE, start=key, end=f"{key}\0"):
        kept.append(rows.line(TABLE, name, value))
        decoded = loads(value)
        if isinstance(decoded, dict):
            facts = decoded
        elif value:
            draft.damaged.append(0)
    held = _bubbles(connection, draft, kept)
    told(draft, facts, held)
    draft.cwd = draft.cwd or owners.folder_in(Path(path).parents[1], native)
    return draft, b"".join(kept)


def _bubbles(connection: Connection, draft: Draft, kept: list[bytes]) -> dict[str, dict[str, Json]]:
    start = f"bubbleId:{draft.native}:"
    held: dict[str, dict[str, Json]] = {}
    pairs = rows.pairs(connection, TABLE, start=start, end=f"bubbleId:{draft.native};")
    for number_, (key, value) in enumerate(pairs, 1):
        kept.append(rows.line(TABLE, key, value))
        bubble = loads(value) if value else {}
        if not isinstance(bubble, dict):
            draft.damaged.append(number_)
        elif bubble:
            held[key[len(start) :]] = bubble
    return held


def told(draft: Draft, facts: dict[str, Json], held: dict[str, dict[str, Json]]) -> None:
    """Put a conversation together: its facts, its bubbles in order, and last those it left behind."""
    learn(draft, facts)
    for name, bubble in inside(facts, "conversationMap").items():
        if isinstance(bubble, dict):
            held.setdefault(name, bubble)
    order = _order(facts, held)
    fallback = text(inside(facts, "modelConfig").get("modelName"))
    draft.models += [fallback] if fallback else []
    for place, name in enumerate(order, 1):
        bubbles.add(draft, name, held[name], line=place)
    left = [n for n in held if n not in order]
    for place, name in enumerate(left, len(order) + 1):
        bubbles.add(draft, name, held[name], line=place, live=False)


def learn(draft: Draft, facts: dict[str, Json]) -> None:
    """Take what is said about a conversation as a whole."""
    draft.title = text(facts.get("name"))
    draft.cwd = _folder(inside(facts, "workspaceIdentifier"), Path(draft.path)) or draft.cwd
    branch = text(inside(facts, "activeBranch").get("branchName"))
    draft.branch = branch or text(facts.get("createdOnBranch"))
    draft.started = millis(facts.get("createdAt"))
    draft.active = millis(facts.get("lastUpdatedAt"))
    draft.used = number(facts.get("contextTokensUsed")) or None
    draft.limit = number(facts.get("contextTokenLimit")) or None
    mode = text(facts.get("unifiedMode")) or text(facts.get("forceMode"))
    draft.extra = {"store": "ide", **({"mode": mode} if mode else {})}
    if facts.get("isArchived") is True:
        draft.extra["archived"] = True
    costs = {m: inside(facts["usageData"], m).get("costInCents") for m in inside(facts, "usageData")}
    known = {m: c for m, c in costs.items() if isinstance(c, int | float) and not isinstance(c, bool) and 0 < c < 1e9}
    if known:
        draft.extra["cost_in_cents"] = known


def _folder(identifier: dict[str, Json], database: Path) -> str:
    """Return where a conversation belongs: its own address, or that of the workspace it names."""
    name = text(identifier.get("id"))
    own = path_of(identifier.get("uri"))
    if own or not name.isalnum():
        return own
    return folder_of(database.parents[1] / "workspaceStorage" / name / "workspace.json")


def _order(facts: dict[str, Json], held: dict[str, dict[str, Json]]) -> dict[str, None]:
    """Return the bubbles of the conversation in order: by its list, else inline ones, else by their times.

    A list names a bubble by its row's key, or by the id that the bubble gives itself.
    """
    own = {text(b.get("bubbleId")): n for n, b in reversed(held.items()) if "bubbleId" in b}
    headers = entries(facts.get("fullConversationHeadersOnly"))
    inline = entries(facts.get("conversation"))
    if headers:
        names = [text(h.get("bubbleId")) for h in headers]
        found = [n if n in held else own.get(n, "") for n in names]
        return dict.fromkeys(n for n in found if n in held)
    if inline:
        order: dict[str, None] = {}
        for place, bubble in enumerate(inline):
            name = text(bubble.get("bubbleId")) or text(bubble.get("id")) or f"inline:{place}"
            held.setdefault(name, bubble)
            order[name] = None
        return order
    return dict.fromkeys(sorted(held, key=lambda n: millis(held[n].get("createdAt")) or 0))
