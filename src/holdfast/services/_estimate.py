"""Tokens of sessions whose agent recorded none: each text counted once, and always called an estimate.

What is visible is not what was sent: instructions, tools and earlier texts went along. A known vocabulary makes the estimate
better, never exact. Decision record 0012 says when a session counts as one without recorded usage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast import tokens
from holdfast.model import Edits, Message, Request, Session, Transcript, Usage, kind_of, merged, searchable
from holdfast.model.usage import COUNTED, is_counted
from holdfast.stores.base import SupportsLedger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from holdfast.sources.base import Source, SourceInfo
    from holdfast.stores.base import Store


class Estimates:
    """Knows of which sessions usage was recorded, and estimates that of the others once their file was read."""

    def __init__(self, store: Store, sources: Mapping[str, Source]) -> None:
        """Take the archive and the agents' descriptions."""
        self.store = store
        self.sources = sources
        self._recorded: set[str] = set()
        self._open: dict[str, dict[str, Session]] = {}

    def see(self, key: str, transcript: Transcript, held: Session | None = None) -> None:
        """Note a session in the file of a key, as it was read and as the archive has it."""
        session = transcript.session
        if transcript.requests or (held is not None and _tells(held)):
            self._recorded.add(session.id)
        elif session.id not in self._recorded:
            self._open.setdefault(key, {})[session.id] = session

    def resume(self, key: str, sessions: Iterable[str]) -> None:
        """Take up sessions of a file in which an earlier run was interrupted; one that a person edited waits until it changes."""
        for ident in sessions:
            held = self.store.get(ident)
            if held is not None and not _tells(held) and self.store.edits(ident) == Edits():
                self._open.setdefault(key, {})[ident] = held

    def of(self, key: str) -> Iterator[Transcript]:
        """Yield estimates for the sessions of a file that was read to its end and kept."""
        for ident, session in self._open.pop(key, {}).items():
            kept = None if ident in self._recorded else self.store.get(ident)
            if kept is not None and kept.rollup.messages and not _tells(kept) and not self.recorded(ident):
                requests = self.requests(kept, self.store.messages(ident))
                if requests:
                    yield Transcript(session=session, requests=requests)

    def unread(self, session: Session, messages: Iterable[Message]) -> Transcript | None:
        """Estimate a session from what was just read of it and is not kept, and from what the archive has."""
        if session.id in self._recorded or self.recorded(session.id):
            return None
        found = {m.id: m for m in self.store.messages(session.id)} | {m.id: m for m in messages}
        requests = self.requests(merged(self.store.get(session.id), session), found.values())
        return Transcript(session=session, requests=requests) if requests else None

    def unrecorded(self, sessions: Iterable[str]) -> set[str]:
        """Return those of which no usage was seen."""
        return set(sessions) - self._recorded

    def recorded(self, session_id: str) -> bool:
        """Tell whether the archive has usage of a session that its agent wrote down, even if it counts in another one."""
        if not isinstance(self.store, SupportsLedger):
            return False
        return any(not is_counted(e.request) for e in self.store.ledger(session_id, copies=True))

    def requests(self, session: Session, messages: Iterable[Message]) -> tuple[Request, ...]:
        """Estimate a session's requests; none for a sub-agent that is billed in its parent, or where nothing was answered."""
        source = self.sources.get(session.agent)
        if source is None:
            return ()
        return estimated(source.info, session, [m for m in messages if not _failed(m)])


def estimated(info: SourceInfo, session: Session, messages: list[Message]) -> tuple[Request, ...]:
    """Return a request for each answer, with what was said to the model since the last one.

    No text counts twice, although the agent sent earlier ones again. What no answer follows yet is a request of its own.
    """
    below = session.parent is not None and session.parent.kind == "subagent"
    if below and info.bills_parent:
        return ()
    if info.records_usage and not any(m.role == "assistant" for m in messages):
        return ()
    return tuple(_requests(session, messages))


def _requests(session: Session, messages: list[Message]) -> Iterator[Request]:
    asked: list[Message] = []
    for message in messages:
        if message.role == "assistant":
            yield _request(session, asked, message)
            asked = []
        else:
            asked.append(message)
    if asked:
        yield _request(session, asked, None)


def _request(session: Session, asked: list[Message], answer: Message | None) -> Request:
    last = answer or asked[-1]
    model = last.model or (session.models[-1] if session.models else "")
    times = [m.at for m in (*asked, last) if m.at is not None]
    usage = Usage(input=sum(_count(m, model) for m in asked), output=_count(answer, model) if answer else 0)
    owner = session.id if last.at is None else f"{session.agent}:{last.at}"
    return Request(
        key=f"{COUNTED}{owner}:{last.id}:{model}:{usage.input}:{usage.output}",
        at=times[-1] if times else _time(session),
        model=model,
        usage=usage,
        kind="estimated",
        path=session.source_path,
        line=last.line,
    )


def _tells(session: Session) -> bool:
    """Tell from its row alone that an agent recorded usage; a row without may still hold copies."""
    return kind_of(session.rollup.usage) not in ("none", "estimated")


def _failed(message: Message) -> bool:
    """Tell an agent's own message about a request that failed from a model's answer."""
    return message.role == "assistant" and bool(message.extra.get("error"))


def _count(message: Message, model: str) -> int:
    return tokens.count("\n".join(searchable(message)), model)[0]


def _time(session: Session) -> int | None:
    """Return when a session began: unlike its last activity, a later reading knows no other."""
    return session.active if session.started is None else session.started
