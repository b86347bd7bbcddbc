"""Files touched and commands run, derived once from tool calls for every agent.

Knows how calls are laid out (their names: `toolnames`); refuses to know any agent's file format.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.model.message import Json, Message, ToolCall, ToolResult
from holdfast.model.toolnames import (
    ACTIONS,
    COMMAND_KEYS,
    EDITORS,
    FOLDER_KEYS,
    LISTS,
    NEW_KEYS,
    OLD_KEYS,
    PATH_KEYS,
    SHELLS,
    VERBS,
    Action,
    plain_tool,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PATCHED = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$", re.MULTILINE)
_LOOKS_FOR, _PUTS_IN, _ENDS = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"
_BEGINS = "-------"
"""Stands before the text that is looked for, after where it begins."""
_SCRIPT = "exec"
"""Codex's tool whose whole argument is a script that calls the others."""
_IN_SCRIPT = re.compile(r"exec_command\(\{[^}\"]{0,200}?\"?cmd\"?\s*:\s*(\"(?:[^\"\\]|\\.)*\")")
_PATCH_ACTIONS: dict[str, Action] = {"Add": "write", "Update": "edit", "Delete": "delete"}


class FileTouch(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One file that a tool call read or changed; `added` and `removed` count lines where the call tells."""

    path: str
    action: Action
    message: str
    at: int | None = None
    added: int = 0
    removed: int = 0


class CommandRun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command that an agent ran; `exit` is None until its result is known."""

    command: str
    message: str
    cwd: str = ""
    at: int | None = None
    exit: int | None = None
    error: bool = False
    output: str = ""


def derive(messages: Iterable[Message]) -> tuple[tuple[FileTouch, ...], tuple[CommandRun, ...]]:
    """Return what the messages' tool calls did to files, and which commands they ran, in order."""
    listed = tuple(messages)
    results = {p.call: p for m in listed for p in m.parts if isinstance(p, ToolResult)}
    touches: list[FileTouch] = []
    runs: list[CommandRun] = []
    for message in listed:
        for part in message.parts:
            if isinstance(part, ToolCall):
                touches.extend(_touches(part, message))
                runs.extend(_runs(part, message, results.get(part.id)))
    return tuple(touches), tuple(runs)


def touched_by(call: ToolCall) -> list[str]:
    """Return the paths of files that one tool call touches."""
    return [path for path, _ in _touched(call)]


def _touches(call: ToolCall, message: Message) -> Iterator[FileTouch]:
    found = _touched(call)
    alone = len(found) == 1 and found[0][1] != "read"
    added, removed = _lines(call.input) if alone and isinstance(call.input, dict) else (0, 0)
    for path, action in found:
        yield FileTouch(path=path, action=action, message=message.id, at=message.at, added=added, removed=removed)


def _touched(call: ToolCall) -> list[tuple[str, Action]]:
    patch = _patch_text(call)
    if patch:
        return [(path.strip(), _PATCH_ACTIONS[verb]) for verb, path in _PATCHED.findall(patch)]
    tool = plain_tool(call.name)
    action = ACTIONS.get(tool)
    if action is None or not isinstance(call.input, dict):
        return []
    if tool in EDITORS:
        action = VERBS.get(plain_tool(_first(call.input, ("command",))), action)
    return [(path, action) for path in _paths(call.input)]


def _paths(values: dict[str, Json]) -> tuple[str, ...]:
    """Return the files that a call names: one, or those of its list."""
    one = _first(values, PATH_KEYS)
    if one:
        return (one,)
    for key in LISTS:
        listed = values.get(key)
        if isinstance(listed, list):
            named = [_first(v, PATH_KEYS) if isinstance(v, dict) else v for v in listed]
            return tuple(dict.fromkeys(v for v in named if isinstance(v, str) and v))
    return ()


def _runs(call: ToolCall, message: Message, result: ToolResult | None) -> Iterator[CommandRun]:
    for command, cwd in _commands(call):
        yield CommandRun(
            command=command,
            message=message.id,
            cwd=cwd,
            at=message.at,
            exit=result.exit_code if result else None,
            error=bool(result and result.error),
            output=result.text[:2000] if result else "",
        )


def _commands(call: ToolCall) -> Iterator[tuple[str, str]]:
    tool = plain_tool(call.name)
    if tool == _SCRIPT and isinstance(call.input, str):
        for quoted in _IN_SCRIPT.findall(call.input):
            yield _unquoted(quoted), ""
    elif tool in SHELLS and isinstance(call.input, dict):
        command = _first(call.input, COMMAND_KEYS)
        if command:
            yield command, _first(call.input, FOLDER_KEYS)


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]


def _patch_text(call: ToolCall) -> str:
    if plain_tool(call.name) != "applypatch" and not (isinstance(call.input, str) and "*** Begin Patch" in call.input):
        return ""
    if isinstance(call.input, str):
        return call.input
    return _first(call.input, ("input", "patch", "patchText", "command")) if isinstance(call.input, dict) else ""


def _first(values: dict[str, Json], keys: tuple[str, ...]) -> str:
    for key in keys:
        value = values.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
            return " ".join(value)
    return ""


def _lines(values: dict[str, Json]) -> tuple[int, int]:
    """Count the lines that a call puts in and takes out, in all its edits."""
    edits = values.get("edits")
    if isinstance(edits, list):
        each = [_lines(e) for e in edits if isinstance(e, dict) and "edits" not in e]
        return sum(a for a, _ in each), sum(r for _, r in each)
    diff = values.get("diff")
    if isinstance(diff, str) and diff:
        return _replaced(diff)
    new, old = _first(values, NEW_KEYS), _first(values, OLD_KEYS)
    return (new.count("\n") + 1 if new else 0), (old.count("\n") + 1 if old else 0)


def _replaced(diff: str) -> tuple[int, int]:
    """Count the lines of blocks that look for a text and put another one in its place."""
    counts = {_LOOKS_FOR: 0, _PUTS_IN: 0}
    side, before = "", 0
    for line in diff.splitlines():
        if line.startswith(_LOOKS_FOR):
            side, before = _LOOKS_FOR, counts[_LOOKS_FOR]
        elif side and line.startswith(_PUTS_IN):
            side = _PUTS_IN
        elif line.startswith(_ENDS):
            side = ""
        elif side == _LOOKS_FOR and line == _BEGINS:
            counts[_LOOKS_FOR] = before
        elif side:
            counts[side] += 1
    return counts[_PUTS_IN], counts[_LOOKS_FOR]
