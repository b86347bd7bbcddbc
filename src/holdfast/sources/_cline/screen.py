"""What the person saw: `ui_messages.json`, a flat list of what was said and asked, with every request and its counts.

Knows one list; refuses to know files and the messages sent to the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from holdfast.model import Json, Message, Request, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._cline.flavor import Counted, Flavor, micro, usage_of
from holdfast.sources._content import count, millis, number, text
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from holdfast.model import Part, Role, Usage

_ERRORS = frozenset({
    "say:error", "say:diff_error", "say:rooignore_error", "say:clineignore_error", "say:condense_context_error",
    "say:command_permission_denied", "say:error_retry", "ask:api_req_failed", "ask:mistake_limit_reached",
    "ask:payment_required_prompt", "ask:invalid_model", "ask:unauthorized_prompt", "ask:promotion_model_sign_up_required_prompt",
})  # fmt: skip
_SAID = frozenset({"say:task", "say:user_feedback", "say:user_feedback_diff", "say:user_edit_todos"})
_WORDS = frozenset({
    "say:text", "say:completion_result", "ask:followup", "ask:plan_mode_respond", "ask:act_mode_respond",
    "ask:completion_result",
})  # fmt: skip
_CALLS = {
    "say:tool": "", "ask:tool": "", "say:command": "execute_command", "ask:command": "execute_command",
    "say:use_mcp_server": "use_mcp_tool", "ask:use_mcp_server": "use_mcp_tool", "ask:use_subagents": "use_subagents",
    "say:use_subagents": "use_subagents", "say:browser_action": "browser_action", "ask:browser_action_launch": "browser_action",
    "say:browser_action_launch": "browser_action",
}  # fmt: skip
_RESULTS = frozenset({
    "say:command_output", "ask:command_output", "say:mcp_server_response", "say:browser_action_result", "say:subtask_result",
    "say:codebase_search_result",
})  # fmt: skip
_NOTES = frozenset({"say:info", "say:mcp_notification", "say:task_progress", "ask:new_task", "ask:condense",
                    "ask:summarize_task", "ask:report_bug", "say:generate_explanation"})  # fmt: skip
_BILLED = {"say:subagent_usage": "subagents", "say:deleted_api_reqs": "deleted", "say:api_req_deleted": "deleted"}
_QUIET = frozenset({
    "say:api_req_finished", "say:api_req_retried", "say:api_req_retry_delayed", "say:api_req_rate_limited",
    "say:checkpoint_created", "say:checkpoint_saved", "say:shell_integration_warning", "say:hook_status",
    "say:shell_integration_warning_with_suggestion", "say:hook_output_stream", "say:mcp_server_request_started",
    "say:load_mcp_documentation", "say:conditional_rules_applied", "say:subagent", "say:image", "say:inspect_site_result",
    "say:sliding_window_truncation", "say:browser_session_status", "ask:resume_task", "ask:resume_completed_task",
    "ask:auto_approval_max_req_reached", "say:fetch_instructions", "say:too_many_tools_warning", "say:tool_preparing",
})  # fmt: skip
DONE = "HAS_CHANGES"
SLACK_MS = 2_000
"""The program writes down a change of model just after it began the first request with it."""


class Screen(Struct, kw_only=True):
    """What the list amounts to."""

    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    providers: dict[str, None] = field(default_factory=dict)
    asked: dict[int, list[tuple[str, int]]] = field(default_factory=dict)
    """By the number of messages sent so far: what was shown then, and when."""
    used: int | None = None
    unknown: dict[str, int] = field(default_factory=dict)
    deleted: list[Request] = field(default_factory=list)
    """Requests of a conversation that was rewound, added up by the program."""

    def at(self, index: int, role: str) -> int | None:
        """Return when the message with that index was sent (user) or came (assistant)."""
        shown = self.asked.get(index - 1, [])
        wanted = [t for kind, t in shown if (kind == "say:api_req_started") == (role == "user")]
        return wanted[0 if role == "user" else -1] if wanted else shown[0][1] if shown else None


def screen_of(records: list[Json], flavor: Flavor, *, task: str, path: str, models: Json) -> Screen:
    """Read the list; `models` is the program's own record of which model was asked since when."""
    screen = Screen()
    reader = _Reader(screen=screen, flavor=flavor, task=task, path=path, changes=_changes(models))
    for line, record in enumerate(records, 1):
        if isinstance(record, dict):
            reader.read(record, line)
        else:
            count(screen.unknown, ["record:?"])
    return screen


class _Reader(Struct, kw_only=True):
    screen: Screen
    flavor: Flavor
    task: str
    path: str
    changes: list[tuple[int, str, str]]
    call: str = ""
    """The call that the next result belongs to."""
    seen: dict[str, int] = field(default_factory=dict)
    started: bool = False
    partial: tuple[str, str] = ("", "")
    """What was being written when the last record was kept, of what kind."""

    def read(self, record: dict[str, Json], line: int) -> None:
        way = text(record.get("type")) or "?"
        kind = f"{way}:{text(record.get(way)) or '?'}"
        at = millis(record.get("ts"))
        index = record.get("conversationHistoryIndex")
        if isinstance(index, int) and at is not None:
            self.screen.asked.setdefault(index, []).append((kind, at))
        words = text(record.get("text"))
        if kind == "say:api_req_started":
            self._request(record, words, at=at, line=line)
        elif kind in _BILLED:
            self._sum(_BILLED[kind], words, at=at, line=line)
        elif kind == "say:condense_context":
            self._condensed(record, at=at, line=line)
        else:
            self._shown(record, kind, words, at=at, line=line)

    def _shown(self, record: dict[str, Json], kind: str, words: str, *, at: int | None, line: int) -> None:
        before, begun = self.partial
        if begun and before == kind and words.startswith(begun) and self.screen.messages:
            self.screen.messages.pop()
        self.partial = (kind, words.rstrip(".")) if record.get("partial") is True and kind in _WORDS else ("", "")
        first = kind == "say:text" and not self.started
        self.started = self.started or kind in ("say:text", "say:task")
        if first or kind in _SAID:
            self._add("user", [Text(words)], at=at, line=line)
        elif kind in _WORDS:
            self._add("assistant", [Thinking(text(record.get("reasoning"))), Text(_asked(words))], at=at, line=line)
        elif kind == "say:reasoning":
            self._add("assistant", [Thinking(words or text(record.get("reasoning")))], at=at, line=line)
        elif kind in _CALLS:
            self._called(kind, words, at=at, line=line)
        elif kind in _RESULTS:
            self._add("tool", [ToolResult(call=self.call, text=words)] if words else [], at=at, line=line)
        elif kind in _ERRORS:
            self._add("system", [Text(words)], at=at, line=line, error=True)
        elif kind in _NOTES:
            self._add("system", [Text(words)], at=at, line=line)
        elif kind not in _QUIET:
            count(self.screen.unknown, [f"record:{kind}"])

    def _called(self, kind: str, words: str, *, at: int | None, line: int) -> None:
        known = loads(words.encode()) if words.startswith("{") else None
        given = dict(known) if isinstance(known, dict) else {}
        name = _CALLS[kind] or text(given.pop("tool", None)) or "tool"
        plain: Json = given or ({"command": words} if name == "execute_command" else {"text": words})
        self.call = self._name(at, line)
        self._add("assistant", [ToolCall(id=self.call, name=name, input=plain)], at=at, line=line, name=self.call)

    def _request(self, record: dict[str, Json], words: str, *, at: int | None, line: int) -> None:
        info = _object(words)
        model, provider = self._model(record, at)
        usage = usage_of(info, self.flavor, Counted(at=at, provider=provider))
        if provider:
            self.screen.providers[provider] = None
        if usage.total or usage.cost:
            name = str(at) if at is not None else f"#{line}"
            self.screen.requests.append(self._bill(name, usage, at=at, line=line, model=model))
            self.screen.used = usage.context or self.screen.used
        reason = text(info.get("streamingFailedMessage")) or text(info.get("cancelReason"))
        if reason:
            failed = info.get("cancelReason") != "user_cancelled"
            self._add("system", [Text(reason)], at=at, line=line, error=failed)

    def _sum(self, name: str, words: str, *, at: int | None, line: int) -> None:
        usage = usage_of(_object(words), self.flavor, Counted(at=at))
        if usage.total or usage.cost:
            found = self._bill(f"{at}:{name}", usage, at=at, line=line, main=False)
            (self.screen.deleted if name == "deleted" else self.screen.requests).append(found)

    def _condensed(self, record: dict[str, Json], *, at: int | None, line: int) -> None:
        found = record.get("contextCondense")
        found = found if isinstance(found, dict) else {}
        self._add("system", [Summary(text(found.get("summary")))], at=at, line=line)
        self.screen.used = number(found.get("newContextTokens")) or self.screen.used
        usage = usage_of({"cost": found.get("cost")}, self.flavor, Counted(at=at))
        if micro(found.get("cost")):
            self.screen.requests.append(self._bill(f"{at}:condense", usage, at=at, line=line, main=False))

    def _bill(
        self, name: str, usage: Usage, *, at: int | None, line: int, model: str = "", main: bool = True
    ) -> Request:
        key = f"{self.flavor.agent}:{self.task}:{name}"
        return Request(key=key, at=at, model=model, usage=usage, path=self.path, line=line, main=main)

    def _model(self, record: dict[str, Json], at: int | None) -> tuple[str, str]:
        own = record.get("modelInfo")
        if isinstance(own, dict) and text(own.get("modelId")):
            return text(own["modelId"]), text(own.get("providerId"))
        before = [c for c in self.changes if at is None or c[0] <= at + SLACK_MS] or self.changes[:1]
        return (before[-1][1], before[-1][2]) if before else ("", "")

    def _name(self, at: int | None, line: int) -> str:
        name = f"ui:{at}" if at is not None else f"ui:#{line}"
        self.seen[name] = self.seen.get(name, 0) + 1
        return name if self.seen[name] == 1 else f"{name}:{self.seen[name]}"

    def _add(
        self, role: Role, parts: list[Part], *, at: int | None, line: int, error: bool = False, name: str = ""
    ) -> None:
        kept = tuple(p for p in parts if p not in (Text(""), Thinking(""), Summary("")))
        if kept or error:
            extra: dict[str, Json] = {"error": True} if error else {}
            name = name or self._name(at, line)
            self.screen.messages.append(Message(id=name, role=role, parts=kept, at=at, line=line, extra=extra))


def _changes(models: Json) -> list[tuple[int, str, str]]:
    """Return since when which model of which provider was asked."""
    listed = [m for m in models if isinstance(m, dict)] if isinstance(models, list) else []
    return sorted((millis(m.get("ts")) or 0, text(m.get("model_id")), text(m.get("model_provider_id"))) for m in listed)


def _object(words: str) -> dict[str, Json]:
    found = loads(words.encode()) if words.startswith("{") else None
    return found if isinstance(found, dict) else {}


def _asked(words: str) -> str:
    """Return a question or answer that is written as an object with its choices."""
    found = _object(words)
    plain = text(found.get("question")) or text(found.get("response"))
    return (plain or words).removesuffix(DONE).strip()
