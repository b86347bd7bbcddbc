"""Tokens for agents that record none: each text counted once, as exactly as its model's vocabulary allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast import tokens
from holdfast.model import Message, Request, Transcript, Usage, searchable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.sources.base import Source


def with_tokens(source: Source, transcript: Transcript) -> Transcript:
    """Return the transcript with counted or estimated requests where its agent records none; else as it is.

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
    given = [tokens.count("\n".join(searchable(m)), model) for m in asked]
    gave = tokens.count("\n".join(searchable(answer)), model) if answer else (0, "exact")
    exact = all(kind == "exact" for _, kind in (*given, gave))
    return Request(
        key=f"counted:{session.id}:{last.id}",
        at=last.at,
        model=model,
        usage=Usage(input=sum(number for number, _ in given), output=gave[0]),
        kind="exact" if exact else "estimated",
        path=session.source_path,
        line=last.line,
    )
