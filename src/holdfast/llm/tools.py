"""Tools that a model may call: made of Python functions or of a schema and a function, checked before they run.

Knows schemas, arguments and results; refuses to know models and sessions. A call with an unknown name or wrong arguments is
answered to the model as an error and never run.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from holdfast.errors import BadInput, HoldfastError
from holdfast.llm._shape import checked
from holdfast.llm._signature import arguments_of, description_of, keyword_arguments
from holdfast.llm.base import ToolSpec
from holdfast.model import Json, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_RESULT = 100_000
"""Characters of a result that a model is given; of a longer one its beginning and its end."""
DENIED = "The person did not allow this."

Approved = bool | Mapping[str, Json] | None
Approval = Callable[[ToolCall], Approved]
"""Allows a call, or refuses it, or allows it with other arguments."""


class Tool(Struct, frozen=True, kw_only=True):
    """One tool: what the model is told, how arguments are checked, and what runs.

    `safe` tools are never asked about. A `waits` tool may take long and runs in a thread in asynchronous programs.
    """

    spec: ToolSpec
    run: Callable[..., Any]
    check: Callable[[Json], dict[str, Json]]
    safe: bool = False
    waits: bool = False


def function_tool(function: Callable[..., Any], *, safe: bool = False, waits: bool = False) -> Tool:
    """Make a tool of a Python function: name, parameters and description come from its signature and docstring."""
    name = getattr(function, "__name__", type(function).__name__)
    kind, parameters = arguments_of(function)
    return Tool(
        spec=ToolSpec(name=name, description=description_of(function), parameters=parameters),
        run=function,
        check=lambda given: keyword_arguments(kind, given),
        safe=safe,
        waits=waits,
    )


def schema_tool(
    schema: Mapping[str, Json], executor: Callable[..., Any], *, safe: bool = False, waits: bool = False
) -> Tool:
    """Make a tool of a schema, OpenAI-style (`{"type": "function", "function": {...}}`) or flat, and a function.

    The function is called with the arguments by name. errors.BadInput for a schema without a name.
    """
    inner = schema.get("function", schema)
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str) or not inner["name"]:
        raise BadInput(
            "a tool's schema has no name", 'write {"type": "function", "function": {"name": ..., "parameters": ...}}'
        )
    parameters = inner.get("parameters", inner.get("input_schema", inner.get("inputSchema"))) or {
        "type": "object",
        "properties": {},
    }
    if not isinstance(parameters, dict):
        raise BadInput(f"the parameters of {inner['name']} are no JSON schema", "write an object with properties")
    spec = ToolSpec(name=inner["name"], description=str(inner.get("description") or ""), parameters=parameters)
    return Tool(spec=spec, run=executor, check=lambda given: checked(parameters, given), safe=safe, waits=waits)


class Toolbox:
    """The tools of one conversation, by name."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        """Take tools; a later one replaces an earlier one of its name."""
        self._tools = {t.spec.name: t for t in tools}

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def add(self, tool: Tool) -> None:
        """Add a tool, or replace the one of its name."""
        self._tools[tool.spec.name] = tool

    def remove(self, name: str) -> None:
        """Take a tool out; one that is not there is no error."""
        self._tools.pop(name, None)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """What a model is told."""
        return tuple(t.spec for t in self._tools.values())

    def is_safe(self, name: str) -> bool:
        """Tell whether nobody needs to be asked: the tool does no harm, or is not there at all."""
        tool = self._tools.get(name)
        return tool is None or tool.safe

    def call(self, call: ToolCall, *, approval: Approval | None = None) -> ToolResult:
        """Run a call and return its result; whatever goes wrong is a result that says so."""
        ready = self._ready(call, None if approval is None or self.is_safe(call.name) else approval(call))
        if isinstance(ready, ToolResult):
            return ready
        try:
            given = ready.tool.run(**ready.arguments)
            if inspect.isawaitable(given):
                given = asyncio.run(_awaited(given))
        except BaseException as error:  # noqa: BLE001 - a tool is anybody's code, and the model is told of its failure
            return _failed(call, error)
        return _result(call, given)

    async def acall(self, call: ToolCall, *, approved: Approved = None) -> ToolResult:
        """Run a call as `call` does, in an asynchronous program; `approved` is what a person said, None without asking."""
        ready = self._ready(call, approved)
        if isinstance(ready, ToolResult):
            return ready
        try:
            if ready.tool.waits:
                given = await asyncio.to_thread(ready.tool.run, **ready.arguments)
            else:
                given = ready.tool.run(**ready.arguments)
            if inspect.isawaitable(given):
                given = await given
        except BaseException as error:  # noqa: BLE001 - a tool is anybody's code, and the model is told of its failure
            return _failed(call, error)
        return _result(call, given)

    def _ready(self, call: ToolCall, approved: Approved) -> _Ready | ToolResult:
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            return _error(call, f"There is no tool {call.name!r}. The tools are: {known}.")
        if approved is False:
            return _error(call, DENIED)
        try:
            return _Ready(
                tool=tool, arguments=tool.check(dict(approved) if isinstance(approved, Mapping) else call.input)
            )
        except BadInput as error:
            return _error(call, f"The arguments of {call.name} are wrong: {error.message}. Nothing was run.")


class _Ready(Struct, frozen=True, kw_only=True):
    tool: Tool
    arguments: dict[str, Json]


async def _awaited(given: Awaitable[Json]) -> Json:
    return await given


def _error(call: ToolCall, text: str) -> ToolResult:
    return ToolResult(call=call.id, text=text, error=True)


def _failed(call: ToolCall, error: BaseException) -> ToolResult:
    """Tell the model what went wrong; Ctrl-C, cancellation and the like stop the conversation instead."""
    if not isinstance(error, Exception):
        raise error
    said = (
        f"{error.message} {error.hint}".strip()
        if isinstance(error, HoldfastError)
        else f"{type(error).__name__}: {error}"
    )
    return _error(call, shortened(said))


def _result(call: ToolCall, given: Json) -> ToolResult:
    if isinstance(given, ToolResult):
        return msgspec.structs.replace(given, call=call.id, text=shortened(given.text))
    failed = isinstance(given, dict) and set(given) == {"error"}
    return ToolResult(call=call.id, text=shortened(as_text(given)), error=failed)


def as_text(given: Json) -> str:
    """Return what a tool gave back as the model reads it: text as it is, everything else as JSON."""
    if given is None or isinstance(given, str):
        return given or ""
    if isinstance(given, bytes | bytearray):
        return bytes(given).decode("utf-8", "replace")
    try:
        return msgspec.json.encode(given, enc_hook=str).decode()
    except (TypeError, ValueError, RecursionError):
        return str(given)


def shortened(text: str) -> str:
    """Return a text no longer than a model is given, with a note where something was left out."""
    if len(text) <= LONGEST_RESULT:
        return text
    half = LONGEST_RESULT // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half:,} characters left out ...]\n{text[-half:]}"
