"""Questions and answers as preLLM keeps them, made into messages of ours and back.

Knows the four fields of an interaction; refuses to judge what was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model.message import Json, Message, Text
from holdfast.model.session import observed_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SINCE = "timestamp"
ABOUT = "metadata"
_LATEST = 4_102_444_800.0


def interaction_key(query: str, timestamp: float) -> str:
    """Derive what an interaction is known by: the same in a database, a snapshot and after a round trip."""
    return observed_id("interaction", f"{timestamp!r} {query}")


def to_messages(interactions: Iterable[dict[str, Json]]) -> Iterator[Message]:
    """Yield two messages for each interaction, in the order of time; the exact time and the metadata stand beside."""
    seen: dict[str, int] = {}
    for given in sorted(interactions, key=seconds_of):
        query, answer, at = _text(given, "query"), _text(given, "response_summary"), seconds_of(given)
        key = interaction_key(query, at)
        seen[key] = seen.get(key, 0) + 1
        ident = key if seen[key] == 1 else f"{key}-{seen[key]}"
        yield from pair(query, answer, ident=ident, at=at, metadata=given.get(ABOUT))


def pair(query: str, answer: str, *, ident: str, at: float, metadata: Json = None) -> tuple[Message, Message]:
    """Return the two messages of one interaction."""
    about = metadata if isinstance(metadata, dict) else {}
    model = about.get("model")
    exact = {SINCE: at, **({ABOUT: about} if about else {})}
    moment = round(at * 1000) if 0 < at < _LATEST else None
    return (
        Message(id=f"{ident}-q", role="user", parts=(Text(query),), at=moment, extra=exact),
        Message(
            id=f"{ident}-a",
            role="assistant",
            parts=(Text(answer),),
            at=moment,
            model=model if isinstance(model, str) else "",
            parent=f"{ident}-q",
        ),
    )


def to_interactions(messages: Sequence[Message]) -> list[dict[str, Json]]:
    """Return interactions, newest first: each prompt with what was answered until the next one."""
    found: list[dict[str, Json]] = []
    for message in messages:
        if message.is_prompt:
            about = message.extra.get(ABOUT)
            found.append(
                {
                    "query": message.text,
                    "response_summary": "",
                    "metadata": about if isinstance(about, dict) else {},
                    "timestamp": _seconds(message),
                }
            )
        elif found and message.role == "assistant" and message.text:
            found[-1]["response_summary"] = message.text
    return found[::-1]


def seconds_of(given: dict[str, Json]) -> float:
    """Return an interaction's time in seconds, 0 where it has none."""
    value = given.get("timestamp")
    try:
        found = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return 0.0
    return found if 0 <= found < _LATEST else 0.0


def _seconds(message: Message) -> float:
    exact = message.extra.get(SINCE)
    return float(exact) if isinstance(exact, int | float) else (message.at or 0) / 1000


def _text(given: dict[str, Json], key: str) -> str:
    value = given.get(key)
    return value if isinstance(value, str) else "" if value is None else str(value)
