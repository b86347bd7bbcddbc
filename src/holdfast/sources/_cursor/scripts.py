"""Cursor's transcripts: `agent-transcripts/<id>/<id>.jsonl`, and the plain texts of older versions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from holdfast.model import Json, Message, Part, Text, Thinking, ToolCall, ToolResult
from holdfast.model.message import Json as Value
from holdfast.sources._content import blocks, inside, millis, text
from holdfast.sources._cursor import chats
from holdfast.sources._cursor.parts import Draft, arguments, said_by_user, user_messages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.sources.base import Ref

_SPECIAL = re.compile(r"[^A-Za-z0-9]+")
_PATHS = ("working_directory", "path", "file_path", "target_file", "target_directory", "cwd")
DEEPEST = 40
_HEADS = ("[Thinking]", "[Tool call] ", "[Tool result]")


class State(Struct):
    """What must be remembered between two readings of one transcript."""

    cwd: str = ""
    title: str = ""
    started: int | None = None
    active: int | None = None
    calls: int = 0


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    found: dict[str, Json] = msgspec.to_builtins(state)
    return found


def draft_of(found: Ref, state: State) -> Draft:
    """Describe the session of a transcript as far as it is known."""
    path = Path(found.path)
    above = path.parent.parent.name if path.parent.name == "subagents" else ""
    draft = Draft(native=path.stem, path=found.path, parent=above, title=state.title, extra={"store": "transcript"})
    draft.cwd, draft.started, draft.active = state.cwd, state.started, state.active
    beside = store_of(Path(found.root), path.stem)
    if beside is not None:
        chats.facts(beside.with_name("meta.json"), draft)
    draft.active = draft.active or millis(found.mtime_ns // 1_000_000)
    return draft


def store_of(root: Path, native: str) -> Path | None:
    """Return the database of the same session, where there is one."""
    if not native or native in (".", "..") or "/" in native or "\\" in native:
        return None
    try:
        folders = sorted(p for p in (root / "chats").iterdir() if p.is_dir())
    except OSError:
        return None
    return next((p for p in (f / native / chats.NAME for f in folders) if p.is_file()), None)


def understand(record: dict[str, Json], state: State, line: int) -> tuple[list[Message], list[str]]:
    """Return the messages of a line, and what in it is not known."""
    at = millis(record.get("timestamp"))
    if at is not None:
        state.started = at if state.started is None else min(state.started, at)
        state.active = at if state.active is None else max(state.active, at)
    kind = record.get("type") or record.get("event")
    inner = inside(record, "message")
    role = record.get("role") or inner.get("role")
    if kind == "error":
        return [_wrong(record, at, line)], []
    if kind in ("turn_ended", "summary"):
        failed = record.get("status") == "error"
        return ([_wrong(record, at, line)] if failed else []), []
    if role not in ("user", "assistant", "system", "tool"):
        return [], [f"record:{str(kind or role or '?')[:40]}"]
    parts, odd = blocks(inner.get("content", record.get("content")))
    return _said(role, list(parts), state, at=at, line=line), list(odd)


def _said(role: str, parts: list[Part], state: State, *, at: int | None, line: int) -> list[Message]:
    name = f"line:{line}"
    given = [p for p in parts if p not in (Text(""), Thinking(""))]
    if role == "user":
        return user_messages(name, given, at=at, line=line)
    named = [_named(p, state) for p in given]
    sort = "assistant" if role == "assistant" else "tool" if role == "tool" else "system"
    return [Message(id=name, role=sort, parts=tuple(named), at=at, line=line)] if named else []  # type: ignore[arg-type]


def _named(part: Part, state: State) -> Part:
    """Number a tool call: most transcripts give it no id."""
    if not isinstance(part, ToolCall) or part.id:
        return part
    state.calls += 1
    return replace(part, id=f"call:{state.calls}")


def _wrong(record: dict[str, Json], at: int | None, line: int) -> Message:
    said = record.get("error") or record.get("message")
    words = text(said) or text(inside(record, "error").get("message")) or text(inside(record, "message").get("message"))
    extra: dict[str, Value] = {"error": True, "message": words}
    return Message(
        id=f"line:{line}", role="system", parts=(Text(words),) if words else (), at=at, line=line, extra=extra
    )


def learn_folder(state: State, messages: list[Message], slug: str) -> None:
    """Find the session's folder: a recorded path, or one above it, whose name as Cursor shortens it is the project's."""
    if state.cwd:
        return
    calls = (p.input for m in messages for p in m.parts if isinstance(p, ToolCall))
    for given in calls:
        for name in _PATHS:
            path = text(given.get(name)) if isinstance(given, dict) else ""
            state.cwd = next((f for f in _above(path) if _SPECIAL.sub("-", f).strip("-") == slug), "")
            if state.cwd:
                return


def _above(path: str) -> Iterator[str]:
    """Yield an absolute path and the folders above it."""
    if not (path.startswith("/") or path[1:3] in (":\\", ":/")) or len(path) > 4096:
        return
    for _ in range(DEEPEST):
        yield path
        cut = max(path.rfind("/"), path.rfind("\\"))
        if cut <= 0:
            return
        path = path[:cut]


def slug_of(path: Path) -> str:
    """Return the project's folder name that a transcript lies under."""
    parts = path.parts
    place = len(parts) - 1 - parts[::-1].index("agent-transcripts") if "agent-transcripts" in parts else 0
    return parts[place - 1] if place else ""


def plain(words: str) -> list[Message]:
    """Read a transcript of plain text: blocks that begin with `user:` or `assistant:` on a line of its own."""
    found: list[Message] = []
    role, first, held = "", 0, list[str]()
    for number, line in enumerate([*words.split("\n"), "user:"], 1):
        if line.strip() not in ("user:", "assistant:"):
            held.append(line)
            continue
        if role:
            found += _block(role, held, first)
        role, first, held = line.strip()[:-1], number, []
    return found


def _block(role: str, lines: list[str], number: int) -> list[Message]:
    name = f"line:{number}"
    if role == "user":
        words = "\n".join(lines).strip()
        typed = [Text(words)] if words else []
        return user_messages(name, typed, at=None, line=number)  # type: ignore[arg-type]
    parts: list[Part] = []
    for head, body in _sections(lines):
        part = _section(head, "\n".join(body).strip("\n"), f"{name}:{len(parts)}")
        parts += [part] if part else []
    said = tuple(p for p in parts if not isinstance(p, ToolResult))
    given = tuple(p for p in parts if isinstance(p, ToolResult))
    both = (Message(id=name, role="assistant", parts=said, line=number),)
    results = Message(id=f"{name}:results", role="tool", parts=given, line=number)
    return [m for m in (*both, results) if m.parts]


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Split an answer: what a head in brackets begins goes on over indented and empty lines."""
    head, body = "", list[str]()
    for line in lines:
        begins = line.startswith(_HEADS)
        ends = bool(head) and bool(line.strip()) and line[0] not in " \t"
        if begins or ends:
            yield head, body
            head, body = (line, []) if begins else ("", [line])
        else:
            body.append(line)
    yield head, body


def _section(head: str, body: str, name: str) -> Part | None:
    if head.startswith("[Thinking]"):
        words = "\n".join(w for w in (head[10:].strip(), body.strip()) if w)
        return Thinking(words) if words else None
    if head.startswith("[Tool call] "):
        return ToolCall(id=name, name=head[12:].strip(), input=_arguments(body))
    if head:
        return ToolResult(call="", text=body.strip())
    return Text(body.strip()) if body.strip() else None


def _arguments(body: str) -> Json:
    """Read `name: value` lines, or JSON; keep anything else as text."""
    found = arguments(body.strip())
    if not isinstance(found, str):
        return found
    pairs = [line.strip().partition(":" if ": " in line else "=") for line in body.splitlines() if line.strip()]
    named = all(sign and key.isidentifier() for key, sign, _ in pairs)
    return {key: value.strip() for key, _, value in pairs} if pairs and named else found


def first_prompt(messages: list[Message]) -> str:
    """Return the first thing a person said."""
    return next((said_by_user(m.text)[0] for m in messages if m.is_prompt), "")
