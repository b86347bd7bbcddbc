"""Files touched and commands run, derived once from tool calls for every agent.

Knows the tool names and argument names that agents use; refuses to know any agent's file format.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from holdfast.model.message import Json, Message, ToolCall, ToolResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Action = Literal["read", "write", "edit", "delete", "search"]

_ACTIONS: dict[str, Action] = {
    "read": "read", "view": "read", "readfile": "read", "cat": "read", "fsread": "read", "viewfile": "read",
    "readmanyfiles": "read",
    "write": "write", "writefile": "write", "create": "write", "createfile": "write", "writetofile": "write", "fswrite": "write",
    "edit": "edit", "multiedit": "edit", "strreplace": "edit", "replace": "edit", "applypatch": "edit", "searchreplace": "edit",
    "strreplaceeditor": "edit", "strreplacebasededittool": "edit", "notebookedit": "edit", "replacefilecontent": "edit",
    "patch": "edit",
    "delete": "delete", "deletefile": "delete", "remove": "delete",
}  # fmt: skip
_SHELLS = frozenset({
    "bash", "shell", "execcommand", "runshellcommand", "runcommand", "executebash", "localshell", "powershell", "terminal",
    "executecommand", "shellcommand", "bashexecution", "localshellcall",
})  # fmt: skip
_PATH_KEYS = (
    "file_path",
    "filePath",
    "path",
    "absolute_path",
    "notebook_path",
    "AbsolutePath",
    "TargetFile",
    "filename",
    "file",
)
_COMMAND_KEYS = ("command", "cmd", "CommandLine", "script")
_PATCHED = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+)$", re.MULTILINE)
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


def touched_by(call: ToolCall, message: Message) -> list[str]:
    """Return the paths of files that one tool call touches."""
    return [t.path for t in _touches(call, message)]


@lru_cache(maxsize=1024)
def plain_tool(name: str) -> str:
    """Fold a tool's name to letters: `str_replace_editor`, `StrReplaceEditor` and `fs/str-replace-editor` are one."""
    return "".join(c for c in name.rsplit("/", 1)[-1].rsplit("__", 1)[-1] if c.isalpha()).lower()


def _touches(call: ToolCall, message: Message) -> Iterator[FileTouch]:
    patch = _patch_text(call)
    if patch:
        for verb, path in _PATCHED.findall(patch):
            yield FileTouch(path=path.strip(), action=_PATCH_ACTIONS[verb], message=message.id, at=message.at)
        return
    action = _ACTIONS.get(plain_tool(call.name))
    if action is None or not isinstance(call.input, dict):
        return
    path = _first(call.input, _PATH_KEYS)
    if path:
        added, removed = _lines(call.input)
        yield FileTouch(path=path, action=action, message=message.id, at=message.at, added=added, removed=removed)


def _runs(call: ToolCall, message: Message, result: ToolResult | None) -> Iterator[CommandRun]:
    if plain_tool(call.name) not in _SHELLS or not isinstance(call.input, dict):
        return
    command = _first(call.input, _COMMAND_KEYS)
    if command:
        yield CommandRun(
            command=command,
            message=message.id,
            cwd=_first(call.input, ("workdir", "cwd", "working_directory", "dir_path", "Cwd")),
            at=message.at,
            exit=result.exit_code if result else None,
            error=bool(result and result.error),
            output=result.text[:2000] if result else "",
        )


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
    new = _first(values, ("new_string", "content", "newString", "new_str", "file_text"))
    old = _first(values, ("old_string", "oldString", "old_str"))
    return (new.count("\n") + 1 if new else 0), (old.count("\n") + 1 if old else 0)
