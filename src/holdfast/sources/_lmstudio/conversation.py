"""What an LM Studio conversation means: messages in versions and steps, what each step used, the window it ran in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from holdfast.model import (
    Attachment,
    Context,
    Json,
    Losses,
    Message,
    Request,
    Session,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
    observed_id,
)
from holdfast.model.session import ordered
from holdfast.sources._content import count, flat_text, inside, millis, number, text, title_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model import Part, Role
    from holdfast.sources.base import Ref

AGENT = "lm-studio"
MICRO = 1_000_000
Record = dict[str, Json]
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "tool": "tool"}
_QUIET = ("toolStatus", "debugInfoBlock", "genInfo", "citationBlock", "status")
_WINDOW = "llm.load.contextLength"


class Place(Struct, frozen=True, kw_only=True):
    """Where in a conversation a version stands, and whether it is the one shown."""

    message: int
    version: int
    shown: bool

    def name(self, step: int | str = "") -> str:
        """Return the id of a message there."""
        kept = f"{self.message}" if not self.version else f"{self.message}.{self.version}"
        return f"{kept}:{step}" if step != "" else kept


class Draft(Struct):
    """What was understood so far."""

    path: str
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    window: int = 0


def transcript_of(found: Record, ref: Ref, *, native: str, folder: str) -> Transcript:
    """Understand a whole conversation; versions that a person left for another stay, out of the thread."""
    draft = Draft(path=ref.path)
    prompt = text(found.get("systemPrompt"))
    if prompt:
        draft.messages.append(Message(id="system", role="system", parts=(Text(prompt),)))
    for number_, message in enumerate(_records(found.get("messages")), 1):
        versions = _records(message.get("versions"))
        chosen = message.get("currentlySelected")
        chosen = chosen if chosen.__class__ is int and 0 <= chosen < len(versions) else 0
        for place, version in enumerate(versions):
            _version(draft, version, Place(message=number_, version=place, shown=place == chosen))
    return Transcript(
        session=_session(found, ref, draft, native=native, folder=folder),
        messages=tuple(draft.messages),
        requests=tuple(draft.requests),
        losses=Losses(unknown=draft.unknown),
        replaces=True,
    )


def _version(draft: Draft, version: Record, place: Place) -> None:
    said_by = text(version.get("role"))
    role = _ROLES.get(said_by)
    if role is None:
        count(draft.unknown, [f"record:{(said_by or '?')[:60]}"])
        return
    steps = _records(version.get("steps"))
    if not steps:
        parts, _ = _parts(draft, version.get("content"))
        draft.messages.append(_message(place, place.name(), role=role, parts=parts))
        return
    continues = False
    for number_, step in enumerate(steps):
        name = text(step.get("stepIdentifier"))
        request = _request(draft, step, name or place.name(number_), place)
        if text(step.get("type")) != "contentBlock":
            if text(step.get("type")) not in _QUIET:
                count(draft.unknown, [f"step:{(text(step.get('type')) or '?')[:60]}"])
            continue
        parts, results = _parts(draft, step.get("content"), thinks=inside(step, "style").get("type") == "thinking")
        at, model = _at(name), request.model if request else _sender(version)
        if parts:
            said = _message(place, place.name(number_), role=role, parts=parts, at=at, model=model, continues=continues)
            draft.messages.append(said)
            continues = True
        if results:
            draft.messages.append(_message(place, place.name(f"{number_}:result"), role="tool", parts=results, at=at))
            continues = False


def _message(
    place: Place,
    name: str,
    *,
    role: Role,
    parts: Sequence[Part],
    at: int | None = None,
    model: str = "",
    continues: bool = False,
) -> Message:
    return Message(
        id=name,
        role=role,
        parts=tuple(parts),
        at=at,
        model=model,
        continues=continues,
        live=place.shown,
        line=place.message,
    )


def _parts(draft: Draft, content: Json, *, thinks: bool = False) -> tuple[list[Part], list[Part]]:
    """Return what was said and asked, and what tools gave back."""
    said: list[Part] = []
    results: list[Part] = []
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else _records(content):
        match block.get("type"):
            case "text":
                words = text(block.get("text"))
                if words and block.get("isStructural") is not True:
                    said.append(Thinking(words) if thinks else Text(words))
            case "toolCallRequest":
                given = block.get("parameters", block.get("arguments"))
                said.append(ToolCall(id=_call(block), name=text(block.get("name")), input=given))
            case "toolCallResult":
                result = flat_text(block.get("content", block.get("result")))
                results.append(ToolResult(call=_call(block), text=result, error=block.get("isError") is True))
            case "file" | "image":
                name = text(block.get("name")) or text(block.get("fileIdentifier"))
                said.append(
                    Attachment(media=text(block.get("fileType")), name=name, size=number(block.get("sizeBytes")))
                )
            case kind:
                count(draft.unknown, [f"block:{(text(kind) or '?')[:60]}"])
    return said, results


def _call(block: Record) -> str:
    for name in ("toolCallRequestId", "toolCallId", "callId", "id"):
        value = block.get(name)
        if isinstance(value, str | int) and value != "":
            return str(value)
    return ""


def _request(draft: Draft, step: Record, name: str, place: Place) -> Request | None:
    """Bill a step that counted its tokens; a step that a branch of the conversation copied has the same name there."""
    info = inside(step, "genInfo")
    stats = inside(info, "stats")
    usage = Usage(input=number(stats.get("promptTokensCount")), output=number(stats.get("predictedTokensCount")))
    if not usage.total:
        return None
    key = (
        f"lm-studio:{name}" if _at(name) else f"lm-studio:{draft.path.replace(chr(92), '/').rpartition('/')[2]}:{name}"
    )
    model = text(info.get("identifier")) or text(info.get("indexedModelIdentifier"))
    request = Request(
        key=key, at=_at(name), model=model, usage=usage, path=draft.path, line=place.message, main=place.shown
    )
    draft.requests.append(request)
    fields = _records(inside(info, "loadModelConfig").get("fields"))
    draft.window = next((number(f.get("value")) for f in fields if f.get("key") == _WINDOW), 0) or draft.window
    return request


def _at(name: str) -> int | None:
    """Return the time that a step's name begins with."""
    began = name.partition("-")[0]
    return millis(int(began)) if began.isascii() and began.isdigit() and len(began) == 13 else None


def _sender(version: Record) -> str:
    return text(inside(version, "senderInfo").get("senderName"))


def _session(found: Record, ref: Ref, draft: Draft, *, native: str, folder: str) -> Session:
    last = (found.get("userLastMessagedAt"), found.get("assistantLastMessagedAt"))
    times = [t for t in (*map(millis, last), *(m.at for m in draft.messages)) if t is not None]
    used = number(found.get("tokenCount"))
    prompts = (title_of(m.text) for m in draft.messages if m.is_prompt and m.live)
    models = (*(r.model for r in draft.requests), text(inside(found, "lastUsedModel").get("identifier")))
    created = millis(found.get("createdAt"))
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=text(found.get("name")) or next(prompts, ""),
        models=ordered(models),
        status="ended",
        started=created or min(times, default=None),
        active=max(times, default=None) or created or ref.mtime_ns // MICRO,
        source_path=ref.path,
        context=Context(
            used=used or None, limit=draft.window or None, source="recorded" if draft.window else "unknown"
        ),
        extra={"folder": folder} if folder else {},
    )


def _records(value: Json) -> list[Record]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
