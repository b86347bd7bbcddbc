"""The tools that a model has in a project: list, read, search, write, edit, shell, todo.

Knows one folder and reaches nothing outside it; refuses to know models, sessions and how a person is asked: `approval` shows
what would happen to whoever asks.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Literal, cast

from msgspec import Struct

from holdfast.config import load
from holdfast.errors import BadInput, HoldfastError
from holdfast.llm._project.allowed import allow, allowed, disallow, is_allowed
from holdfast.llm._project.reading import MOST_LINES, listing, reading, searching
from holdfast.llm._project.writing import diff, edited, put, written
from holdfast.llm.tools import Tool, function_tool
from holdfast.model import ToolCall, ToolResult
from holdfast.sandbox import LIMIT, TIMEOUT, Ran, Sandbox, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from holdfast.llm.tools import Approval, Approved

__all__ = ["Todo", "allow", "allowed", "approval", "argv_of", "disallow", "is_allowed", "preview", "project_tools"]

LONGEST_TIMEOUT = 600
OUTPUT = 60_000
"""Bytes of each kind of output that a model is given."""
MOST_TODOS = 100
_MARKS = {"pending": " ", "doing": ">", "done": "x"}
_SHELL_WORDS = frozenset({"|", "||", "&&", "&", ";", ">", ">>", "<", "<<", "2>", "2>&1", "&>"})


class Todo(Struct, frozen=True):
    """One thing to do."""

    text: str
    state: Literal["pending", "doing", "done"] = "pending"


def project_tools(root: Path, *, sandbox: Sandbox | None = None, timeout: float = TIMEOUT) -> Iterable[Tool]:
    """Return the tools for a project's folder.

    `sandbox` says whether a command may run where nothing can confine it; without it the setting `tools.sandbox` does.
    `timeout` is how many seconds a command may take when the model does not say.
    """
    looking = [function_tool(f, safe=True, waits=True) for f in _looking(root)]
    changing = [function_tool(f, waits=True) for f in (*_changing(root), _shell(root, sandbox, timeout))]
    return (*looking, *changing, function_tool(todo, safe=True))


def _looking(root: Path) -> tuple[Callable[..., str], ...]:
    def list_files(path: str = ".") -> str:
        """List the project's files below a folder; what git ignores is left out.

        Args:
            path: a folder, relative to the project
        """
        return listing(root, path)

    def read_file(path: str, start: int = 1, lines: int = MOST_LINES) -> str:
        """Read a text file of the project.

        Args:
            path: the file, relative to the project
            start: the first line, counted from 1
            lines: how many lines
        """
        return reading(root, path, start, lines)

    def search_files(pattern: str, path: str = ".", regex: bool = False) -> str:  # noqa: FBT001, FBT002 - a model's argument
        """Search the project's text files for a text; gives path:line: text.

        Args:
            pattern: the text to look for
            path: a folder or file, relative to the project
            regex: take the pattern as a regular expression
        """
        return searching(root, pattern, path, regex=regex)

    return list_files, read_file, search_files


def _changing(root: Path) -> tuple[Callable[..., str], ...]:
    def write_file(path: str, content: str) -> str:
        """Write a whole file of the project; a new one or in place of what is there.

        Args:
            path: the file, relative to the project
            content: its whole text
        """
        place, now, wanted = written(root, path, content)
        put(place, wanted)
        return diff(path, now, wanted)

    def edit_file(path: str, old_string: str, new_string: str) -> str:
        """Replace one place in a file. old_string must be in the file exactly once, to the letter.

        Args:
            path: the file, relative to the project
            old_string: the text to replace, with enough lines around it to be the only such place
            new_string: the text to put there
        """
        place, now, wanted = edited(root, path, old_string, new_string)
        put(place, wanted)
        return diff(path, now, wanted)

    return write_file, edit_file


def _shell(root: Path, sandbox: Sandbox | None, usual: float) -> Callable[..., ToolResult]:
    def shell(command: str, timeout: int = 0) -> ToolResult:
        """Run a program in the project's folder, without a shell and without network; only the project can be written.

        Args:
            command: the program and its arguments; for pipes and the like: sh -c '...'
            timeout: seconds it may take; 0 for the usual time
        """
        wanted = sandbox or cast("Sandbox", load(cwd=root)["tools.sandbox"])
        seconds = min(timeout, LONGEST_TIMEOUT) if timeout > 0 else usual
        return _told(run(argv_of(command), root, timeout=seconds, limit=min(OUTPUT, LIMIT), sandbox=wanted), seconds)

    return shell


def todo(items: list[Todo]) -> str:
    """Keep the list of what is to do: give the whole list each time.

    Args:
        items: everything there is to do, in order, with its state: pending, doing or done
    """
    if len(items) > MOST_TODOS:
        raise BadInput(f"{len(items)} are too many things to do", f"keep at most {MOST_TODOS}")
    done = sum(i.state == "done" for i in items)
    return "\n".join([*(f"[{_MARKS[i.state]}] {i.text}" for i in items), f"{done} of {len(items)} done"])


def argv_of(command: str) -> list[str]:
    """Return the arguments of a command line; errors.BadInput for one that only a shell understands."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise BadInput(f"the quotes do not match: {error}") from error
    if not words:
        raise BadInput("there is no command")
    found = next((w for w in words if w in _SHELL_WORDS), None)
    if found is not None and found in command.split():
        raise BadInput(f"{found!r} is for a shell, and none is there", "write: sh -c '...'")
    return words


def preview(root: Path, call: ToolCall) -> str:
    """Return what a call would do, to look at before it is allowed: a unified diff, or the command."""
    given = call.input if isinstance(call.input, dict) else {}
    text = {name: str(given.get(name, "")) for name in ("path", "content", "old_string", "new_string", "command")}
    try:
        if call.name == "write_file":
            return diff(text["path"], *written(root, text["path"], text["content"])[1:])
        if call.name == "edit_file":
            return diff(text["path"], *edited(root, text["path"], text["old_string"], text["new_string"])[1:])
    except (HoldfastError, OSError) as error:
        return f"This would fail: {error}"
    return f"$ {text['command']}" if call.name == "shell" else f"{call.name} {given}"


def approval(root: Path, ask: Callable[[ToolCall, str], Approved]) -> Approval:
    """Return what a toolbox asks: commands that the project's rules allow pass, all else is shown to `ask(call, preview)`."""

    def approve(call: ToolCall) -> Approved:
        return True if _passes(root, call) else ask(call, preview(root, call))

    return approve


def _passes(root: Path, call: ToolCall) -> bool:
    if call.name != "shell" or not isinstance(call.input, dict):
        return False
    try:
        return is_allowed(root, argv_of(str(call.input.get("command", ""))))
    except HoldfastError:
        return False


def _told(ran: Ran, seconds: float) -> ToolResult:
    """Return how a command ended, as the model reads it."""
    parts = [ran.stdout.rstrip("\n"), f"stderr:\n{ran.stderr.rstrip()}" if ran.stderr.strip() else ""]
    if ran.timed_out:
        parts.append(f"[ended after {seconds:g} s, because its time was up]")
    if ran.too_many_processes:
        parts.append("[ended, because it started too many processes]")
    if not ran.ok:
        parts.append(f"[exit code {ran.exit}]")
    return ToolResult(
        call="", text="\n".join(p for p in parts if p) or "[no output]", error=not ran.ok, exit_code=ran.exit
    )
