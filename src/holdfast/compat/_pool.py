"""The one session in which a memory keeps its interactions, and how those nearest to a query are found.

Knows messages and hits; refuses to know habits and files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from holdfast.model import Hit, Query, Term
from holdfast.model.interactions import to_interactions
from holdfast.model.query import Filter
from holdfast.owned import OwnedSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model import Message
    from holdfast.workspace import Workspace

NAME = "memory"
READ = "memory-read"
"""Documents by file name: what a file was when it was last read."""
MOST_WORDS = 24
_WORD = re.compile(r"\w[\w.+#-]*\w|\w")
_COMMON = frozenset({
    "the", "and", "for", "are", "was", "with", "that", "this", "from", "what", "how", "why", "who", "when", "where",
    "which", "does", "did", "can", "could", "should", "would", "will", "have", "has", "had", "not", "you", "your",
    "our", "they", "them", "their", "its", "into", "about", "please", "help", "need", "want", "make", "jak", "czy",
    "jest", "dla", "nie", "się", "tym", "ten", "jako", "oraz",
})  # fmt: skip


class Pool:
    """Messages in pairs, each question with its answer."""

    def __init__(self, workspace: Workspace) -> None:
        """Take an open workspace."""
        self._workspace = workspace
        self._session = OwnedSession(workspace.store, NAME)

    @property
    def id(self) -> str:
        """The session's id."""
        return self._session.id

    def add(self, messages: Sequence[Message]) -> None:
        """Keep messages; those that are known stay what they are."""
        if messages:
            self._session.append(messages)

    def messages(self, *, last: int | None = None) -> list[Message]:
        """Return the newest messages, oldest first; all of them for None. What was imported later stands where it belongs."""
        found = [m for m in self._workspace.store.messages(self.id) if m.live]
        found.sort(key=lambda m: m.at or 0)
        return found if last is None else found[max(0, len(found) - last) :]

    def newest(self, query: str) -> str:
        """Return the id of the last question, where it is this one."""
        found = list(self._workspace.store.messages(self.id, last=2))
        return next((m.id for m in found if m.role == "user" and m.text == self.masked({"q": query})["q"]), "")

    def near(self, query: str, limit: int) -> list[dict[str, Any]]:
        """Return the interactions that share words with a query: those with all of them first."""
        found: dict[str, dict[str, Any]] = {}
        for wanted in _queries(query, self.id):
            for hit in self._workspace.search.find(wanted, limit=2 * limit):
                key, told = self._told(hit)
                if told is not None and key not in found:
                    found[key] = told
            if len(found) >= limit:
                break
        return list(found.values())[:limit]

    def masked(self, tree: dict[str, Any]) -> dict[str, Any]:
        """Mask the secrets of a tree."""
        found, _ = self._workspace.redactor.mask_tree(tree)
        return found if isinstance(found, dict) else tree

    def clear(self) -> None:
        """Erase all of it."""
        session = self._workspace.store.get(self.id)
        if session is not None:
            self._workspace.sessions.purge(session)

    def stamp(self, name: str) -> str:
        """Return what a file was when it was last read; empty where it never was."""
        return self._workspace.store.docs(READ).get(name, b"").decode()

    def set_stamp(self, name: str, stamp: str) -> None:
        """Remember what a file was."""
        self._workspace.store.put_docs(READ, {name: stamp.encode()})

    def _told(self, hit: Hit) -> tuple[str, dict[str, Any] | None]:
        key = (hit.message or "").removesuffix("-q").removesuffix("-a")
        beside = self._workspace.store.messages(self.id, after=(hit.seq or 0) - 2, before=(hit.seq or 0) + 2)
        pair = [m for m in beside if m.live and m.id in (f"{key}-q", f"{key}-a")]
        found = to_interactions(pair)
        return key, found[0] if found else None


def _queries(text: str, session: str) -> list[Query]:
    """Return what to look for: all words in one message, then any of them."""
    words = [w for w in dict.fromkeys(m.lower() for m in _WORD.findall(text)) if w not in _COMMON and len(w) > 1]
    terms = tuple(Term(text=w) for w in words[:MOST_WORDS])
    here = (Filter(key="id", value=session),)
    if not terms:
        return []
    every = Query(text=text, clauses=tuple((t,) for t in terms), filters=here)
    return [every] if len(terms) == 1 else [every, Query(text=text, clauses=(terms,), filters=here)]
