"""Which messages fit into a number of tokens, and where a conversation may be cut: never between a tool call and its result.

Knows messages and how to count; refuses to know a store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast import tokens
from holdfast.model import Message, Summary, Text, ToolCall, ToolResult
from holdfast.model.transcript import searchable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.tokens import CountKind

FRAME = 4
"""Tokens that a model's format puts around a message."""
BEFORE = "stands_before"
"""In `extra` of a summary: the place of the first message after it in the conversation."""


class Fitted(tuple[Message, ...]):  # noqa: SLOT001 - a tuple cannot have slots of its own
    """Messages that fit: a tuple which says how many tokens they are, how that was counted, and how many were left out."""

    tokens: int = 0
    counted: CountKind = "exact"
    left_out: int = 0


def whole(messages: Sequence[Message], start: int) -> int:
    """Return the last place at or before `start` where no result stands without its call."""
    wanted = {c for m in messages[start:] for c in _answered(m)}
    wanted -= {c for m in messages[start:] for c in _calls(m)}
    while wanted and start > 0:
        calls = {c for m in messages[:start] for c in _calls(m)}
        wanted &= calls  # a result whose call nobody recorded holds nothing back
        if not wanted:
            break
        start -= 1
        wanted |= set(_answered(messages[start]))
        wanted -= set(_calls(messages[start]))
    return start


def is_cut(messages: Sequence[Message]) -> bool:
    """Tell whether a result stands here without its call."""
    calls = {c for m in messages for c in _calls(m)}
    return any(c not in calls for m in messages for c in _answered(m))


def fit(messages: Sequence[Message], budget: int, model: str) -> Fitted:
    """Return the newest messages that fit, without those that would stand half: a call and its results stay together."""
    sizes: list[tuple[int, CountKind]] = []
    total = 0
    for message in reversed(messages):
        size = _size(message, model)
        total += size[0]
        if total > budget:
            break
        sizes.append(size)
    start = len(messages) - len(sizes)
    while start < len(messages) and whole(messages, start) < start:
        start += 1
    kept = sizes[: len(messages) - start]
    found = Fitted(messages[start:])
    found.tokens, found.left_out = sum(n for n, _ in kept), start
    found.counted = "exact" if all(kind == "exact" for _, kind in kept) else "estimated"
    return found


def in_order(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Put a summary where it stands in the conversation: before the messages that it left."""
    moved = {m.id: m.extra[BEFORE] for m in messages if m.extra and isinstance(m.extra.get(BEFORE), int)}
    if not moved:
        return tuple(messages)
    return tuple(sorted(messages, key=lambda m: (moved.get(m.id, m.seq), m.id not in moved, m.seq)))


def summary_of(text: str, ident: str, *, at: int, before: int) -> Message:
    """Make the message that replaces earlier ones."""
    return Message(id=ident, role="user", parts=(Summary(text),), at=at, extra={BEFORE: before})


def _size(message: Message, model: str) -> tuple[int, CountKind]:
    said = "\n".join(p.text for p in message.parts if isinstance(p, Text | Summary))
    done = searchable(message)[1]
    counts = [tokens.count(text, model) for text in (said, done) if text]
    kind: CountKind = "exact" if all(k == "exact" for _, k in counts) else "estimated"
    return FRAME + sum(n for n, _ in counts), kind


def _calls(message: Message) -> Iterator[str]:
    return (p.id for p in message.parts if isinstance(p, ToolCall) and p.id)


def _answered(message: Message) -> Iterator[str]:
    return (p.call for p in message.parts if isinstance(p, ToolResult) and p.call)
