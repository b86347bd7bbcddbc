"""What Cursor's three stores share: a session in the making, what a person said between injected texts, tool results.

Knows texts and results; refuses to know where any of them is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec import Struct, field

from holdfast.model import (
    Context,
    Json,
    Losses,
    Message,
    Parent,
    Request,
    Session,
    Summary,
    Text,
    ToolResult,
    Transcript,
    dedupe,
    observed_id,
)
from holdfast.model.session import ordered
from holdfast.sources._content import flat_text, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from pathlib import Path

    from holdfast.model import Part, Role

AGENT = "cursor"
MOST = 1 << 20
"""A larger `workspace.json` is none."""
_OPEN, _CLOSE = "<user_query>", "</user_query>"
_INJECTED = (
    "<user_info>", "<rules>", "<project_layout>", "<open_and_recently_viewed_files>", "<attached_files>", "<git_status>",
    "<system_reminder>", "<additional_data>", "<agent_transcripts>", "<agent_skills>", "<mcp_", "<always_applied_",
    "<system_notification>",
)  # fmt: skip


class Draft(Struct, kw_only=True):
    """A session in the making."""

    native: str
    path: str
    title: str = ""
    cwd: str = ""
    branch: str = ""
    parent: str = ""
    version: str = ""
    started: int | None = None
    active: int | None = None
    used: int | None = None
    limit: int | None = None
    models: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    damaged: list[int] = field(default_factory=list)
    extra: dict[str, Json] = field(default_factory=dict)

    def miss(self, name: str) -> None:
        """Count something unknown."""
        self.unknown[name] = self.unknown.get(name, 0) + 1


def session_of(draft: Draft) -> Session:
    """Describe the session of a draft."""
    times = [m.at for m in draft.messages if m.at is not None]
    begun = [t for t in (draft.started, min(times, default=None)) if t is not None]
    ended = [t for t in (draft.active, max(times, default=None)) if t is not None]
    limited = draft.limit is not None
    return Session(
        id=observed_id(AGENT, draft.native),
        agent=AGENT,
        native_id=draft.native,
        title=title_of(draft.title) or next((t for m in draft.messages if m.is_prompt and (t := title_of(m.text))), ""),
        cwd=draft.cwd,
        project=project_of(draft.cwd),
        branch=draft.branch,
        models=ordered((*draft.models, *(m.model for m in draft.messages))),
        parent=Parent(id=observed_id(AGENT, draft.parent), kind="subagent") if draft.parent else None,
        status="ended",
        started=min(begun, default=None),
        active=max(ended, default=None),
        source_path=draft.path,
        context=Context(used=draft.used, limit=draft.limit, source="recorded" if limited else "unknown"),
        version=draft.version,
        extra=draft.extra,
    )


def transcript_of(draft: Draft) -> Transcript:
    """Return the whole session: what its store no longer has is no longer in the conversation."""
    return Transcript(
        session=session_of(draft),
        messages=tuple({m.id: m for m in draft.messages}.values()),
        requests=tuple(dedupe(draft.requests).values()),
        dropped=tuple(m.id for m in draft.messages if not m.live),
        losses=losses_of(draft),
        replaces=True,
    )


def shadow_of(draft: Draft) -> Transcript:
    """Return only who the session is: another store tells it better, and the same conversation must not stand twice."""
    session = Session(id=observed_id(AGENT, draft.native), agent=AGENT, native_id=draft.native, status="ended")
    return Transcript(session=session, losses=losses_of(draft))


def losses_of(draft: Draft) -> Losses:
    """Return what could not be used."""
    return Losses(unknown=draft.unknown, damaged=len(draft.damaged), damaged_lines=tuple(draft.damaged))


def said_by_user(words: str) -> tuple[str, str]:
    """Split a user record into what the person typed and what the program put around it."""
    start = words.find(_OPEN)
    if start < 0:
        return ("", words) if words.lstrip().startswith(_INJECTED) else (words, "")
    typed: list[str] = []
    around: list[str] = []
    place = 0
    while start >= 0:
        end = words.find(_CLOSE, start)
        end = len(words) if end < 0 else end
        around.append(words[place:start])
        typed.append(words[start + len(_OPEN) : end].strip())
        place = end + len(_CLOSE)
        start = words.find(_OPEN, place)
    around.append(words[place:])
    return "\n".join(t for t in typed if t), "\n".join(a.strip() for a in around if a.strip())


def user_messages(name: str, parts: list[Part], *, at: int | None, line: int) -> list[Message]:
    """Make a prompt, and a system message of what was injected with it."""
    typed: list[Part] = []
    injected: list[Part] = []
    for part in parts:
        if not isinstance(part, Text):
            typed.append(part)
            continue
        words, around = said_by_user(part.text)
        typed.extend([Text(words)] if words.strip() else [])
        injected.extend([Text(around)] if around.strip() else [])
    results_only = bool(typed) and all(isinstance(p, ToolResult) for p in typed)
    found: list[Message] = []
    if injected:
        found.append(Message(id=f"{name}:context", role="system", parts=tuple(injected), at=at, line=line))
    if typed:
        role: Role = "tool" if results_only else "user"
        found.append(Message(id=name, role=role, parts=tuple(typed), at=at, line=line))
    return found


def summary(name: str, words: str, *, at: int | None, line: int) -> Message:
    """Make the message that stands for what a compaction replaced."""
    return Message(id=name, role="system", parts=(Summary(words),), at=at, line=line)


def result(call: str, value: Json, *, error: bool = False) -> ToolResult:
    """Read a tool's result: a text, a JSON text, or content blocks."""
    inner = loads(value.encode("utf-8", "replace")) if isinstance(value, str) and value[:1] in ("{", "[") else value
    code = None
    if isinstance(inner, dict):
        given = inner.get("exitCode", inner.get("exitCodeV2"))
        code = given if isinstance(given, int) and not isinstance(given, bool) and abs(given) < 1 << 31 else None
    words = flat_text(inner) or (value if isinstance(value, str) else "")
    return ToolResult(call=call, text=words, error=error or bool(code), exit_code=code)


def arguments(value: Json) -> Json:
    """Decode a tool's arguments where they are JSON in a text; keep them as text where they are none."""
    if not isinstance(value, str):
        return value
    found = loads(value.encode("utf-8", "replace"))
    return value if found is None else found


def path_of(uri: Json) -> str:
    """Return the path of a `file://` address, or of an object that holds one."""
    if isinstance(uri, dict):
        return text(uri.get("fsPath")) or text(uri.get("path")) or path_of(uri.get("external"))
    if not isinstance(uri, str) or not uri.startswith("file://"):
        return ""
    path = unquote(uri[7:], errors="replace")
    return path[1:] if len(path) > 2 and path[0] == "/" and path[2] == ":" else path


def folder_of(path: Path) -> str:
    """Return the folder that a `workspace.json` names, empty where it names none."""
    try:
        facts = loads(path.read_bytes()) if path.stat().st_size <= MOST else None
    except (OSError, ValueError):
        return ""
    return path_of(facts.get("folder")) if isinstance(facts, dict) else ""
