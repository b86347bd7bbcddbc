"""Questions and answers in one file of a person's own, as preLLM keeps them: added, found by their words, carried in and out.

Knows the one session that holds them, and the files of preLLM beside it; refuses to know how a program asks for them.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from holdfast import registry
from holdfast.model import Hit, Query, Session, Term, Transcript, observed_id
from holdfast.model.interactions import interaction_key, pair, to_interactions, to_messages
from holdfast.model.query import Filter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from holdfast.model import Json, Message
    from holdfast.redact import Redactor
    from holdfast.services.preferences import Preferences
    from holdfast.services.search import Search
    from holdfast.stores.base import Store

NAME = "memory"
AGENT = "holdfast"
OURS = "holdfast.db"
"""What our store is called beside a file of preLLM."""
READ = "memory-read"
"""Documents by file name: what a file was when it was last read."""
CUT = 200
"""Characters of an answer that are given to a model."""
PER_TOKEN = 4
LIMIT = 10
MOST_WORDS = 24
SEPARATOR = "\n---\n"
_WORD = re.compile(r"\w[\w.+#-]*\w|\w")
_COMMON = frozenset({
    "is", "it", "in", "on", "of", "to", "an", "be", "do", "we", "me", "my", "us", "at", "by", "or", "as", "if", "no", "so", "up",
    "the", "and", "for", "are", "was", "with", "that", "this", "from", "what", "how", "why", "who", "when", "where",
    "which", "does", "did", "can", "could", "should", "would", "will", "have", "has", "had", "not", "you", "your",
    "our", "they", "them", "their", "its", "into", "about", "please", "help", "need", "want", "make", "jak", "czy",
    "jest", "dla", "nie", "się", "tym", "ten", "jako", "oraz",
})  # fmt: skip


class Interactions:
    """The pool of one store; every text is masked before it is kept."""

    def __init__(
        self, store: Store, search: Callable[[], Search], wishes: Preferences, *, redactor: Callable[[], Redactor]
    ) -> None:
        """Take the store and the services that work on it."""
        self.store = store
        self.search = search
        self.wishes = wishes
        self.redactor = redactor
        self.id = observed_id(AGENT, NAME)

    def add(self, query: str, answer: str, *, metadata: Json = None, at: float | None = None) -> str:
        """Keep a question and what came of it; returns the id of the question's message."""
        moment = time.time() if at is None else at
        known = self.masked({"query": query, "answer": answer, "metadata": metadata or {}})
        messages = pair(
            known["query"],
            known["answer"],
            ident=interaction_key(known["query"], moment),
            at=moment,
            metadata=known["metadata"],
        )
        self._put(messages)
        return messages[0].id

    def take(self, interactions: Iterable[dict[str, Json]]) -> int:
        """Keep interactions with their own times; those that are known stay. Returns how many are new."""
        return self._put(tuple(to_messages(self.masked(i) for i in interactions))) // 2

    def take_file(self, original: Path) -> None:
        """Read a file that preLLM wrote, where it changed since it was last read."""
        found = original.stat()
        stamp = f"{found.st_size} {found.st_mtime_ns}".encode()
        if self.store.docs(READ).get(original.name) == stamp:
            return
        reader = registry.load("imports", "chroma" if original.name == "chroma.sqlite3" else "prellm")()
        with original.open("rb") as stream:
            for transcript in reader.load(stream):
                if transcript.session.agent == "prellm":
                    self.take(to_interactions(transcript.messages))
            stream.seek(0)
            self.wishes.take(reader.knowledge(stream).preferences, writer=f"import:{original.name}")
        self.store.put_docs(READ, {original.name: stamp})

    def snapshot(self, label: str) -> dict[str, Any]:
        """Return the whole pool as preLLM's snapshots have it."""
        found = self.listed()
        times = [i["timestamp"] for i in found]
        return {
            "session_id": label or f"session_{int(time.time())}",
            "interactions": found,
            "preferences": self.wishes.values(),
            "runtime_context": None,
            "codebase_summary": None,
            "created_at": str(min(times, default=time.time())),
            "exported_at": str(time.time()),
        }

    def take_snapshot(self, path: Path) -> tuple[str, int, int]:
        """Read a snapshot; returns its label, and how many interactions and preferences are new."""
        reader = registry.load("imports", "prellm-snapshot")()
        with path.open("rb") as stream:
            (told,) = reader.load(stream)
            stream.seek(0)
            wishes = reader.knowledge(stream).preferences
        added = self.take(to_interactions(told.messages))
        return told.session.native_id, added, self.wishes.take(wishes, writer=f"import:{path.name}")

    def listed(self, limit: int | None = None) -> list[dict[str, Json]]:
        """Return interactions, newest first; what was imported later stands where its time says."""
        return to_interactions(self._messages())[:limit]

    def near(self, query: str, limit: int) -> list[dict[str, Json]]:
        """Return the interactions that share words with a query: those with all of them first."""
        found: dict[str, dict[str, Json]] = {}
        for wanted in _queries(query, self.id):
            for hit in self.search().find(wanted, limit=2 * limit):
                key, told = self._told(hit)
                if told is not None and key not in found:
                    found[key] = told
            if len(found) >= limit:
                break
        return list(found.values())[:limit]

    def relevant(self, query: str, max_tokens: int) -> str:
        """Return what is near a query as text for a model, best first, within a number of tokens."""
        lines: list[str] = []
        left = max_tokens
        for one in self.near(query, LIMIT):
            line = f"Q: {one['query']}\nA: {one['response_summary'][:CUT]}"
            left -= len(line) // PER_TOKEN
            if left < 0:
                break
            lines.append(line)
        return SEPARATOR.join(lines)

    def question(self, query: str) -> str:
        """Return the message of the last interaction, where it asked this; else nothing."""
        wanted = self.masked({"query": query})["query"]
        found = list(self.store.messages(self.id, last=2))
        return next((m.id for m in found if m.role == "user" and m.text == wanted), "")

    def masked(self, tree: dict[str, Json]) -> dict[str, Json]:
        """Mask the secrets of an interaction."""
        found, _ = self.redactor().mask_tree(tree)
        return found if isinstance(found, dict) else tree

    def _put(self, messages: Sequence[Message]) -> int:
        if not messages:
            return 0
        times = [m.at for m in messages if m.at is not None]
        session = Session(
            id=self.id,
            agent=AGENT,
            native_id=self.id,
            origin="owned",
            name=NAME,
            status="ended",
            started=min(times, default=None),
            active=max(times, default=None),
        )
        return self.store.put(Transcript(session=session, messages=tuple(messages))).added

    def _messages(self) -> list[Message]:
        found = [m for m in self.store.messages(self.id) if m.live]
        return sorted(found, key=lambda m: m.at or 0)

    def _told(self, hit: Hit) -> tuple[str, dict[str, Any] | None]:
        key = (hit.message or "").removesuffix("-q").removesuffix("-a")
        place = hit.seq or 0
        beside = self.store.messages(self.id, after=place - 2, before=place + 2)
        found = to_interactions([m for m in beside if m.live and m.id in (f"{key}-q", f"{key}-a")])
        return key, found[0] if found else None


def places(path: Path, *, folder: bool = False) -> tuple[Path, list[Path]]:
    """Return where our store stands for a path that preLLM uses too, and the files of preLLM to read."""
    if folder:
        return path / OURS, [p for p in (path / "chroma.sqlite3", path / "preferences.db") if p.is_file()]
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as stream:
            if registry.load("imports", "prellm")().claims(stream):
                return path.with_name(f"{path.stem}.{OURS}"), [path]
    return path, []


def _queries(text: str, session: str) -> list[Query]:
    """Return what to look for: all words in one message, then any of them."""
    words = [w for w in dict.fromkeys(m.lower() for m in _WORD.findall(text)) if w not in _COMMON and len(w) > 1]
    terms = tuple(Term(text=w) for w in words[:MOST_WORDS])
    here = (Filter(key="id", value=session),)
    if not terms:
        return []
    every = Query(text=text, clauses=tuple((t,) for t in terms), filters=here)
    return [every] if len(terms) == 1 else [every, Query(text=text, clauses=(terms,), filters=here)]
