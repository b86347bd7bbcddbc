"""Tokens for agents that record none: each text counted once, and always called an estimate.

What is visible is not what was sent: instructions, tools and earlier texts went along. A known vocabulary makes the estimate
better, never exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast import tokens
from holdfast.model import Message, Request, Session, Transcript, Usage, searchable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.sources.base import Source


def with_tokens(source: Source, transcript: Transcript) -> Transcript:
    """Return the transcript with estimated requests where its agent records none; else as it is.

    A request is an answer with what was said to the model since the last one: no text counts twice, although the agent sent
    earlier ones again. What no answer follows yet is a request of its own.
    """
    if source.info.records_usage or transcript.requests or not transcript.messages:
        return transcript
    return replace(transcript, requests=tuple(_requests(transcript)))


def _requests(transcript: Transcript) -> Iterator[Request]:
    asked: list[Message] = []
    for message in transcript.messages:
        if message.role == "assistant":
            yield _request(transcript, asked, message)
            asked = []
        else:
            asked.append(message)
    if asked:
        yield _request(transcript, asked, None)


def _request(transcript: Transcript, asked: list[Message], answer: Message | None) -> Request:
    session = transcript.session
    last = answer or asked[-1]
    model = last.model or (session.models[-1] if session.models else "")
    times = [m.at for m in (*asked, last) if m.at is not None]
    return Request(
        key=f"counted:{session.id}:{last.id}",
        at=times[-1] if times else _time(session),
        model=model,
        usage=Usage(input=sum(_count(m, model) for m in asked), output=_count(answer, model) if answer else 0),
        kind="estimated",
        path=session.source_path,
        line=last.line,
    )


def _count(message: Message, model: str) -> int:
    return tokens.count("\n".join(searchable(message)), model)[0]


def _time(session: Session) -> int | None:
    """Return when a session began: unlike its last activity, a later reading knows no other."""
    return session.active if session.started is None else session.started
