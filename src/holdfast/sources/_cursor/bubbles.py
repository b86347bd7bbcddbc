"""Cursor's bubbles: one record for each thing said, thought or called in an editor conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model import Attachment, Json, Message, Request, Text, Thinking, ToolCall, Usage
from holdfast.sources._content import entries, inside, millis, number, text
from holdfast.sources._cursor.parts import Draft, arguments, path_of, result, user_messages

if TYPE_CHECKING:
    from holdfast.model import Part

_USER, _ASSISTANT = (1, "user"), (2, "ai")
UUID = 36


def add(draft: Draft, name: str, bubble: dict[str, Json], *, line: int, live: bool = True) -> None:
    """Add one bubble's messages and request to a session; `live` is False for what the conversation left behind."""
    first = len(draft.messages)
    kind = bubble.get("type")
    model = text(inside(bubble, "modelInfo").get("modelName")) or text(bubble.get("modelType"))
    if model:
        draft.models.append(model)
    if kind in _USER:
        _user(draft, name, bubble, line=line)
    elif kind in _ASSISTANT:
        _assistant(draft, name, bubble, line=line)
    else:
        draft.miss(f"bubble:{str(kind)[:40]}")
    if not live:
        draft.messages[first:] = [_left(m) for m in draft.messages[first:]]
    _bill(draft, name, bubble, line=line, main=live)


def _left(message: Message) -> Message:
    from msgspec.structs import replace  # noqa: PLC0415 - few sessions have such messages

    return replace(message, live=False)


def _user(draft: Draft, name: str, bubble: dict[str, Json], *, line: int) -> None:
    words = text(bubble.get("text")) or text(bubble.get("rawText"))
    parts: list[Part] = [Text(words)] if words else []
    parts += [Attachment(media="image", name=text(i.get("path")) or text(i.get("uuid"))) for i in _images(bubble)]
    if not draft.cwd:
        folders = bubble.get("workspaceUris")
        draft.cwd = path_of(folders[0]) if isinstance(folders, list) and folders else ""
    draft.messages += user_messages(name, parts, at=_when(bubble), line=line)


def _assistant(draft: Draft, name: str, bubble: dict[str, Json], *, line: int) -> None:
    parts: list[Part] = []
    thought = _thoughts(bubble)
    if thought:
        parts.append(Thinking(thought))
    words = text(bubble.get("text")) or text(bubble.get("rawText"))
    if words:
        parts.append(Text(words))
    former = inside(bubble, "toolFormerData")
    called = _call(name, former)
    if called:
        parts.append(called)
    wrong = bubble.get("errorDetails")
    extra: dict[str, Json] = {"error": True, "message": _wrong(wrong)} if wrong else {}
    if not parts and not extra:
        return
    at, model = _when(bubble), draft.models[-1] if draft.models else ""
    draft.messages.append(
        Message(
            id=name, role="assistant", parts=tuple(parts), at=at, model=model, line=line, extra=extra,
            continues=_continues(draft),
        )
    )  # fmt: skip
    if called and former.get("result") not in (None, ""):
        given = result(called.id, former["result"], error=former.get("status") == "error")
        draft.messages.append(Message(id=f"{name}:result", role="tool", parts=(given,), at=at, line=line))


def _continues(draft: Draft) -> bool:
    """Tell whether a bubble belongs to the answer before it: thoughts, words and the first call are bubbles of their own."""
    last = draft.messages[-1] if draft.messages else None
    return last is not None and last.role == "assistant" and not any(isinstance(p, ToolCall) for p in last.parts)


def _call(name: str, former: dict[str, Json]) -> ToolCall | None:
    tool = text(former.get("name"))
    if not tool and isinstance(former.get("tool"), int):
        tool = f"tool:{former['tool']}"
    if not tool:
        return None
    given = former.get("rawArgs") or former.get("params")
    return ToolCall(id=text(former.get("toolCallId")) or name, name=tool, input=arguments(given))


def _thoughts(bubble: dict[str, Json]) -> str:
    own = bubble.get("thinking")
    said = text(own) or text(inside(bubble, "thinking").get("text"))
    return said or "\n".join(t for b in entries(bubble.get("allThinkingBlocks")) if (t := text(b.get("thinking"))))


def _wrong(value: Json) -> str:
    if isinstance(value, dict):
        return text(value.get("message")) or text(value.get("error")) or text(value.get("title"))
    return text(value)


def _images(bubble: dict[str, Json]) -> list[dict[str, Json]]:
    return entries(bubble.get("images"))


def _when(bubble: dict[str, Json]) -> int | None:
    """Return when a bubble was made; old ones have no time of their own, but their answer was timed."""
    timing = inside(bubble, "timingInfo")
    given = (bubble.get("createdAt"), timing.get("clientRpcSendTime"), timing.get("clientEndTime"))
    return next((t for t in map(millis, given) if t is not None), None)


def _bill(draft: Draft, name: str, bubble: dict[str, Json], *, line: int, main: bool) -> None:
    counted = inside(bubble, "tokenCount")
    usage = Usage(input=number(counted.get("inputTokens")), output=number(counted.get("outputTokens")))
    if not usage.total:
        return
    key = f"cursor:{name}" if len(name) >= UUID else f"cursor:{draft.native}:{name}"
    model = draft.models[-1] if draft.models else ""
    draft.requests.append(
        Request(key=key, at=_when(bubble), model=model, usage=usage, path=draft.path, line=line, main=main)
    )
