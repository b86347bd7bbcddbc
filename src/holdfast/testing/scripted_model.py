"""A model that plays a script: the same words each time, no network, and a record of what it was asked."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.errors import Unavailable
from holdfast.llm.base import CallRequest, Event, Finished, TextDelta, ThinkingDelta
from holdfast.model import Message, Part, Text, Thinking, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from holdfast.llm.base import Stop, ToolSpec

_PIECES = re.compile(r"\S*\s*")
USED = Usage(input=12, output=3)


class Answer(Struct, frozen=True, kw_only=True):
    """What a model says once: thoughts, words, calls of tools, and what it bills for them."""

    text: str = ""
    thinking: str = ""
    calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = USED

    @property
    def parts(self) -> tuple[Part, ...]:
        """The answer as parts of a message."""
        thought = (Thinking(self.thinking),) if self.thinking else ()
        return (*thought, *((Text(self.text),) if self.text else ()), *self.calls)


class Asked(Struct, frozen=True, kw_only=True):
    """What a model was asked: the conversation and the tools it was told of."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()

    @property
    def text(self) -> str:
        """Everything that went to the model in words."""
        return "\n".join(m.text for m in self.messages)


class ScriptedModel:
    """A client that gives its answers in order; an answer may be a text, an `Answer`, an error to raise, or a function.

    A function is given what was asked and returns the answer. After the last one errors.Unavailable is raised.
    """

    def __init__(
        self, *answers: str | Answer | Exception | Callable[[Asked], str | Answer], model: str = "scripted/model"
    ) -> None:
        """Take the script."""
        self.model = model
        self.asked: list[Asked] = []
        self._answers = iter(answers)
        self._numbers = count(1)

    def stream(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = (), timeout: float | None = None
    ) -> Iterator[Event]:
        """Play the next answer, word by word."""
        del timeout
        asked = Asked(messages=tuple(messages), tools=tuple(tools))
        self.asked.append(asked)
        answer = next(self._answers, None)
        if answer is None:
            raise Unavailable(f"the script of {self.model} has no further answer", "give it one more")
        if isinstance(answer, Exception):
            raise answer
        said = answer if isinstance(answer, str | Answer) else answer(asked)
        return self._played(Answer(text=said) if isinstance(said, str) else said)

    def _played(self, answer: Answer) -> Iterator[Event]:
        yield from (ThinkingDelta(p) for p in pieces(answer.thinking))
        yield from (TextDelta(p) for p in pieces(answer.text))
        yield from (CallRequest(c) for c in answer.calls)
        number = next(self._numbers)
        message = Message(
            id=f"{self.model}-{id(self):x}-{number}", role="assistant", parts=answer.parts, model=self.model
        )
        stop: Stop = "tools" if answer.calls else "end"
        yield Finished(message=message, usage=answer.usage, model=self.model, stop=stop)


def pieces(text: str) -> list[str]:
    """Cut a text where a model would pause: behind each word."""
    return [p for p in _PIECES.findall(text) if p]
