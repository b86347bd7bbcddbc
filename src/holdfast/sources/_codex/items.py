"""Codex's records as messages: what was said, thought, called and returned, each once.

Codex writes most things twice, as a response item and as an event (before 0.147 `user_message`, since then
`item_completed`): whichever comes second is matched with the first.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Summary, Text, Thinking, ToolCall, ToolResult
from holdfast.sources._codex import records
from holdfast.sources._codex.records import NAMED, Found, State, text
from holdfast.sources._content import count, flat_text, inside, millis, number
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model import Part, Role

HEARD = 8
OUTCOMES = 64
PROMPTS = 500
_CONTEXT = re.compile(
    r"\s*(?:# AGENTS\.md instructions|<(?:environment_context|user_instructions|INSTRUCTIONS|turn_aborted|"
    r"permissions instructions|subagent_notification|user_shell_command|user_action|skill|collaboration_mode)\b)"
    r"|\s*<([A-Za-z_]+)(?: [^>]*)?>.*</\1>\s*\Z",
    re.DOTALL,
)
_CWD = re.compile(r"<environment_context>.*?<cwd>([^<]+)</cwd>", re.DOTALL)
_EXIT = re.compile(r"^(?:Process exited with code|Exit code:|exit code:) (-?\d+)", re.MULTILINE)
_QUIET_LINES = frozenset({"state", "world_state", "inter_agent_communication_metadata"})
_QUIET_ITEMS = frozenset({
    "ghost_snapshot", "compaction", "compaction_summary", "context_compaction", "compaction_trigger",
    "additional_tools", "other",
})  # fmt: skip
_QUIET_EVENTS = frozenset({
    "agent_reasoning", "agent_reasoning_section_break", "turn_aborted",
    "context_compacted", "entered_review_mode", "exited_review_mode", "undo_completed", "undo_started",
    "sub_agent_activity", "view_image_tool_call", "thread_goal_updated", "thread_settings_applied",
    "session_configured", "plan_update", "turn_diff", "shutdown_complete", "background_event",
    "deprecation_notice", "model_reroute", "model_verification", "safety_buffering", "skills_update_available",
    "turn_moderation_metadata", "request_user_input", "request_permissions", "elicitation_request",
    "raw_response_item", "apply_patch_approval_request", "thread_memory_mode_updated", "warning",
    "stream_error",
})  # fmt: skip
_QUIET_FAMILIES = (
    "collab_", "realtime_", "hook_", "guardian_", "exec_", "mcp_", "web_search_", "image_generation_", "item_",
    "patch_apply_", "dynamic_tool_call_", "terminal_",
)  # fmt: skip
_QUIET_COMPLETED = frozenset({
    "Reasoning", "Plan", "Sleep", "WebSearch", "ImageGeneration", "ContextCompaction", "CommandExecution",
    "FileChange", "McpToolCall", "DynamicToolCall", "CollabAgentToolCall", "ImageView", "EnteredReviewMode",
    "ExitedReviewMode", "HookPrompt", "SubAgentActivity",
})  # fmt: skip


def understand(record: dict[str, Json], line: int, state: State, found: Found) -> None:
    """Add what a line says to what was found."""
    kind, payload, inner = records.payload_of(record)
    at = millis(record.get("timestamp"))
    if kind == "session_meta":
        records.learn_meta(payload, state, at)
    records.tick(state, at)
    match kind:
        case "session_meta" | "state" | "world_state" | "inter_agent_communication_metadata":
            pass
        case "turn_context":
            records.learn_turn(payload, state)
        case "event_msg":
            _event(inner, payload, _Place(line, at, state, found))
        case "response_item":
            _item(inner, payload, _Place(line, at, state, found))
        case "compacted":
            said = text(payload, "message")
            _Place(line, at, state, found).say("system", (Summary(said),) if said else (), compaction=True)
        case "inter_agent_communication":
            _from_agent(payload, _Place(line, at, state, found))
        case _:
            count(found.unknown, (f"record:{kind or '?'}",))


class _Place:
    """One line and where its message goes; copied history is dropped here."""

    def __init__(self, line: int, at: int | None, state: State, found: Found) -> None:
        self.line, self.at, self.state, self.found = line, at, state, found

    def say(self, role: Role, parts: tuple[Part, ...], *, line: int = 0, **extra: Json) -> None:
        if self.state.copying:
            return
        continues = role == "assistant" and self.state.answering
        if role == "assistant":
            self.state.answering = True
        message = Message(
            id=f"line:{line or self.line}",
            role=role,
            parts=parts,
            at=self.at,
            model=self.state.model if role == "assistant" else "",
            continues=continues,
            line=line or self.line,
            extra=extra,
        )
        if message.is_prompt:
            self._asked(message)
        self.found.messages.append(message)

    def _asked(self, message: Message) -> None:
        self.state.answering = False
        self.state.prompts = [*self.state.prompts[-PROMPTS:], message.line]
        records.learn_title(message.text, self.state, 1)

    def unknown(self, name: str) -> None:
        count(self.found.unknown, (name,))


def _event(kind: str, found: dict[str, Json], place: _Place) -> None:
    match kind:
        case "token_count":
            _tokens(found, place)
        case "task_started" | "turn_started":
            records.learn_turn(found, place.state)
        case "user_message" | "agent_message":
            parts = (Text(text(found, "message")), *_images(found)) if text(found, "message") else _images(found)
            _heard("user" if kind == "user_message" else "assistant", parts, place)
        case "item_completed":
            _completed(inside(found, "item"), place)
        case "exec_command_end" | "patch_apply_end" | "mcp_tool_call_end" | "dynamic_tool_call_response":
            _outcome(found, place.state)
        case _:
            _turn_event(kind, found, place)


def _turn_event(kind: str, found: dict[str, Json], place: _Place) -> None:
    match kind:
        case "task_complete" | "turn_complete":
            if found.get("error") and place.state.failed != (place.state.turn or "?"):
                _error(found.get("error"), place)
        case "error":
            _error(found, place)
        case "agent_reasoning_raw_content":
            if place.state.sealed and text(found, "text"):  # else the item said it in the clear
                place.say("assistant", (Thinking(text(found, "text")),))
        case "thread_name_updated":
            records.learn_title(text(found, "thread_name"), place.state, NAMED)
        case "thread_rolled_back":
            _roll_back(number(found.get("num_turns")), place)
        case _ if kind not in _QUIET_EVENTS and not kind.startswith(_QUIET_FAMILIES):
            place.unknown(f"event:{kind or '?'}")


def _tokens(found: dict[str, Json], place: _Place) -> None:
    usage = records.learn_tokens(found, place.state)
    if usage is not None:
        request = records.request_of(usage, place.state, place.found, line=place.line, at=place.at)
        place.found.requests.append(request)


def _completed(item: dict[str, Json], place: _Place) -> None:
    kind = text(item, "type")
    if kind in ("UserMessage", "AgentMessage"):
        parts, _ = _parts(item.get("content"))
        _heard("user" if kind == "UserMessage" else "assistant", parts, place)
    elif kind not in _QUIET_COMPLETED:
        place.unknown(f"item:{kind or '?'}")


def _item(kind: str, found: dict[str, Json], place: _Place) -> None:
    match kind:
        case "message":
            _message(found, place)
        case "reasoning":
            said = _joined(found.get("summary")) or _joined(found.get("content"))
            place.state.sealed = not said
            if said:
                place.say("assistant", (Thinking(said),))
        case "function_call" | "custom_tool_call" | "local_shell_call" | "tool_search_call" | "web_search_call":
            place.say("assistant", (_call(kind, found, place.line),))
        case "image_generation_call":
            call = ToolCall(id=text(found, "id"), name="image_generation", input=found.get("revised_prompt"))
            place.say("assistant", (call, Attachment(media="image", size=len(text(found, "result")) * 3 // 4)))
        case "function_call_output" | "custom_tool_call_output" | "tool_search_output":
            _output(found, place)
        case "agent_message":
            _from_agent(found, place)
        case _ if kind not in _QUIET_ITEMS:
            place.unknown(f"item:{kind or '?'}")


def _message(found: dict[str, Json], place: _Place) -> None:
    parts, unknown = _parts(found.get("content"))
    count(place.found.unknown, unknown)
    role = text(found, "role")
    if role == "assistant":
        if not _matched("event", "assistant", parts, place):
            _remember("item", "assistant", parts, place)
            place.say("assistant", parts)
        return
    said = _said(parts)
    if not place.state.cwd and (named := _CWD.search(said)):
        place.state.cwd = named[1].strip()
    context = role != "user" or _CONTEXT.match(said) is not None
    if role == "user":
        if _matched("event", "user", parts, place):
            return
        _remember("item", "user", parts, place, context=context)
    place.say("system" if context else "user", parts)


def _heard(role: Role, parts: tuple[Part, ...], place: _Place) -> None:
    """Take an event: nothing new where the response item said it, else a message of its own."""
    if not parts or (role == "user" and _CONTEXT.match(_said(parts)) and not _awaits(parts, place.state)):
        return
    match = _matched("item", role, parts, place)
    if match is None:
        _remember("event", role, parts, place)
        place.say(role, parts)
    elif match[3] and role == "user":
        place.say("user", parts, line=match[2])


def _awaits(parts: tuple[Part, ...], state: State) -> bool:
    return any(h[0] == "item:user" and h[1] == _key(parts) for h in state.heard)


def _matched(channel: str, role: str, parts: tuple[Part, ...], place: _Place) -> tuple[str, str, int, bool] | None:
    """Find what the other channel said already: the same words; an answer's item follows its event directly."""
    mine = [h for h in place.state.heard if h[0] == f"{channel}:{role}"]
    match = next((h for h in mine if h[1] == _key(parts)), None)
    if match is None and role == "assistant" and channel == "event" and mine:
        match = mine[0]
    if match is not None:
        place.state.heard.remove(match)
    return match


def _remember(channel: str, role: str, parts: tuple[Part, ...], place: _Place, *, context: bool = False) -> None:
    place.state.heard = [*place.state.heard[-HEARD:], (f"{channel}:{role}", _key(parts), place.line, context)]


def _key(parts: tuple[Part, ...]) -> str:
    return hashlib.blake2b("".join(_said(parts).split()).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _said(parts: tuple[Part, ...]) -> str:
    return "\n".join(p.text for p in parts if isinstance(p, Text) and not p.text.startswith(("<image", "</image")))


def _parts(content: Json) -> tuple[tuple[Part, ...], list[str]]:
    if isinstance(content, str):
        return ((Text(content),) if content else ()), []
    parts: list[Part] = []
    unknown: list[str] = []
    for block in content if isinstance(content, list) else ():
        kind = text(block, "type") if isinstance(block, dict) else ""
        if kind in ("input_text", "output_text", "text", "Text", "refusal"):
            parts.append(Text(text(block, "text") or text(block, "refusal")))
        elif kind in ("input_image", "image", "local_image", "Image", "LocalImage", "input_file", "input_audio"):
            parts.append(_attachment(text(block, "image_url") or text(block, "path")))
        elif kind not in ("encrypted_content", "skill", "mention"):
            unknown.append(f"block:{kind or '?'}")
    return tuple(parts), unknown


def _images(found: dict[str, Json]) -> tuple[Part, ...]:
    listed = [v for name in ("images", "local_images") for v in _list(found.get(name))]
    return tuple(_attachment(v) for v in listed if isinstance(v, str))


def _attachment(where: str) -> Attachment:
    head, mark, data = where.partition(";base64,")
    if mark:
        return Attachment(media=head.removeprefix("data:"), size=len(data) * 3 // 4)
    return Attachment(media="image", name=where[:1000])


def _call(kind: str, found: dict[str, Json], line: int) -> ToolCall:
    name = text(found, "name") or kind.removesuffix("_call")
    given: Json = found.get("arguments") if kind != "custom_tool_call" else found.get("input")
    if isinstance(given, str) and kind == "function_call":
        decoded = loads(given.encode("utf-8", "replace"))
        given = given if decoded is None else decoded
    if given is None:
        given = found.get("action")
    return ToolCall(id=text(found, "call_id") or text(found, "id") or f"line:{line}", name=name, input=given)


def _output(found: dict[str, Json], place: _Place) -> None:
    call = text(found, "call_id")
    said, code, failed = _result(found.get("output", found.get("tools")))
    known = place.state.outcomes.pop(call, (None, False))
    code = known[0] if code is None else code
    error = failed or known[1] or code not in (None, 0)
    parts, _ = _parts([b for b in _list(found.get("output")) if isinstance(b, dict) and "image" in text(b, "type")])
    place.say("tool", (ToolResult(call=call, text=said, error=error, exit_code=code), *parts))
    if place.state.total is None:
        place.state.answering = False


def _result(output: Json) -> tuple[str, int | None, bool]:
    """Return what a tool printed, its exit code and whether it says that it failed."""
    if isinstance(output, str) and output.startswith('{"output"'):
        output = loads(output.encode("utf-8", "replace")) or output
    if isinstance(output, dict):
        code = inside(output, "metadata").get("exit_code")
        known = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 32 else None
        return flat_text(output), known, output.get("success") is False
    said = flat_text(output)
    head, mark, _ = said[:800].partition("Output:\n")
    exited = _EXIT.search(head) if mark else None
    return (
        said,
        int(exited[1]) if exited and len(exited[1]) < 12 else None,
        bool(mark) and head.startswith("Script failed"),
    )


def _outcome(found: dict[str, Json], state: State) -> None:
    code = found.get("exit_code")
    result = found.get("result")
    failed = found.get("success") is False or (
        isinstance(result, dict) and ("Err" in result or inside(result, "Ok").get("is_error") is True)
    )
    known = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 32 else None
    if text(found, "call_id"):
        state.outcomes[text(found, "call_id")] = (known, failed)
        state.outcomes = dict(list(state.outcomes.items())[-OUTCOMES:])


def _error(found: Json, place: _Place) -> None:
    said = found if isinstance(found, str) else text(found, "message") if isinstance(found, dict) else ""
    place.state.failed = place.state.turn or "?"
    place.say("system", (Text(said),) if said else (), error=True)


def _from_agent(found: dict[str, Json], place: _Place) -> None:
    """Take a message of another agent: the task, where it is the first thing a sub-agent hears."""
    said = flat_text(found.get("content") or found.get("message"))
    task = place.state.parent_kind == "subagent" and bool(place.state.parent) and not place.state.prompts
    if said:
        place.say("user" if task else "system", (Text(said),), author=text(found, "author"))


def _roll_back(turns: int, place: _Place) -> None:
    """Take the last so many turns out of the conversation; what they cost stays billed."""
    prompts = place.state.prompts
    if place.state.copying or not turns or not prompts:
        return
    first = prompts[max(0, len(prompts) - turns)]
    place.state.prompts = prompts[: max(0, len(prompts) - turns)]
    known_from, known_to = place.state.cut
    place.state.cut = (first, place.line)
    gone: Iterable[int] = range(first, place.line)
    if first <= known_from:  # a rollback behind the last one: each line is dropped once, however many there are
        gone = (*range(first, known_from), *range(known_to, place.line))
    place.found.dropped.extend(f"line:{n}" for n in gone)


def _joined(content: Json) -> str:
    return "\n\n".join(t for t in (flat_text(c) for c in _list(content)) if t)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
