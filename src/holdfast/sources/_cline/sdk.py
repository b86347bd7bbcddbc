"""Cline's sessions from 4.1 on: `sessions/<id>/<id>.messages.json`, its manifest, and the messages of its sub-agents."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.model import (
    Context,
    Json,
    Losses,
    Parent,
    Request,
    Session,
    Summary,
    Text,
    Transcript,
    Usage,
    dedupe,
    observed_id,
)
from holdfast.model.session import ordered
from holdfast.sources._cline.api import talk_of
from holdfast.sources._cline.flavor import micro
from holdfast.sources._cline.places import newest
from holdfast.sources._content import millis, number, text, title_of
from holdfast.sources._files import project_of, ref, walk
from holdfast.sources._jsonl import LINE_LIMIT, loads
from holdfast.sources.base import Cursor, RawSpan, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.model import Message
    from holdfast.sources.base import Ref

KIND = "session"
ENDING = ".messages.json"
AGENT = "cline"
_FACTS = ("source", "provider", "status", "team_name")


def discover(roots: Sequence[Path]) -> Iterator[Ref]:
    """Find messages by listing; a session's manifest and compaction count as part of its messages."""
    seen: set[str] = set()
    for root in roots:
        for folder in (root / "sessions", root):
            for entry in walk(folder, wanted=_is_messages, depth=1):
                path = Path(entry.path)
                found = ref(AGENT, entry, kind=KIND, root=root) if path.parent != folder else None
                if found is not None and entry.path not in seen:
                    seen.add(entry.path)
                    yield newest(found, _sides(path))


def readings(found: Ref, parser: int) -> Iterator[Reading]:
    """Read a session, or a sub-agent of one, whole; then the files beside it, to be kept."""
    path = Path(found.path)
    data = _bytes(path)
    sides = {p: d for p in _sides(path) if (d := _bytes(p))}
    manifest = loads(sides.get(path.with_name(f"{path.parent.name}.json"), b"")) or loads(_bytes(_manifest(path)))
    transcript = _transcript(found, data, manifest if isinstance(manifest, dict) else {})
    session = transcript.session
    end = Cursor(
        size=found.size, mtime_ns=found.mtime_ns, inode=found.inode, parser=parser, sessions=(session.id,)
    )  # fmt: skip
    raw = RawSpan(path=found.path, offset=0, data=data, whole=True) if data else None
    yield Reading(transcript=transcript, raw=raw, cursor=replace(end, done=not sides))
    for place, (side, kept) in enumerate(sides.items(), 1):
        span = RawSpan(path=str(side), offset=0, data=kept, whole=True)
        yield Reading(transcript=Transcript(session=session), raw=span, cursor=replace(end, done=place == len(sides)))


def _transcript(found: Ref, data: bytes, manifest: dict[str, Json]) -> Transcript:
    document = loads(data)
    records = document.get("messages") if isinstance(document, dict) else document
    usable = isinstance(records, list)
    listed = [r for r in records if isinstance(r, dict)] if isinstance(records, list) else []
    talk = talk_of([_plain(r) for r in listed], lambda *_: None, text(manifest.get("model")))
    facts = document if isinstance(document, dict) else {}
    requests = dedupe(r for r in (_request(m, n, found, manifest) for n, m in enumerate(listed, 1)) if r is not None)
    messages = tuple({m.id: m for m in (_named(m, listed) for m in talk.messages)}.values())
    session = _session(found, facts, manifest, messages)
    last = next((r for r in reversed(requests.values())), None)
    return Transcript(
        session=replace(
            session,
            models=ordered((*session.models, *(r.model for r in requests.values()))),
            context=Context(used=last.usage.context if last else None),
        ),
        messages=messages,
        requests=tuple(requests.values()),
        losses=Losses(unknown=talk.unknown, damaged=0 if usable or not data.strip() else 1),
        replaces=usable,
    )


def _plain(record: dict[str, Json]) -> dict[str, Json]:
    """Mark summaries and what the program shows of its own the way that tasks mark them."""
    about = record.get("metadata")
    about = about if isinstance(about, dict) else {}
    if about.get("kind") == "compaction_summary":
        return {**record, "isSummary": True}
    return {**record, "role": "system"} if about.get("displayOnly") is True else record


def _named(message: Message, listed: list[dict[str, Json]]) -> Message:
    """Name a message by its own id, which stays when the list is rewritten."""
    record = listed[message.line - 1]
    own = text(record.get("id"))
    ending = message.id.partition(":")[2].partition(":")[2]
    parts = tuple(_without_wrapper(p) if isinstance(p, Text) and message.role == "user" else p for p in message.parts)
    summary = any(isinstance(p, Summary) for p in parts)
    about = record.get("metadata")
    failed = (
        message.role == "system" and not summary and isinstance(about, dict) and about.get("displayRole") == "error"
    )
    name = message.id if not own else f"{own}:{ending}" if ending else own
    return replace(message, id=name, parts=parts, extra={"error": True} if failed else {})


def _without_wrapper(part: Text) -> Text:
    """Take off `<user_input mode="act">`, which the program puts around a person's words."""
    words = part.text.strip()
    if not words.startswith("<user_input"):
        return part
    return Text(words.partition(">")[2].removesuffix("</user_input>").strip())


def _request(record: dict[str, Json], line: int, found: Ref, manifest: dict[str, Json]) -> Request | None:
    metrics, own = record.get("metrics"), record.get("modelInfo")
    if not isinstance(metrics, dict) or record.get("role") != "assistant":
        return None
    sent, read = number(metrics.get("inputTokens")), number(metrics.get("cacheReadTokens"))
    write = number(metrics.get("cacheWriteTokens"))
    usage = Usage(
        input=max(0, sent - read - write),
        cache_read=read,
        cache_write=write,
        output=number(metrics.get("outputTokens")),
        cost=micro(metrics.get("cost")),
    )
    if not usage.total and not usage.cost:
        return None
    model = text(own.get("id")) if isinstance(own, dict) else ""
    at, name = millis(record.get("ts")), text(record.get("id")) or f"{_native(Path(found.path))}#{line}"
    key = f"{AGENT}:{name}:{at or ''}"
    return Request(key=key, at=at, model=model or text(manifest.get("model")), usage=usage, path=found.path, line=line)


def _session(found: Ref, facts: dict[str, Json], manifest: dict[str, Json], messages: Sequence[Message]) -> Session:
    path = Path(found.path)
    native, root = _native(path), path.parent.name
    about = manifest.get("metadata")
    about = about if isinstance(about, dict) else {}
    cwd = text(manifest.get("cwd")) or text(manifest.get("workspace_root"))
    times = [m.at for m in messages if m.at]
    lead = native == root
    title = title_of(text(about.get("title"))) if lead else ""
    prompts = (title_of(m.text) for m in messages if m.is_prompt)
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=title or next((p for p in prompts if p), ""),
        cwd=cwd,
        project=project_of(cwd),
        models=ordered((*(m.model for m in messages), text(manifest.get("model")))),
        parent=_parent(about, root, lead=lead),
        status="ended",
        started=(millis(manifest.get("started_at")) if lead else None) or min(times, default=None),
        active=max(times, default=None) or millis(facts.get("updated_at")),
        source_path=found.path,
        extra={n: manifest[n] for n in _FACTS if text(manifest.get(n))},
    )


def _parent(about: dict[str, Json], root: str, *, lead: bool) -> Parent | None:
    if not lead:
        return Parent(id=observed_id(AGENT, root), kind="subagent")
    fork = about.get("fork")
    origin = text(fork.get("forkedFromSessionId")) if isinstance(fork, dict) else ""
    return Parent(id=observed_id(AGENT, origin), kind="fork") if origin else None


def _native(path: Path) -> str:
    """Return a session's id: its folder's name, for a sub-agent with its own name."""
    own = path.name.removesuffix(ENDING)
    return own if own == path.parent.name else f"{path.parent.name}/{own}"


def _manifest(path: Path) -> Path:
    return path.with_name(f"{path.parent.name}.json")


def _sides(path: Path) -> list[Path]:
    """Return the files that belong to a session's own messages; a sub-agent has none."""
    name = path.parent.name
    if path.name != f"{name}{ENDING}":
        return []
    return [p for p in (_manifest(path), path.with_name(f"{name}.compaction.json")) if os.path.isfile(p)]


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(LINE_LIMIT + 1)
    except OSError:
        return b""
    return data if len(data) <= LINE_LIMIT else b""


def _is_messages(name: str) -> bool:
    return name.endswith(ENDING)
