"""Copilot's events as messages: prompts, answers with their tool calls, results, summaries, errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._content import count, flat_text, inside, millis, number
from holdfast.sources._copilot import records, usage
from holdfast.sources._copilot.records import NAMED, Found, State, text

if TYPE_CHECKING:
    from holdfast.model import Part, Role

PENDING = 256
REMEMBERED = 500
_EXIT = re.compile(r"<[^<>]*exit code (-?\d{1,9})>\s*\Z")
_QUIET = frozenset({
    "assistant.turn_start", "assistant.turn_end", "assistant.turn_retry", "assistant.intent", "assistant.usage",
    "assistant.message_start", "assistant.idle", "session.permissions_changed", "session.mode_changed", "session.info",
    "session.warning", "session.idle", "session.handoff", "session.plan_changed", "session.workspace_file_changed",
    "session.import_legacy", "session.remote_steerable_changed", "session.autopilot_objective_changed",
    "session.compaction_start", "session.context_cleared", "session.skills_loaded", "session.tools_updated",
    "session.background_tasks_changed", "session.custom_agents_updated", "session.mcp_servers_loaded",
    "session.extensions_loaded", "session.todos_changed", "session.binary_asset", "session.custom_notification",
    "pending_messages.modified", "abort", "tool.execution_progress", "tool.execution_partial_result",
    "model.call_failure",
    "subagent.completed", "subagent.failed", "subagent.selected", "subagent.deselected", "skill.invoked",
})  # fmt: skip
_QUIET_FAMILIES = (
    "permission.", "hook.", "command.", "commands.", "elicitation.", "user_input.", "external_tool.", "mcp.", "mcp_",
    "sampling.", "exit_plan_mode.", "auto_mode_switch.", "capabilities.", "session_limits.", "session.schedule_",
    "session.limits_", "session.mcp_",
)  # fmt: skip


def understand(record: dict[str, Json], line: int, state: State, found: Found) -> None:
    """Add what an event says to what was found."""
    event = _Event(record, line, state, found)
    records.tick(state, event.agent, event.at)
    found.messages.setdefault(event.agent, [])
    kind, _, _ = event.kind.partition(".")
    match kind:
        case "session":
            _session(event)
        case "user" | "system":
            _spoken(event)
        case "assistant":
            _assistant(event)
        case "tool":
            _tool(event)
        case "subagent" if event.kind == "subagent.started":
            name = text(event.data, "agentDisplayName") or text(event.data, "agentName")
            records.learn_title(name, state.voice(event.agent), 1)
            records.learn_model(text(event.data, "model"), state.voice(event.agent))
        case _:
            event.quiet()


class _Event:
    """One event and where its message goes."""

    def __init__(self, record: dict[str, Json], line: int, state: State, found: Found) -> None:
        self.kind, self.data = text(record, "type"), inside(record, "data")
        self.id = text(record, "id") or f"line:{line}"
        self.at = millis(record.get("timestamp"))
        agent = text(record, "agentId")
        self.agent = agent if agent in state.voices or len(state.voices) <= records.AGENTS else ""
        self.line, self.state, self.found = line, state, found

    def say(self, role: Role, parts: tuple[Part, ...], *, continues: bool = False, **extra: Json) -> None:
        message = Message(
            id=self.id,
            role=role,
            parts=parts,
            at=self.at,
            model=text(self.data, "model") if role == "assistant" else "",
            continues=continues,
            line=self.line,
            extra=extra,
        )
        self.found.messages.setdefault(self.agent, []).append(message)
        self.state.voice(self.agent).spoke = True
        if not self.agent:
            self.state.said.append(self.id)
            if len(self.state.said) > 2 * REMEMBERED:
                del self.state.said[:-REMEMBERED]
        if message.is_prompt:
            records.learn_title(message.text, self.state.voice(self.agent), 2)

    def quiet(self) -> None:
        if self.kind not in _QUIET and not self.kind.startswith(_QUIET_FAMILIES):
            count(self.found.unknown, (f"record:{self.kind or '?'}",))


def _session(event: _Event) -> None:
    data, state = event.data, event.state
    match event.kind:
        case "session.start" | "session.resume" | "session.context_changed":
            records.learn_place(data, state)
            records.learn_model(text(data, "selectedModel"), state.voice(""))
        case "session.shutdown":
            usage.close(data, event.id, state, usage.Place(event.found, event.line, event.at))
            records.learn_size(data, state)
        case "session.usage_checkpoint":
            usage.learn_credits(data, state)
        case "session.model_change":
            records.learn_model(text(data, "newModel"), state.voice(event.agent))
        case "session.auto_mode_resolved":
            records.learn_model(text(data, "chosenModel"), state.voice(event.agent))
        case "session.truncation" | "session.usage_info":
            records.learn_size(data, state)
        case "session.title_changed":
            records.learn_title(text(data, "title"), state.voice(""), NAMED)
        case _:
            _remark(event)


def _remark(event: _Event) -> None:
    """Take session events that say something in the conversation."""
    data = event.data
    match event.kind:
        case "session.error":
            event.say("system", _said(text(data, "message")), error=True)
        case "session.task_complete":
            event.say("system", (Summary(text(data, "summary")),))
        case "session.compaction_complete":
            records.learn_size(data, event.state)
            place = usage.Place(event.found, event.line, event.at)
            usage.summarise(inside(data, "compactionTokensUsed"), event.id, event.state, place)
            if data.get("success") is not False:
                event.say("system", (Summary(text(data, "summaryContent")),), compaction=True)
        case "session.snapshot_rewind":
            _rewind(text(data, "upToEventId"), event)
        case _:
            event.quiet()


def _rewind(target: str, event: _Event) -> None:
    """Take what was said from an event on out of the conversation; it stays billed."""
    said = event.state.said
    if target in said:
        place = said.index(target)
        event.found.dropped.extend(said[place:])
        event.state.said = said[:place]


def _spoken(event: _Event) -> None:
    data = event.data
    match event.kind:
        case "user.message":
            source = text(data, "source")
            typed = not source or source.startswith(("user", "agent-"))
            parts = (*_said(text(data, "content")), *_attachments(data.get("attachments")))
            event.say("user" if typed else "system", parts)
        case "system.message" | "system.notification":
            event.say("system", _said(text(data, "content")))
        case _:
            event.quiet()


def _assistant(event: _Event) -> None:
    data, voice = event.data, event.state.voice(event.agent)
    match event.kind:
        case "assistant.message":
            usage.learn_call(data, event.state, event.line, event.at, agent=event.agent)
            records.learn_model(text(data, "model"), voice)
            call = text(data, "apiCallId")
            parts = (*_thought(text(data, "reasoningText"), voice), *_said(text(data, "content")), *_requested(event))
            event.say("assistant", parts, continues=bool(call) and call == voice.call)
            voice.call = call
        case "assistant.reasoning":
            voice.thought = text(data, "content")
            if voice.thought:
                event.say("assistant", (Thinking(voice.thought),), continues=True)
        case _:
            event.quiet()


def _thought(said: str, voice: records.Voice) -> tuple[Part, ...]:
    return (Thinking(said),) if said and said != voice.thought else ()


def _requested(event: _Event) -> tuple[Part, ...]:
    listed = event.data.get("toolRequests")
    asked = [r for r in listed if isinstance(r, dict)] if isinstance(listed, list) else []
    for request in asked:
        _expect(text(request, "toolCallId"), event.state)
    return tuple(ToolCall(id=text(r, "toolCallId"), name=text(r, "name"), input=r.get("arguments")) for r in asked)


def _expect(call: str, state: State) -> None:
    state.asked[call] = None
    if len(state.asked) > PENDING:
        state.asked = dict(list(state.asked.items())[-PENDING:])


def _tool(event: _Event) -> None:
    data, state = event.data, event.state
    call = text(data, "toolCallId")
    match event.kind:
        case "tool.user_requested" | "tool.execution_start":
            if call not in state.asked:
                _expect(call, state)
                event.say(
                    "assistant", (ToolCall(id=call, name=_name(data), input=data.get("arguments")),), continues=True
                )
        case "tool.execution_complete":
            state.asked.pop(call, None)
            result, failure = data.get("result"), data.get("error")
            said = flat_text(result) or (text(failure, "message") if isinstance(failure, dict) else flat_text(failure))
            exited = _EXIT.search(said[-200:])
            code = int(exited[1]) if exited else None
            event.say("tool", (ToolResult(call=call, text=said, error=data.get("success") is False, exit_code=code),))
        case _:
            event.quiet()


def _name(data: dict[str, Json]) -> str:
    server, tool = text(data, "mcpServerName"), text(data, "mcpToolName")
    return text(data, "toolName") or (f"{server}__{tool}" if server and tool else server or tool)


def _said(words: str) -> tuple[Part, ...]:
    return (Text(words),) if words else ()


def _attachments(listed: Json) -> tuple[Part, ...]:
    found = [a for a in listed if isinstance(a, dict)] if isinstance(listed, list) else []
    return tuple(
        Attachment(
            media=text(a, "mimeType") or text(a, "type"),
            name=text(a, "path") or text(a, "filePath") or text(a, "displayName"),
            size=len(text(a, "data")) * 3 // 4 or number(a.get("size")),
            text=text(a, "text"),
        )
        for a in found
    )
