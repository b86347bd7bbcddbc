"""What a shell asks while a person types: the sessions, agents, projects and tags that there are, a line each.

Answers from the sessions' rows alone and loads no command, no source and no index, because it runs at every key. Never
creates an archive, and never fails: a shell has no place for an error.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from holdfast.model import Session
    from holdfast.workspace import Workspace

ASK = "__complete"
"""The hidden first argument; then the kind, what was typed, and the archive where the line names one."""
RECENT = 50
"""Sessions offered before anything was typed."""
SHORTEST = 6
"""Characters of an id that a list shows where no other begins so."""
_UNUSED = ("typing_extensions",)
"""Modules that others load where they can, and do without: together an eighth of the time of an answer."""
_FILTERS = {"agent": "agents", "project": "projects", "tag": "tags"}


def answer(arguments: Sequence[str]) -> None:
    """Print the words that fit, each with a tab and what it is."""
    kind, typed, store = (*arguments, "", "", "")[:3]
    for unused in _UNUSED:
        sys.modules.setdefault(unused, None)  # type: ignore[arg-type]
    try:
        lines = "".join(f"{word}\t{about}\n" for word, about in words(kind, typed, store))
        sys.stdout.buffer.write(lines.encode("utf-8", "replace"))
        sys.stdout.flush()
    except Exception:  # noqa: BLE001, S110 - whatever is wrong, the next command says it
        pass


def words(kind: str, typed: str, store: str = "") -> list[tuple[str, str]]:
    """Return the words of a kind that begin with what was typed, each with what it is."""
    from holdfast.config import load
    from holdfast.workspace import Workspace

    with Workspace(load({"store": store or None})) as workspace:
        if kind == "query":
            return list(_filters(workspace, typed))
        return list(_fitting(typed, _KINDS[kind](workspace, typed)))


def _filters(workspace: Workspace, typed: str) -> Iterator[tuple[str, str]]:
    """Complete `agent:co` as a filter; any other word of a query is nobody's to guess."""
    key, colon, value = typed.partition(":")
    if colon and key in _FILTERS:
        found = _KINDS[_FILTERS[key]](workspace, value)
        yield from ((f"{key}:{word}", about) for word, about in _fitting(value, found) if " " not in word)
    elif not colon:
        yield from _fitting(typed, ((f"{name}:", f"filter by {name}") for name in _FILTERS))


def _fitting(typed: str, words: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Keep what begins with what was typed, and what a shell can be given: nothing hidden, nothing that looks like an option."""
    seen: set[str] = set()
    for word, about in words:
        if word.startswith(typed) and word not in seen and word.isprintable() and not word.startswith("-"):
            seen.add(word)
            yield word, "".join(c if c.isprintable() else " " for c in about)


def _rows(workspace: Workspace, *, trashed: bool = False) -> Iterator[Session]:
    path = _file(workspace)
    if path is None or os.path.exists(path):  # noqa: PTH110 - asked at every key
        yield from workspace.store.find(trashed=trashed)


def _file(workspace: Workspace) -> str | None:
    """Return the archive's file, which is not to be created; None where it is none."""
    url = str(workspace.config["store"] or "")
    if not url:
        return os.path.join(workspace.data, "sessions.db")  # noqa: PTH118 - asked at every key
    scheme, _, place = url.partition("://")
    if scheme != "sqlite" or not place:
        return None
    from urllib.parse import unquote

    return unquote(place[place.find("/") :])[1:]


def _sessions(workspace: Workspace, typed: str) -> Iterator[tuple[str, str]]:
    """Offer names, then ids, short where no other begins so, last active first; before anything was typed only the last few."""
    yield from _named(list(_rows(workspace)), typed)


def _trash(workspace: Workspace, typed: str) -> Iterator[tuple[str, str]]:
    yield from _named(list(_rows(workspace, trashed=True)), typed)


def _named(rows: Sequence[Session], typed: str) -> Iterator[tuple[str, str]]:
    yield from ((s.name, _about(s)) for s in rows if s.name)
    fitting = [s for s in rows if s.id.startswith(typed)] if typed else rows[:RECENT]
    heads: dict[str, int] = {}
    for session in rows:
        head = session.id[:SHORTEST]
        heads[head] = heads.get(head, 0) + 1
    for session in fitting:
        head = session.id[:SHORTEST]
        short = head if heads[head] == 1 and len(typed) <= SHORTEST else session.id
        yield short, _about(session)


def _about(session: Session) -> str:
    return f"{session.agent}  {(session.name or session.title)[:60]}"


def _agents(workspace: Workspace, typed: str) -> Iterator[tuple[str, str]]:
    del typed
    counts: dict[str, int] = {}
    for session in _rows(workspace):
        counts[session.agent] = counts.get(session.agent, 0) + 1
    yield from ((name, f"{count} sessions") for name, count in sorted(counts.items()))
    yield from ((name, "no sessions yet") for name in workspace.agents if name not in counts)


def _projects(workspace: Workspace, typed: str) -> Iterator[tuple[str, str]]:
    del typed
    for path in dict.fromkeys(s.project for s in _rows(workspace) if s.project):
        yield path.rstrip("/\\").replace("\\", "/").rpartition("/")[2] or path, path


def _tags(workspace: Workspace, typed: str) -> Iterator[tuple[str, str]]:
    del typed
    counts: dict[str, int] = {}
    for session in _rows(workspace):
        for tag in session.tags:
            counts[tag] = counts.get(tag, 0) + 1
    yield from ((tag, f"{count} sessions") for tag, count in sorted(counts.items()))


_KINDS: dict[str, Callable[[Workspace, str], Iterator[tuple[str, str]]]] = {
    "sessions": _sessions,
    "trash": _trash,
    "agents": _agents,
    "projects": _projects,
    "tags": _tags,
}
