"""Messages and their parts, for every agent the same."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

Role = Literal["user", "assistant", "system", "tool"]
Json = Any
"""A value as JSON has it: the one place where a type is not known before."""


class Text(Struct, frozen=True, tag="text"):
    """Something said."""

    text: str


class Thinking(Struct, frozen=True, tag="thinking"):
    """Reasoning that the agent recorded in the clear."""

    text: str


class ToolCall(Struct, frozen=True, tag="call", omit_defaults=True):
    """A tool the model asked for; `input` is the decoded arguments, or their text where they are not JSON."""

    id: str
    name: str
    input: Json = None


class ToolResult(Struct, frozen=True, tag="result", omit_defaults=True):
    """What a tool gave back; `exit_code` only where the agent recorded one."""

    call: str
    text: str = ""
    error: bool = False
    exit_code: int | None = None


class Attachment(Struct, frozen=True, tag="file", omit_defaults=True):
    """An image or file that went along; its bytes stay in the raw record, `text` is what could be read of it."""

    media: str = ""
    name: str = ""
    size: int = 0
    text: str = ""


class Summary(Struct, frozen=True, tag="summary"):
    """Text that replaced earlier messages, or a note on what was done."""

    text: str


Part = Text | Thinking | ToolCall | ToolResult | Attachment | Summary


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of a conversation.

    `id` is unique in its session and the same on every read. `at` is Unix time in ms, None where the agent keeps none.
    `seq` is its place, given by the store. `parent` is the id of the message it answers, where the agent keeps a tree.
    `continues` marks a further record of the same model answer. `live` is False once a rewind or edit took it out of the
    conversation. `line` is its place in the source (1-based line or row).
    """

    id: str
    role: Role
    parts: tuple[Part, ...] = ()
    at: int | None = None
    seq: int = -1
    model: str = ""
    parent: str = ""
    continues: bool = False
    live: bool = True
    line: int = 0
    extra: dict[str, Json] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Everything said in words, without tools and thinking."""
        return "\n".join(p.text for p in self.parts if isinstance(p, Text | Summary))

    @property
    def is_prompt(self) -> bool:
        """Tell whether a person (or a parent agent) said this."""
        return self.role == "user" and any(isinstance(p, Text | Attachment) for p in self.parts)
