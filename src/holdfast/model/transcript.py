"""What travels between sources, stores, index and formats: a session with messages, or a tail of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model.activity import touched_by
from holdfast.model.message import Message, Summary, Text, ToolCall, ToolResult
from holdfast.model.session import Rollup, Session
from holdfast.model.usage import Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FILES_KEPT = 100
DEEPEST = 100


class Losses(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a reader met and could not use: counted and kept raw, never fatal."""

    unknown: dict[str, int] = field(default_factory=dict)
    """Record or block types the reader does not know, with how often they stood there."""
    damaged: int = 0
    """Terminated lines that are no record."""
    damaged_lines: tuple[int, ...] = ()


class Transcript(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session and some of its messages, in order; nothing requires all of them.

    A message whose id is known already replaces that message. `dropped` are ids that a rewind took out of the conversation.
    `requests` is the billing side: it stays, whatever happens to the conversation.
    """

    session: Session
    messages: tuple[Message, ...] = ()
    requests: tuple[Request, ...] = ()
    dropped: tuple[str, ...] = ()
    losses: Losses = Losses()
    replaces: bool = False
    """True where `messages` are the whole session: those the store has and this lacks are no longer in the conversation."""


def counted(rollup: Rollup, messages: Iterable[Message]) -> Rollup:
    """Add messages to the counts that lists show (not the usage: requests are counted across sessions)."""
    said = prompts = calls = errors = 0
    known = dict.fromkeys(rollup.files)
    for message in messages:
        prompt = message.is_prompt
        prompts += prompt
        said += not message.continues and (prompt or message.role == "assistant")
        errors += bool(message.extra) and bool(message.extra.get("error"))
        for part in message.parts:
            if type(part) is ToolCall:
                calls += 1
                if len(known) < FILES_KEPT:
                    known.update(dict.fromkeys(touched_by(part)))
            elif type(part) is ToolResult:
                errors += part.error
    return replace(
        rollup,
        messages=rollup.messages + said,
        user_messages=rollup.user_messages + prompts,
        tool_calls=rollup.tool_calls + calls,
        errors=rollup.errors + errors,
        files=tuple(known)[:FILES_KEPT],
    )


def is_counted(message: Message) -> bool:
    """Tell whether this is a message of its own: said by either side, and no further record of the same answer."""
    return not message.continues and (message.role == "assistant" or message.is_prompt)


def conversation(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return what the thread says now: without rewound messages, along the branch that ends in the newest leaf.

    Siblings without a prompt of their own (parallel tool calls) stay; a branch a person left stays out.
    """
    live = [m for m in messages if m.live]
    if not any(m.parent for m in live):
        return tuple(live)
    left = _left_branches(live)
    return tuple(m for m in live if m.id not in left)


def _left_branches(live: Sequence[Message]) -> set[str]:
    children: dict[str, list[str]] = {}
    by_id = {m.id: m for m in live}
    for m in live:
        if m.parent in by_id:
            children.setdefault(m.parent, []).append(m.id)
    place = {m.id: i for i, m in enumerate(live)}
    newest, prompted = dict(place), {m.id: m.is_prompt for m in live}
    for m in reversed(live):
        if m.parent in by_id and place[m.parent] < place[m.id]:
            newest[m.parent] = max(newest[m.parent], newest[m.id])
            prompted[m.parent] = prompted[m.parent] or prompted[m.id]
    left: set[str] = set()
    for siblings in children.values():
        asked = [s for s in siblings if prompted[s]]
        if len(asked) > 1:
            keep = max(asked, key=lambda s: newest[s])
            left.update(s for s in asked if s != keep)
    for m in live:
        if m.parent in left:
            left.add(m.id)
    return left


def searchable(message: Message) -> tuple[str, str]:
    """Return what was said (text, thinking, summaries) and what tools were given and gave back, as two texts."""
    said: list[str] = []
    done: list[str] = []
    for part in message.parts:
        if isinstance(part, ToolCall):
            done.append(part.name)
            _leaves(part.input, done, DEEPEST)
        elif isinstance(part, ToolResult):
            done.append(part.text)
        elif isinstance(part, Text | Summary) or hasattr(part, "text"):
            said.append(part.text)
    return "\n".join(said), "\n".join(done)


def _leaves(value: object, into: list[str], depth: int) -> None:
    """Gather the words of nested arguments; what lies deeper than any agent nests is left out."""
    if isinstance(value, str):
        into.append(value)
    elif isinstance(value, dict | list | tuple):
        if depth:
            for inner in value.values() if isinstance(value, dict) else value:
                _leaves(inner, into, depth - 1)
    elif value is not None and not isinstance(value, bool):
        into.append(str(value))
