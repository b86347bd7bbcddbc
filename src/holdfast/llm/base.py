"""The protocol of a model client: messages and tools in, a stream of events out.

Knows the words of the exchange; refuses to know providers, keys and networks. A client raises errors.Denied for a missing or
refused key, errors.Unavailable for a server that cannot be reached or gives up, errors.BadInput for a request it cannot take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from msgspec import Struct, field

from holdfast.model import Json, Message, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Stop = Literal["end", "tools", "length", "refused", "other"]


class ToolSpec(Struct, frozen=True, kw_only=True):
    """A tool as a model is told of it; `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: dict[str, Json] = field(default_factory=lambda: {"type": "object", "properties": {}})


class TextDelta(Struct, frozen=True, tag="text"):
    """A piece of the answer."""

    text: str


class ThinkingDelta(Struct, frozen=True, tag="thinking"):
    """A piece of the model's reasoning."""

    text: str


class CallRequest(Struct, frozen=True, tag="call"):
    """A tool the model wants called, complete with its arguments."""

    call: ToolCall


class Finished(Struct, frozen=True, tag="finished", kw_only=True):
    """The end of an answer: the whole message, its usage, and why it ended. Always the last event, once."""

    message: Message
    usage: Usage | None = None
    model: str = ""
    stop: Stop = "end"


Event = TextDelta | ThinkingDelta | CallRequest | Finished


@runtime_checkable
class Client(Protocol):
    """One model at one provider."""

    model: str
    """As a person writes it: `provider/model`."""

    def stream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), timeout: float | None = None
    ) -> Iterator[Event]:
        """Ask; yields pieces as they come and ends with `Finished`. Closing the iterator stops the answer."""
