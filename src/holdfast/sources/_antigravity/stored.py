"""What people and models said, out of a conversation's database: for conversations that have no transcript.

Follows only what a recording bears out: prompts and answers with their thinking. Tools and everything else stay raw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast._sqlite import tables
from holdfast.model import Message, Role, Text, Thinking
from holdfast.sources._antigravity import wire
from holdfast.sources._antigravity.usage import Connection, time_of

if TYPE_CHECKING:
    from holdfast.model import Part

_PROMPT = 14
"""The type of a step; 15 is an answer."""
_ASKED, _SAID, _THOUGHT = (19, 2), (20, 1), (20, 3)
_ASK = "SELECT idx, step_type, metadata, step_payload FROM steps WHERE step_type IN (14, 15) ORDER BY idx"
_COLUMNS = {"idx", "step_type", "metadata", "step_payload"}


def messages(connection: Connection) -> tuple[Message, ...]:
    """Return prompts and answers, under the ids that a transcript would give them."""
    if not _COLUMNS.issubset(tables(connection).get("steps", ())):
        return ()
    found: list[Message] = []
    for number, kind, metadata, payload in connection.execute(_ASK):
        if isinstance(number, int) and isinstance(payload, bytes):
            at = time_of(wire.messages(metadata, 1)) if isinstance(metadata, bytes) else None
            message = _message(number, payload, asked=kind == _PROMPT, at=at)
            found.extend([message] if message.parts else [])
    return tuple(found)


def _message(number: int, payload: bytes, *, asked: bool, at: int | None) -> Message:
    thought, said = wire.text(payload, *_THOUGHT), wire.text(payload, *(_ASKED if asked else _SAID))
    parts: list[Part] = [Thinking(thought.strip())] if thought.strip() else []
    parts += [Text(said)] if said else []
    role: Role = "user" if asked else "assistant"
    return Message(id=f"step:{number}", role=role, parts=tuple(parts), at=at, line=number + 1)
