"""The fifteen keys of `project_context.json`, written as PHP writes them, so that AnyLLM reads its own file back.

Knows types and limits of the keys; refuses to invent what no session says: such a key is null or empty.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from holdfast.interchange._originals import tame, utc_text
from holdfast.model import CommandRun, FileTouch, Json, Message, Session, Transcript, conversation, derive, observed_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

AGENT = "anyllm"
MOST_RUNS = 20
MOST_OUTPUT = 2000
PREVIEW = 200
_EMPTY: dict[str, Json] = {
    "isNewSession": False, "task": None, "project": None, "repo_map": None, "code_highlights": None,
    "conversation_history": [], "files": {"modified": [], "read": [], "mentioned": []}, "terminal": [], "decisions": None,
    "knowledge_base": None, "todo": [], "current": None, "relevant_history": None,
}  # fmt: skip


class _Known:
    """What was gathered of all sessions while their histories were written."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.last: Session | None = None
        self.touches: list[FileTouch] = []
        self.runs: list[CommandRun] = []

    def take(self, transcript: Transcript) -> None:
        self.session = self.session or transcript.session
        self.last = transcript.session
        if AGENT not in transcript.session.extra:
            touches, runs = derive(conversation(transcript.messages))
            self.touches += touches
            self.runs += runs


def document(transcripts: Iterable[Transcript]) -> Iterator[bytes]:
    """Yield the members of the object, the history as the transcripts come."""
    known = _Known()
    count = 0
    for transcript in transcripts:
        if known.session is None:
            yield _member("sessionId", _ident(transcript.session)) + b',\n    "summarized_history": ['
        known.take(transcript)
        for entry in history(transcript):
            yield (b",\n" if count else b"\n") + _indented(entry, 2)
            count += 1
    if known.session is None:
        yield _member("sessionId", "") + b',\n    "summarized_history": ['
    yield (b"\n    ]" if count else b"]")
    for key, value in _rest(known).items():
        yield b",\n" + _member(key, value)


def history(transcript: Transcript) -> Iterator[dict[str, Json]]:
    """Yield each request with what came of it and when."""
    entry: dict[str, Json] | None = None
    for message in conversation(transcript.messages):
        if message.is_prompt:
            if entry is not None:
                yield entry
            entry = {"request": message.text, "outcome": "No action taken.", "timestamp": _stamp(message)}
        elif entry is not None and message.role == "assistant" and message.text:
            entry["outcome"] = message.text
    if entry is not None:
        yield entry


def _rest(known: _Known) -> dict[str, Json]:
    """Return the other fourteen keys: those of an imported project as they were, else what the sessions did."""
    session = known.session
    held = {} if session is None else session.extra.get(AGENT)
    if isinstance(held, dict) and held:
        return {**_EMPTY, **held, "isNewSession": False, "conversation_history": []}
    if session is None:
        return _EMPTY
    folder = session.cwd
    project = {"name": session.project or folder.rpartition("/")[2], "path": folder, "entry_point": None}
    return {**_EMPTY, "project": project if folder or session.project else None, **_done(known)}


def _done(known: _Known) -> dict[str, Json]:
    changed = {t.path: t for t in known.touches if t.action != "read"}
    read = {t.path for t in known.touches} - changed.keys()
    modified = [{"path": p, "status": "modified", "lines": t.added, "preview": ""} for p, t in changed.items()]
    files = {"modified": modified, "read": [{"path": p, "preview": ""} for p in sorted(read)], "mentioned": []}
    return {"files": files, "terminal": [_run(r) for r in known.runs[-MOST_RUNS:]]}


def _run(run: CommandRun) -> dict[str, Json]:
    code = run.exit if run.exit is not None else int(run.error)
    return {"command": run.command, "stdout": run.output[:MOST_OUTPUT], "stderr": "", "exit_code": code}


def _ident(session: Session) -> str:
    if session.agent == AGENT:
        return session.native_id
    stamp = utc_text(session.started).replace("-", "").replace(":", "").replace("T", "_")[:15] or "19700101_000000"
    return f"{stamp}_{observed_id('anyllm-name', session.id).encode().hex()[:8]}"


def _stamp(message: Message) -> str:
    given = message.extra.get("timestamp")
    return given if isinstance(given, str) else utc_text(message.at)


def _member(key: str, value: Json) -> bytes:
    return b"    " + json.dumps(key).encode() + b": " + _indented(value, 1).lstrip(b" ")


def _indented(value: Json, depth: int) -> bytes:
    """Write a value as PHP's pretty print does: four blanks, slashes and everything beyond ASCII escaped."""
    text = json.dumps(tame(value), indent=4).replace("/", "\\/")
    return "\n".join("    " * depth + line for line in text.split("\n")).encode()
