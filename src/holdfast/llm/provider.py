"""A model of any provider, asked over its own wire format.

Knows the words of pydantic-ai, which speaks to the providers; refuses to keep anything and to run tools. Importing this
module imports no provider: that happens when a model is first asked.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from holdfast.errors import Unavailable
from holdfast.llm._pump import drained
from holdfast.llm.base import CallRequest, Event, Finished
from holdfast.llm.names import Target, target
from holdfast.model import Message, ToolCall, owned_id

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
    from types import ModuleType

    from pydantic_ai.settings import ModelSettings

    from holdfast.llm.base import ToolSpec

ATTEMPTS = 3
FIRST_WAIT = 0.5
LONGEST_WAIT = 30.0
SILENCE = 300.0
"""Seconds without a word from the server after which it is given up; a local model may think long before its first one."""
EXTRA = "pip install 'holdfast[llm]'"


def client(
    model: str, *, endpoint: str | None = None, api_key: str | None = None, env: Mapping[str, str] | None = None
) -> ProviderClient:
    """Return a client of the model of that name, for example `ollama/qwen2.5:3b`; nothing is asked yet.

    `endpoint` is the address of an OpenAI-compatible server, or of the named provider's. errors.Denied names a missing key,
    errors.BadInput a name that no provider has.
    """
    return ProviderClient(target(model, endpoint=endpoint, key=api_key, env=os.environ if env is None else env))


class ProviderClient:
    """One model at one provider, for ordinary (`stream`) and asynchronous (`astream`) programs."""

    def __init__(
        self,
        where: Target,
        *,
        attempts: int = ATTEMPTS,
        first_wait: float = FIRST_WAIT,
        settings: Mapping[str, float] | None = None,
    ) -> None:
        """Take the model and its address; `settings` are the provider's own, for example `{"temperature": 0.2}`."""
        self.model = where.name
        self.target = where
        self._attempts = attempts
        self._first_wait = first_wait
        self._settings = dict(settings or {})

    def warm(self) -> None:
        """Load the provider's library now, for example in a thread while a person types; nothing is asked."""
        _failure()
        from holdfast.llm import _models, _wire  # noqa: F401 - loading them is the work

        _models.load(self.target)

    def stream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), timeout: float | None = None
    ) -> Generator[Event]:
        """Ask; yields pieces as they come and ends with `Finished`. Closing the iterator stops the answer."""
        return drained(lambda: self.astream(messages, tools=tools, timeout=timeout))

    async def astream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), timeout: float | None = None
    ) -> AsyncGenerator[Event]:
        """Ask as `stream` does; what fails before the first word is asked again, `timeout` is the longest silence (s)."""
        failure = _failure()
        for attempt in range(1, self._attempts + 1):
            begun = False
            try:
                async with aclosing(self._ask(messages, tools, timeout)) as events:
                    async for event in events:
                        begun = True
                        yield event
            except failure.FAILURES as error:
                if begun or attempt == self._attempts or not failure.is_passing(error):
                    raise failure.told(error, self.target) from error
                wait = failure.wait_asked(error)
            else:
                return
            await asyncio.sleep(self._wait(attempt) if wait is None else min(wait, LONGEST_WAIT))

    def _wait(self, attempt: int) -> float:
        return min(LONGEST_WAIT, self._first_wait * 2.0 ** (attempt - 1)) * (1 + random.random() / 4)  # noqa: S311 - no secret

    async def _ask(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec], timeout: float | None
    ) -> AsyncGenerator[Event]:
        from pydantic_ai.direct import model_request_stream

        from holdfast.llm import _models, _wire

        settings: ModelSettings = {**self._settings, "timeout": timeout or SILENCE, "max_retries": 0}  # type: ignore[typeddict-item]
        async with (
            _models.model(self.target) as asked,
            model_request_stream(
                asked,
                _wire.outgoing(messages),
                model_settings=settings,
                model_request_parameters=_wire.parameters(tools),
            ) as stream,
        ):
            async for piece in _wire.deltas(stream):
                yield piece
            response = stream.get()
        parts = _wire.incoming(response)
        name = response.model_name or self.target.model
        for part in parts:
            if isinstance(part, ToolCall):
                yield CallRequest(part)
        calls = any(isinstance(p, ToolCall) for p in parts)
        yield Finished(
            message=Message(id=owned_id(), role="assistant", parts=parts, at=time.time_ns() // 1_000_000, model=name),
            usage=_wire.used(response),
            model=name,
            stop="tools" if calls else _wire.STOPS.get(response.finish_reason, "other"),
        )


def _failure() -> ModuleType:
    """Load the provider's library, or say how to get it."""
    try:
        from holdfast.llm import _failure as failure
    except ModuleNotFoundError as error:
        raise Unavailable(f"models need the extra [llm]: {error.name} is not installed", EXTRA) from error
    return failure
