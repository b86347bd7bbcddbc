"""What each agent's events say of the state of its session.

Knows the hooks of six agents as their own documentation describes them; an event that says nothing of the state, or that is
not known, is no event. The words of the states are those of `holdfast.model.live`, which a hook does not load.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

Fields = dict[str, object]
Said = tuple[str, str]
"""A state, and in a few words what it rests on."""

WORKING = "working"
PERMISSION = "waiting-permission"
QUESTION = "waiting-question"
LIMIT = "waiting-limit"
IDLE = "idle"
DONE = "done-unread"
ERROR = "error"
ENDED = "ended"

_ASKING = frozenset({"askuserquestion", "ask_user", "request_user_input", "ask_question", "question"})
"""Tools that ask the person, by the names that agents give them."""
_APPROVING = frozenset({"exitplanmode", "exit_plan_mode"})
"""Tools that put a plan before the person."""
_LIMITS = frozenset({"rate_limit", "billing_error", "usage_limit", "quota_exceeded"})
_NOTICES = {
    "permission_prompt": PERMISSION,
    "toolpermission": PERMISSION,
    "idle_prompt": IDLE,
    "elicitation_dialog": QUESTION,
    "agent_needs_input": QUESTION,
    "elicitation_response": WORKING,
    "elicitation_complete": WORKING,
}
_TOOL_EVENTS = frozenset(
    {
        "PreToolUse",
        "PermissionRequest",
        "PostToolUse",
        "PostToolUseFailure",
        "PermissionDenied",
        "BeforeTool",
        "AfterTool",
    }
    | {"preToolUse", "postToolUse", "postToolUseFailure"}
)
_SIMPLE = {
    "UserPromptSubmit": WORKING,
    "PreCompact": WORKING,
    "ElicitationResult": WORKING,
    "BeforeAgent": WORKING,
    "userPromptSubmitted": WORKING,
    "beforeSubmitPrompt": WORKING,
    "permission.replied": WORKING,
    "question.replied": WORKING,
    "question.rejected": WORKING,
    "Elicitation": QUESTION,
    "question.asked": QUESTION,
    "permission.asked": PERMISSION,
    "permission.updated": PERMISSION,
    "approval-requested": PERMISSION,
    "Stop": DONE,
    "AfterAgent": DONE,
    "agentStop": DONE,
    "agent-turn-complete": DONE,
    "session.idle": DONE,
    "Interrupt": IDLE,
    "sessionStart": IDLE,
    "SessionEnd": ENDED,
    "sessionEnd": ENDED,
    "session.deleted": ENDED,
}
"""What an event says by its name alone; names of different agents never mean different things."""

AGENTS = {
    "claude-code": "claude-code",
    "claude": "claude-code",
    "codex": "codex",
    "gemini-cli": "gemini-cli",
    "gemini": "gemini-cli",
    "copilot-cli": "copilot-cli",
    "copilot": "copilot-cli",
    "opencode": "opencode",
    "cursor": "cursor",
}


def slug(name: str) -> str:
    """Return the agent's name as the archive has it, or nothing for one whose hooks are not known."""
    return AGENTS.get(name, "")


def answer(agent: str, event: str) -> bytes:
    """Return what the agent reads from its hook: nothing, where silence means that it may go on."""
    if agent == "cursor":
        return b'{"continue":true}\n' if event == "beforeSubmitPrompt" else b"{}\n"
    return b"{}\n" if agent == "gemini-cli" else b""


def event_of(payload: Fields) -> str:
    """Return the event's name, where the payload says it."""
    return _text(payload, "hook_event_name", "hookEventName", "type")


def native_id(payload: Fields) -> str:
    """Return the agent's own id of the session."""
    return _text(payload, "conversation_id", "session_id", "sessionId", "sessionID", "thread-id", "thread_id")[:200]


def folder(payload: Fields) -> str:
    """Return the folder that the session works in, where the payload says it."""
    roots = payload.get("workspace_roots")
    first = roots[0] if isinstance(roots, list) and roots and isinstance(roots[0], str) else ""
    return _text(payload, "cwd", "directory") or first


def moment(payload: Fields) -> int:
    """Return when it happened (Unix ms), where our own plugin says it; other clocks are not asked."""
    at = payload.get("holdfast_at")
    return int(at) if isinstance(at, int | float) and 0 < at < 1e14 else 0  # noqa: PLR2004 - the year 5138


def state(event: str, payload: Fields) -> Said | None:
    """Return the state after an event, None where it says nothing of it."""
    if event in _SIMPLE:
        return _SIMPLE[event], _text(payload, "reason", "title", "permission")
    if event in _TOOL_EVENTS:
        return _tool(event, payload)
    reader = _READERS.get(event)
    return None if reader is None else reader(payload)


def depends(event: str) -> bool:
    """Tell whether what an event means depends on what was said before."""
    return event in ("Notification", "notification", "session.idle", "session.status") or event in _TOOL_EVENTS


def settled(said: Said, event: str, payload: Fields, before: Fields) -> Said | None:
    """Return what is said in the light of the last line about the session; None where that one holds still.

    A reminder that nobody typed for a minute makes nothing read; a notice that a tool may not run repeats what its request
    said; what another sub-agent does answers no question; OpenCode goes idle after an error, too.
    """
    held, held_event, detail = (_text(before, name) for name in ("state", "event", "detail"))
    if event in ("Notification", "notification"):
        if said[0] == IDLE and held in (DONE, ERROR, LIMIT):
            return held, detail
        return None if said[0] == PERMISSION and held in (PERMISSION, QUESTION) else said
    if event in _TOOL_EVENTS:
        waits = held in (PERMISSION, QUESTION) and held_event in _TOOL_EVENTS and said[0] == WORKING
        mark = _mark(payload)
        is_another = mark not in detail if mark else _MARK in detail
        return None if waits and is_another else said
    return (held, detail) if said[0] == DONE and held_event == "session.error" else said


_MARK = "(sub-agent "


def _mark(payload: Fields) -> str:
    """Return what tells a sub-agent in a line's detail; nothing for the main thread."""
    agent = _text(payload, "agent_id", "agentId")
    return f"{_MARK}{agent[:60]})" if agent else ""


def _tool(event: str, payload: Fields) -> Said:
    name = _text(payload, "tool_name", "toolName")
    plain = name.lower()
    if event in ("PreToolUse", "PermissionRequest", "BeforeTool", "preToolUse"):
        if plain in _ASKING:
            return QUESTION, f"{(_asked(payload) or name)[:200]} {_mark(payload)}".rstrip()
        if event == "PermissionRequest" or plain in _APPROVING:
            return PERMISSION, f"{name} {_mark(payload)}".rstrip()
    if payload.get("is_interrupt") is True or payload.get("isInterrupt") is True:
        return IDLE, "interrupted"
    return WORKING, name


def _asked(payload: Fields) -> str:
    """Return the first question that a tool asks."""
    given = payload.get("tool_input", payload.get("toolArgs"))
    if not isinstance(given, dict):
        return ""
    questions = given.get("questions")
    first = questions[0] if isinstance(questions, list) and questions else given
    return _text(first, "question", "prompt") if isinstance(first, dict) else ""


def _started(payload: Fields) -> Said | None:
    source = _text(payload, "source", "trigger")
    return None if source == "compact" else (IDLE, source)


def _compacted(payload: Fields) -> Said:
    return (IDLE if _text(payload, "trigger", "compact_trigger") == "manual" else WORKING), "compacted"


def _notice(payload: Fields) -> Said | None:
    kind = _text(payload, "notification_type", "notificationType").lower()
    said = _text(payload, "message", "title")
    if kind in _NOTICES:
        return _NOTICES[kind], said
    if not kind and "permission" in said.lower():
        return PERMISSION, said
    return (IDLE, said) if not kind and "waiting for your input" in said.lower() else None


def _failed(payload: Fields) -> Said:
    kind = _text(payload, "error", "error_type")
    return (LIMIT if kind in _LIMITS else ERROR), kind or _text(payload, "error_details", "message")


def _went_wrong(payload: Fields) -> Said | None:
    """Read Copilot's word of an error; from one that it recovers from it goes on by itself."""
    error = payload.get("error")
    if payload.get("recoverable") is True:
        return None
    return ERROR, _text(error, "name", "message") if isinstance(error, dict) else ""


def _stopped(payload: Fields) -> Said:
    """Read Cursor's word of how a turn ended."""
    how = _text(payload, "status")
    return {"aborted": IDLE, "error": ERROR}.get(how, DONE), how


def _status(payload: Fields) -> Said | None:
    """Read OpenCode's word of what it does."""
    kind = _text(payload, "status")
    return {"busy": (WORKING, kind), "retry": (WORKING, kind), "idle": (DONE, kind)}.get(kind)


def _error(payload: Fields) -> Said:
    """Read OpenCode's word of an error; one of them is the person's own Escape."""
    kind = _text(payload, "error")
    return (IDLE if kind == "MessageAbortedError" else ERROR), kind


_READERS: dict[str, Callable[[Fields], Said | None]] = {
    "SessionStart": _started,
    "PostCompact": _compacted,
    "Notification": _notice,
    "notification": _notice,
    "StopFailure": _failed,
    "errorOccurred": _went_wrong,
    "stop": _stopped,
    "session.status": _status,
    "session.error": _error,
}


def _text(payload: Fields, *names: str) -> str:
    """Return the first of several fields that is a text."""
    return next((v for n in names if isinstance(v := payload.get(n), str) and v), "")
