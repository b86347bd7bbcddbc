"""Session snapshots of preLLM: JSON with interactions, newest first, and preferences.

Knows the file's keys; refuses to drop those it does not know, or to give back other times than it was given.
"""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._originals import parsed, tame
from holdfast.interchange._vendor import list_of, object_of, rest, text_of
from holdfast.interchange.base import NO_HEADER, Header, Knowledge, blame
from holdfast.model import Json, Session, Transcript, conversation, observed_id
from holdfast.model.interactions import seconds_of, to_interactions, to_messages
from holdfast.model.knowledge import Preference, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AGENT = "prellm"
_SHAPE = re.compile(
    rb'\A(\xef\xbb\xbf)?\s*\{\s*(?:"session_id"\s*:\s*(?:"(?:[^"\\]|\\.)*"|null)\s*,\s*)?"(interactions"\s*:\s*\[|preferences"\s*:\s*\{)'
)
_OWN = ("session_id", "interactions", "preferences", "created_at", "exported_at")


class SnapshotFormat:
    """One object; the interactions of several sessions follow each other."""

    name: ClassVar[str] = "snapshot"
    suffix: ClassVar[str] = ".json"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write interactions as they come; what is said of all of them stands at the end."""
        sessions: list[Session] = []
        times: list[float] = []
        for transcript in transcripts:
            front = b",\n" if times else b""
            if not sessions:
                stream.write(_opening(transcript.session))
            sessions.append(transcript.session)
            listed = to_interactions(conversation(transcript.messages))
            times += [i["timestamp"] for i in listed]
            stream.write(b"".join((front if n == 0 else b",\n") + _element(i) for n, i in enumerate(listed)))
        if not sessions:
            stream.write(_opening(None))
        stream.write(b"\n  ],\n" + _ending(sessions, times, header) + b"\n}\n")

    def sniff(self, head: bytes) -> float:
        """Claim objects that begin with a snapshot's keys."""
        return 0.6 if _SHAPE.match(head) else 0.0


class SnapshotImport:
    """One file, one session."""

    name: ClassVar[str] = "prellm-snapshot"

    def sniff(self, head: bytes) -> float:
        """Claim objects that begin with a snapshot's keys."""
        return 0.9 if _SHAPE.match(head) else 0.0

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield the session, oldest interaction first."""
        tree = _tree(stream)
        listed = [i for i in list_of(tree, "interactions") if isinstance(i, dict)]
        with blame("interactions"):
            messages = tuple(to_messages(listed))
        native = text_of(tree, "session_id") or "session"
        times = [m.at for m in messages if m.at is not None]
        session = Session(
            id=observed_id(AGENT, native),
            agent=AGENT,
            native_id=native,
            origin="owned",
            models=tuple(dict.fromkeys(m.model for m in messages if m.model)),
            status="ended",
            started=min(times, default=None),
            active=max(times, default=None),
            partial=True,
            extra=rest(tree, _OWN),
        )
        yield Transcript(session=session, messages=messages)

    def knowledge(self, stream: IO[bytes]) -> Knowledge:
        """Return the preferences."""
        tree = _tree(stream)
        at = round(seconds_of({"timestamp": tree.get("exported_at")}) * 1000)
        source = Provenance(writer=AGENT, trust="import", at=at)
        wishes = object_of(tree, "preferences").items()
        return Knowledge(preferences=tuple(Preference(key=k, value=str(v), provenance=source) for k, v in wishes))


def _tree(stream: IO[bytes]) -> dict[str, Json]:
    data = stream.read()
    with blame("line 1"):
        tree: dict[str, Json] = parsed(data.removeprefix(b"\xef\xbb\xbf"), dict)
        if not tree.keys() & {"interactions", "preferences"}:
            raise ValueError("expected a snapshot with `interactions` and `preferences`")
    return tree


def _opening(session: Session | None) -> bytes:
    name = "" if session is None else session.name or session.native_id
    return f'{{\n  "session_id": {_json(name)},\n  "interactions": [\n'.encode()


def _element(interaction: dict[str, Json]) -> bytes:
    lines = _json(interaction).split("\n")
    return "\n".join(f"    {line}" for line in lines).encode()


def _ending(sessions: list[Session], times: list[float], header: Header) -> bytes:
    extra = sessions[0].extra if len(sessions) == 1 else {}
    context, summary = extra.get("runtime_context"), extra.get("codebase_summary")
    tree = {
        "preferences": header.preferences,
        "runtime_context": context if isinstance(context, dict) else None,
        "codebase_summary": summary if isinstance(summary, str) else None,
        "created_at": str(min(times, default=0.0)),
        "exported_at": str(max((s.active or 0 for s in sessions), default=0) / 1000),
    }
    return _json(tree)[2:-2].encode()


def _json(tree: Json) -> str:
    return json.dumps(tame(tree), indent=2, ensure_ascii=False, default=str)
