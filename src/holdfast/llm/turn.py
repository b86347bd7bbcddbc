"""One turn: ask the model, run the tools it calls, ask again, until it answers.

Each message is yielded before anything follows it, and the turn goes on only when the next step is asked for: who keeps a
message before asking on has it kept before the model is asked again.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from msgspec import Struct

from holdfast.errors import Unavailable
from holdfast.llm.base import Client, Event, Finished
from holdfast.model import Message, ToolCall, ToolResult, owned_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence

    from holdfast.llm.base import ToolSpec
    from holdfast.llm.tools import Approval, Toolbox
    from holdfast.model import Json

    Mask = Callable[[Message], Message]
    AsyncApproval = Callable[[ToolCall], Awaitable[bool | Mapping[str, Json] | None]]

MOST_ROUNDS = 20


def _as_it_is(message: Message) -> Message:
    return message


class ToolStarted(Struct, frozen=True, tag="started"):
    """A tool is about to run."""

    call: ToolCall


class ToolEnded(Struct, frozen=True, tag="ended", kw_only=True):
    """A tool has run: the message that holds its result."""

    call: ToolCall
    message: Message

    @property
    def result(self) -> ToolResult:
        """What it gave back."""
        return next(p for p in self.message.parts if isinstance(p, ToolResult))


Step = Event | ToolStarted | ToolEnded


@runtime_checkable
class SupportsAsync(Protocol):
    """A client that can be asked without a thread."""

    def astream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), timeout: float | None = None
    ) -> AsyncGenerator[Event]:
        """Ask, as `stream` does."""


def turn(
    client: Client,
    messages: Sequence[Message],
    tools: Toolbox,
    *,
    max_iterations: int = MOST_ROUNDS,
    timeout: float | None = None,
    approval: Approval | None = None,
    mask: Mask = _as_it_is,
) -> Iterator[Step]:
    """Yield what happens until the model has answered; `Finished` and `ToolEnded` hold the messages to keep.

    `mask` is applied to every answer and result before the model sees it again; the messages given should be masked already.
    errors.Unavailable when the model still calls tools after `max_iterations` answers; what the client raises comes through.
    """
    thread = list(messages)
    for _ in range(max_iterations):
        said: Message | None = None
        events = client.stream(tuple(thread), tools=tools.specs, timeout=timeout)
        try:
            for event in events:
                said = event.message if isinstance(event, Finished) else said
                yield event
        finally:
            getattr(events, "close", _nothing)()
        calls = _calls(client, thread, said, mask)
        if not calls:
            return
        for call in calls:
            yield ToolStarted(call)
            ended = _ended(call, tools.call(call, approval=approval))
            thread.append(mask(ended.message))
            yield ended
    raise _endless(client, max_iterations)


async def aturn(
    client: Client,
    messages: Sequence[Message],
    tools: Toolbox,
    *,
    max_iterations: int = MOST_ROUNDS,
    timeout: float | None = None,
    approval: AsyncApproval | None = None,
    mask: Mask = _as_it_is,
) -> AsyncGenerator[Step]:
    """Yield the steps of a turn as `turn` does, in an asynchronous program."""
    thread = list(messages)
    for _ in range(max_iterations):
        said: Message | None = None
        async with aclosing(events(client, tuple(thread), tools=tools.specs, timeout=timeout)) as stream:
            async for event in stream:
                said = event.message if isinstance(event, Finished) else said
                yield event
        calls = _calls(client, thread, said, mask)
        if not calls:
            return
        for call in calls:
            yield ToolStarted(call)
            approved = None if approval is None or tools.is_safe(call.name) else await approval(call)
            ended = _ended(call, await tools.acall(call, approved=approved))
            thread.append(mask(ended.message))
            yield ended
    raise _endless(client, max_iterations)


async def events(
    client: Client, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), timeout: float | None = None
) -> AsyncGenerator[Event]:
    """Ask any client in an asynchronous program; one that cannot do that itself is read in a thread."""
    if isinstance(client, SupportsAsync):
        async with aclosing(client.astream(messages, tools=tools, timeout=timeout)) as stream:
            async for event in stream:
                yield event
        return
    read = client.stream(messages, tools=tools, timeout=timeout)
    try:
        while (step := await asyncio.to_thread(next, read, None)) is not None:
            yield step
    finally:
        with suppress(ValueError):  # cancelled in the middle of a step: the thread ends with it
            getattr(read, "close", _nothing)()


def _nothing() -> None:
    return


def _calls(client: Client, thread: list[Message], said: Message | None, mask: Mask) -> list[ToolCall]:
    """Join an answer to the thread and return the tools it calls."""
    if said is None:
        raise Unavailable(f"the answer of {client.model} broke off", "try again")
    thread.append(mask(said))
    return [p for p in said.parts if isinstance(p, ToolCall)]


def _ended(call: ToolCall, result: ToolResult) -> ToolEnded:
    return ToolEnded(
        call=call, message=Message(id=owned_id(), role="tool", parts=(result,), at=time.time_ns() // 1_000_000)
    )


def _endless(client: Client, rounds: int) -> Unavailable:
    return Unavailable(
        f"{client.model} called tools {rounds} times without an answer", "ask for less, or raise max_iterations"
    )
