"""The two folds of a Gemini CLI operation log: the conversation as it stands now, and every request that was billed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from holdfast.model import Context, Json, Losses, Message, Parent, Request, Session, Transcript, dedupe, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import count, millis, text, title_of
from holdfast.sources._files import project_of
from holdfast.sources._gemini.records import Understood, understand

if TYPE_CHECKING:
    from holdfast.sources.base import Ref

AGENT = "gemini-cli"
MESSAGE, RESULTS, USED = 1, 2, 4
"""What `State.live` holds of a message as one number: which of our two it became, and its context times USED."""
ANSWERED = 512
"""How many tool calls with a known result are remembered: their results follow within a record or two."""
UUID_LENGTH = 32
_KNOWN_META = frozenset({
    "sessionId", "projectHash", "startTime", "lastUpdated", "summary", "directories", "kind", "memoryScratchpad",
    "messages", "activeExtensionName",
})  # fmt: skip


class State(Struct):
    """What must be remembered between two readings of one log."""

    native: str = ""
    kind: str = ""
    project_hash: str = ""
    summary: str = ""
    prompt: str = ""
    cwd: str = ""
    started: int | None = None
    active: int | None = None
    models: list[str] = field(default_factory=list)
    live: dict[str, int] = field(default_factory=dict)
    """The messages of the conversation as it stands, in order."""
    answered: dict[str, str] = field(default_factory=dict)
    """Tool call -> the message that holds its result."""


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


class Fold:
    """Applies the records of one reading; `transcript` says what changed since the last one."""

    def __init__(self, ref: Ref, state: State) -> None:
        self.ref = ref
        self.state = state
        self._messages: dict[str, Message] = {}
        self._requests: list[Request] = []
        self._dropped: dict[str, None] = {}
        self._unknown: dict[str, int] = {}
        self._damaged: list[int] = []

    def damaged(self, line: int) -> None:
        """Count a terminated line that is no record."""
        self._damaged.append(line)

    def apply(self, record: Json, line: int) -> None:
        """Apply one record of the log."""
        if not isinstance(record, dict):
            self.damaged(line)
        elif isinstance(record.get("$rewindTo"), str):
            self._rewind(record["$rewindTo"])
        elif isinstance(record.get("id"), str):
            self._put(record, line)
        elif isinstance(record.get("$set"), dict):
            self.learn(record["$set"], line)
        elif isinstance(record.get("sessionId"), str):
            self.learn(record, line)
        else:
            count(self._unknown, [f"record:{text(record.get('type')) or next(iter(record), '?')}"])

    def learn(self, found: dict[str, Json], line: int) -> None:
        """Merge metadata; a list of messages in it is a checkpoint that replaces the conversation.

        Without a line (a file that is one document) messages are numbered by their place.
        """
        state = self.state
        state.native = state.native or text(found.get("sessionId"))
        state.kind = state.kind or text(found.get("kind"))
        state.project_hash = text(found.get("projectHash")) or state.project_hash
        state.summary = title_of(text(found.get("summary"))) or state.summary
        self._seen(millis(found.get("startTime")), millis(found.get("lastUpdated")))
        folders = found.get("directories")
        if isinstance(folders, list) and folders:
            state.cwd = state.cwd or text(folders[0])
        if isinstance(found.get("messages"), list):
            self._checkpoint(found["messages"], line)
        odd = found.keys() - _KNOWN_META
        count(self._unknown, (f"meta:{name}" for name in sorted(odd)))

    def transcripts(self, *, cwd: str, expires: int | None, replaces: bool = False) -> tuple[Transcript, ...]:
        """Return what the reading changed; what it brought and took out again is given first and dropped by a second."""
        gone = [i for i in self._dropped if not self._stands(i)]
        session = _session(self.ref, self.state, cwd=cwd, expires=expires)
        given = Transcript(
            session=session,
            messages=tuple(m for m in self._messages.values() if not replaces or self._stands(m.id)),
            requests=tuple(dedupe(self._requests).values()),
            dropped=tuple(i for i in gone if i not in self._messages),
            losses=Losses(unknown=self._unknown, damaged=len(self._damaged), damaged_lines=tuple(self._damaged)),
            replaces=replaces,
        )
        brief = () if replaces else tuple(i for i in gone if i in self._messages)
        return (given, Transcript(session=session, dropped=brief)) if brief else (given,)

    def _checkpoint(self, messages: list[Json], line: int) -> None:
        self._drop(list(self.state.live))
        for place, record in enumerate(messages, 1):
            if isinstance(record, dict) and isinstance(record.get("id"), str):
                self._put(record, line or place)
            else:
                count(self._unknown, ["block:message"])

    def _rewind(self, target: str) -> None:
        """Drop a message and all after it; without such a message, everything: as the agent itself does."""
        names = list(self.state.live)
        self._drop(names[names.index(target) :] if target in self.state.live else names)

    def _stands(self, ours: str) -> bool:
        name = ours.removesuffix(":results")
        return ours in _ours(name, self.state.live.get(name, 0)) or ours in _ours(ours, self.state.live.get(ours, 0))

    def _drop(self, names: list[str]) -> None:
        for name in names:
            self._dropped.update(dict.fromkeys(_ours(name, self.state.live.pop(name))))

    def _put(self, record: dict[str, Json], line: int) -> None:
        name: str = record["id"]
        found = _understood(record, line)
        before = self.state.live.get(name)
        entry = found.usage.context * USED if found.usage else 0
        if found.message is not None and not self._answered(found):
            entry |= MESSAGE
            self._messages[found.message.id] = found.message
        if found.results is not None:
            entry |= RESULTS
            self._messages[found.results.id] = found.results
            self._remember(found.results, name)
        if before is not None:
            self._dropped.update(dict.fromkeys(_ours(name, before)))
        self.state.live[name] = entry
        self._learn_message(found, record, line)

    def _answered(self, found: Understood) -> bool:
        """Tell whether a message only repeats tool results that already stand in the conversation."""
        known = self.state.answered
        return bool(found.answers) and all(known.get(c) in self.state.live for c in found.answers)

    def _remember(self, results: Message, owner: str) -> None:
        known = self.state.answered
        known.update((call, owner) for call in (getattr(p, "call", "") for p in results.parts) if call)
        while len(known) > ANSWERED:
            del known[next(iter(known))]

    def _learn_message(self, found: Understood, record: dict[str, Json], line: int) -> None:
        state = self.state
        at = millis(record.get("timestamp"))
        self._seen(at, at)
        state.cwd = state.cwd or found.cwd
        if not state.prompt and found.message is not None and found.message.is_prompt:
            state.prompt = title_of(found.message.text)
        if found.model:
            state.models = list(ordered((*state.models, found.model)))
        if found.usage is not None:
            self._requests.append(
                Request(
                    key=_key(state.native, record["id"]),
                    at=at,
                    model=found.model,
                    usage=found.usage,
                    path=self.ref.path,
                    line=line,
                )
            )
        count(self._unknown, found.unknown)

    def _seen(self, start: int | None, end: int | None) -> None:
        state = self.state
        if start is not None:
            state.started = start if state.started is None else min(state.started, start)
        if end is not None:
            state.active = end if state.active is None else max(state.active, end)


def _session(ref: Ref, state: State, *, cwd: str, expires: int | None) -> Session:
    native, parent = _identity(ref, state)
    place = state.cwd or cwd
    extra: dict[str, Json] = {"project_hash": state.project_hash} if state.project_hash else {}
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=state.summary or state.prompt,
        cwd=place,
        project=project_of(place),
        models=tuple(state.models),
        parent=Parent(id=observed_id(AGENT, parent), kind="subagent") if parent else None,
        status="ended",
        started=state.started,
        active=state.active,
        source_path=ref.path,
        source_expires=expires,
        context=Context(used=next((e // USED for e in reversed(state.live.values()) if e >= USED), None)),
        extra=extra,
    )


def _identity(ref: Ref, state: State) -> tuple[str, str]:
    """Return the native id and the parent's; a sub-agent's id is only unique below its parent."""
    if not state.native and state.live:
        state.native = _stem(ref)
    parent = _parent_folder(ref)
    if parent:
        return (f"{parent}/{state.native}", parent) if state.native else ("", "")
    if state.kind == "subagent":
        return f"{state.native}/{_stem(ref)}", state.native
    return state.native, ""


def _parent_folder(ref: Ref) -> str:
    """Return the folder below `chats` that a sub-agent's log stands in: its parent session's id."""
    above = ref.path.replace("\\", "/").split("/")[-2:-1]
    return above[0] if ref.kind == "subagent" and above else ""


def _stem(ref: Ref) -> str:
    return ref.path.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _understood(record: dict[str, Json], line: int) -> Understood:
    """A record nested deeper than any agent writes is counted, not followed."""
    try:
        return understand(record, line=line)
    except RecursionError:
        return Understood(unknown=["record:too-deep"])


def _ours(name: str, entry: int) -> list[str]:
    return [name] * bool(entry & MESSAGE) + [f"{name}:results"] * bool(entry & RESULTS)


def _key(session: str, name: str) -> str:
    """A message's id is random and global where the agent made it; shorter ones are only unique in their session."""
    return f"gemini:{name}" if len(name) >= UUID_LENGTH else f"gemini:{session}:{name}"
