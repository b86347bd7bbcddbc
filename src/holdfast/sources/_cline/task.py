"""One task: a folder with what the person saw, what was sent to the model, and a few facts. Joins them to one session.

Of a conversation both lists are kept where they differ: what was sent to the model, and what only the person saw.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model import (
    Context,
    Json,
    Losses,
    Parent,
    Session,
    Summary,
    Text,
    Thinking,
    ToolCall,
    Transcript,
    dedupe,
    observed_id,
)
from holdfast.model.session import ordered
from holdfast.sources._cline import places
from holdfast.sources._cline.api import Talk, talk_of
from holdfast.sources._cline.screen import Screen, screen_of
from holdfast.sources._content import millis, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import LINE_LIMIT, loads
from holdfast.sources.base import Cursor, RawSpan, Reading, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Message, Request
    from holdfast.sources._cline.flavor import Flavor

KEYED = 80
"""How many letters of a text decide whether both lists hold it."""
_FACTS = ("history_item.json", "task_metadata.json", "_index.json")


class Folder(Struct, kw_only=True):
    """A task's files as they stood."""

    task: str
    data: dict[str, bytes] = field(default_factory=dict)
    damaged: int = 0

    def records(self, *names: str) -> list[Json] | None:
        """Return the records of the first file of these names there is, None where none can be read."""
        for name in names:
            if name in self.data:
                found = loads(self.data[name])
                inner = found.get("messages") if isinstance(found, dict) else found
                if isinstance(inner, list):
                    return inner
                self.damaged += 1
        return None

    def facts(self, name: str) -> dict[str, Json]:
        """Return what a small file says."""
        found = loads(self.data[name]) if name in self.data else {}
        if not isinstance(found, dict):
            self.damaged += 1
        return found if isinstance(found, dict) else {}


def readings(ref: Ref, cursor: Cursor | None, flavor: Flavor, parser: int) -> Iterator[Reading]:
    """Read a task whole: what it says with its main file, then its other files to be kept."""
    folder = _folder(Path(ref.path).parent)
    known = cursor.state.get("deleted") if cursor is not None and cursor.parser == parser else None
    transcript, first = _transcript(folder, ref, flavor, since=known if isinstance(known, int) else None)
    session = transcript.session
    end = Cursor(
        size=ref.size, mtime_ns=ref.mtime_ns, inode=ref.inode, parser=parser, sessions=(session.id,),
        state={} if first is None else {"deleted": first},
    )  # fmt: skip
    main = Path(ref.path)
    others = [name for name in folder.data if name != main.name]
    for place, name in enumerate([main.name, *others]):
        data = folder.data.get(name, b"")
        raw = RawSpan(path=str(main.with_name(name)), offset=0, data=data, whole=True) if data else None
        shown = transcript if place == 0 else Transcript(session=session)
        yield Reading(transcript=shown, raw=raw, cursor=replace(end, done=place == len(others)))


def _folder(path: Path) -> Folder:
    found = Folder(task=path.name)
    for file in places.files(path):
        try:
            with file.open("rb") as stream:
                data = stream.read(LINE_LIMIT + 1)
        except OSError:
            continue
        if len(data) <= LINE_LIMIT:
            found.data[file.name] = data
        else:
            found.damaged += 1
    return found


def _transcript(folder: Folder, ref: Ref, flavor: Flavor, *, since: int | None) -> tuple[Transcript, int | None]:
    """Return the session, and up to when rewound requests are billed: later ones were read before they were rewound."""
    seen = folder.records("ui_messages.json")
    sent = folder.records("api_conversation_history.json", "claude_messages.json")
    facts = {name: folder.facts(name) for name in _FACTS}
    metadata = facts["task_metadata.json"]
    screen = screen_of(seen or [], flavor, task=folder.task, path=ref.path, models=metadata.get("model_usage"))
    talk = talk_of(sent or [], screen.at, _model(metadata, facts["_index.json"]))
    last = max((r.at for r in screen.requests if r.at is not None), default=None)
    since = last if since is None else since
    billed = [r for r in screen.deleted if since is None or (r.at or 0) <= since]
    requests = [*(_with_model(r, screen, talk, metadata) for r in screen.requests), *billed]
    session = _session(ref, flavor, screen, talk=talk, facts=facts)
    unknown = dict(screen.unknown)
    for name, times in talk.unknown.items():
        unknown[name] = unknown.get(name, 0) + times
    return Transcript(
        session=replace(session, models=ordered((*session.models, *(r.model for r in requests)))),
        messages=_joined(talk, screen),
        requests=tuple(dedupe(requests).values()),
        losses=Losses(unknown=unknown, damaged=folder.damaged),
        replaces=not folder.damaged and (seen is not None or sent is not None),
    ), since


def _joined(talk: Talk, screen: Screen) -> tuple[Message, ...]:
    """Put what only the person saw among what was sent to the model, by time."""
    held = {_key(t) for m in talk.messages for t in _texts(m)}
    prompts = sum(m.is_prompt for m in talk.messages)
    shown = sum(m.is_prompt for m in screen.messages)
    only = [m for m in screen.messages if _is_only_shown(m, talk, held, prompts_missing=shown > prompts)]
    places_: list[tuple[tuple[int, int, int], Message]] = []
    at = -1
    for number, message in enumerate(talk.messages):
        at = max(at, message.at or at)
        places_.append(((at, 0, number), message))
    places_.extend(((m.at or (1 << 62), 1, n), m) for n, m in enumerate(only))
    return tuple({m.id: m for _, m in sorted(places_, key=lambda entry: entry[0])}.values())


def _is_only_shown(message: Message, talk: Talk, held: set[str], *, prompts_missing: bool) -> bool:
    """Tell whether the list sent to the model lacks a message: errors, notes, and what a summary took the place of."""
    if not talk.messages or message.extra.get("error"):
        return True
    gone = message.at is not None and message.at < talk.summarised
    texts = _texts(message)
    if any(_key(t) in held for t in texts):
        return False
    if gone:
        return True
    if message.role == "user":
        return prompts_missing
    return bool(texts) and all(isinstance(p, Text | Thinking | Summary) for p in message.parts)


def _texts(message: Message) -> list[str]:
    found: list[str] = []
    for part in message.parts:
        if isinstance(part, Text | Thinking | Summary):
            found.append(part.text)
        elif isinstance(part, ToolCall) and isinstance(part.input, dict):
            found.extend(v for v in part.input.values() if isinstance(v, str) and v)
    return found


def _key(words: str) -> str:
    return "".join(words[: KEYED * 2].split())[:KEYED]


def _model(metadata: dict[str, Json], index: dict[str, Json]) -> str:
    own = metadata.get("modelInfo")
    return (text(own.get("id")) if isinstance(own, dict) else "") or text(index.get("model"))


def _with_model(request: Request, screen: Screen, talk: Talk, metadata: dict[str, Json]) -> Request:
    """Give a request the model that the program told the model itself, where its own record names none.

    That text is sent with the request, and so stands before the next one.
    """
    if request.model:
        return request
    after = (r.at for r in screen.requests if r.at is not None and request.at is not None and r.at > request.at)
    until = min(after, default=None)
    told = [name for at, name in talk.models if until is None or at < until]
    answered = [m.model for m in talk.messages if m.model]
    return replace(request, model=(told or [n for _, n in talk.models] or answered or [_model(metadata, {})])[-1])


def _session(ref: Ref, flavor: Flavor, screen: Screen, *, talk: Talk, facts: dict[str, dict[str, Json]]) -> Session:
    name = Path(ref.path).parent.name
    native = flavor.native(name)
    item = {**_listed(ref, name), **facts["history_item.json"]}
    metadata = facts["task_metadata.json"]
    named = ("workspace", "cwd", "cwdOnTaskInitialization")
    cwd = next((text(item[n]) for n in named if text(item.get(n))), "") or text(metadata.get("workspace")) or talk.cwd
    messages = [*talk.messages, *screen.messages]
    times = [m.at for m in messages if m.at] + [r.at for r in screen.requests if r.at]
    stamp = millis(int(name)) if name.isascii() and name.isdigit() and len(name) == 13 else None
    above = text(item.get("parentTaskId"))
    return Session(
        id=observed_id(flavor.agent, native),
        agent=flavor.agent,
        native_id=native,
        title=_title(item, messages),
        cwd=cwd,
        project=project_of(cwd),
        models=ordered(m.model for m in talk.messages),
        parent=Parent(id=observed_id(flavor.agent, flavor.native(above)), kind="subagent") if above else None,
        status="ended",
        started=stamp or min(times, default=None) or millis(item.get("ts")),
        active=max(times, default=None) or millis(item.get("ts")) or stamp,
        source_path=ref.path,
        context=Context(used=screen.used),
        version=_version(metadata),
        extra=_extra(item, screen),
    )


def _title(item: dict[str, Json], messages: list[Message]) -> str:
    prompts = (title_of(m.text) for m in messages if m.is_prompt)
    return title_of(text(item.get("task"))) or next((p for p in prompts if p), "")


def _version(metadata: dict[str, Json]) -> str:
    found = metadata.get("environment_history")
    last = found[-1] if isinstance(found, list) and found else {}
    return text(last.get("cline_version")) if isinstance(last, dict) else ""


def _extra(item: dict[str, Json], screen: Screen) -> dict[str, Json]:
    extra: dict[str, Json] = {}
    providers = list(screen.providers) or [p for p in (text(item.get("apiProvider")),) if p]
    if providers:
        extra["providers"] = providers
    for name in ("mode", "ulid", "rootTaskId"):
        if text(item.get(name)):
            extra[name] = item[name]
    return extra


def _listed(ref: Ref, native: str) -> dict[str, Json]:
    """Return what the program's list of tasks says of one."""
    path = Path(ref.root) / "state" / "taskHistory.json"
    try:
        found = path.stat()
    except OSError:
        return {}
    return _list(str(path), found.st_size, found.st_mtime_ns).get(native, {}) if found.st_size <= LINE_LIMIT else {}


@lru_cache(maxsize=4)
def _list(path: str, size: int, mtime_ns: int) -> dict[str, dict[str, Json]]:  # noqa: ARG001 - size and time are the cache's key
    try:
        found = loads(Path(path).read_bytes())
    except OSError:
        return {}
    listed = [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []
    return {f["id"]: f for f in listed if isinstance(f.get("id"), str)}
