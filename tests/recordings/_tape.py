"""Recordings played in pieces: what a record is, what the records after it prove, and the piece moved to now.

Knows what each kind of record means for a turn; refuses to know the classifier.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.live.labels import DONE, ERROR, IDLE, LIMIT, OPEN_CALL, WORKING, Label
from tests.live.pens import ClaudeCode, Codex, CopilotCli, Pen
from tests.live.pens_by_place import GeminiCli, KiroCli, Pi
from tests.live.world import iso

Record = dict[str, Any]
GOES_ON = ("text", "call", "result")
PROVEN: dict[str, tuple[Label, tuple[str, ...]]] = {
    "prompt": (WORKING, (*GOES_ON, "end", "error", "limit")),
    "call": (OPEN_CALL, ("result",)),
    "result": (WORKING, GOES_ON),
    "text": (WORKING, GOES_ON),
    "end": (DONE, ("prompt", "")),
    "abort": (IDLE, ("prompt", "")),
    "error": (ERROR, ("prompt", "", "error")),
    "limit": (LIMIT, ("prompt", "", "shutdown")),
}
"""What a record of a kind shows, if the next that matters is one of these; empty stands for the end of the recording."""
_PLACE = re.compile(r"Workspace Directories:\*\*\\n  - ([^\\]+)\\n")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_NUMBER = re.compile(r'("(?:timestamp|started_at)":\s?)(\d{10,13})\b')


def claude(record: Record) -> str:
    """Tell what a record of Claude Code is."""
    message = record.get("message") or {}
    content = message.get("content") or ""
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    kinds = {b.get("type") for b in blocks}
    text = "".join(b.get("text") or "" for b in blocks)
    if record.get("isSidechain") or record.get("isMeta") or record.get("isCompactSummary"):
        return ""
    if record["type"] == "system":
        ended = record.get("subtype") == "turn_duration"
        return ("?" if record.get("pendingBackgroundAgentCount") else "end") if ended else ""
    if record["type"] == "user":
        if "tool_result" in kinds:
            return "result"
        if text.startswith("[Request interrupted"):
            return "abort"
        return "" if text.startswith("<") or not text else "prompt"
    if record["type"] != "assistant":
        return ""
    if record.get("isApiErrorMessage"):
        return "error"
    if "tool_use" in kinds:
        return "call"
    if message.get("stop_reason") == "end_turn":
        return "end" if "text" in kinds else "?"
    return "text" if message.get("stop_reason") == "tool_use" else "?"


def codex(record: Record) -> str:
    """Tell what a line of a rollout is."""
    payload = record.get("payload") or {}
    kind = payload.get("type") or ""
    if record.get("type") == "event_msg":
        known = {"task_started": "prompt", "task_complete": "end", "turn_aborted": "abort", "agent_message": "text"}
        return known.get(kind, "")
    if record.get("type") != "response_item":
        return ""
    if kind.endswith("_call_output"):
        return "result"
    if kind.endswith("_call"):
        return "call"
    return "text" if kind == "reasoning" or payload.get("role") == "assistant" else ""


def copilot(record: Record) -> str:
    """Tell what an event of Copilot CLI is; the end of a round of calls is no end of a turn."""
    if record.get("agentId"):
        return ""
    kind, data = record["type"], record.get("data") or {}
    if kind == "assistant.message":
        return "text"
    if kind == "user.message":
        return "prompt" if data.get("content") else "?"
    known = {"tool.execution_start": "text", "tool.execution_complete": "result", "assistant.turn_end": "end"}
    known |= {"assistant.turn_start": "text", "session.shutdown": "shutdown", "abort": "?"}
    if kind == "session.error":
        return "limit" if data.get("statusCode") == 429 else "error"
    return known.get(kind, "")


def gemini(record: Record) -> str:
    """Tell what an operation of Gemini CLI is."""
    kind, content = record.get("type"), record.get("content")
    if kind == "user":
        answered = isinstance(content, list) and any("functionResponse" in p for p in content)
        return "result" if answered else "prompt"
    if kind == "gemini":
        if record.get("toolCalls"):
            return "result"
        return "end" if content else "call"
    if kind == "info":
        return "abort" if content == "Request cancelled." else ""
    if "$rewindTo" in record or "messages" in (record.get("$set") or {}):
        return "?"
    return "error" if kind == "error" else ""


def pi(record: Record) -> str:
    """Tell what an entry of Pi is."""
    message = record.get("message") or {}
    role = message.get("role")
    if role == "assistant":
        return {"stop": "end", "toolUse": "text", "error": "error"}.get(message.get("stopReason"), "?")
    return {"user": "prompt", "toolResult": "result", "bashExecution": "?"}.get(role, "")


def kiro(record: Record) -> str:
    """Tell what a line of Kiro CLI is."""
    if record.get("kind") == "AssistantMessage":
        calls = any(b.get("kind") == "toolUse" for b in record["data"]["content"])
        return "call" if calls else "end"
    return {"Prompt": "prompt", "ToolResults": "result"}.get(record.get("kind", ""), "?")


@dataclass(frozen=True)
class Cut:
    """A piece of a recording up to and with record `end`, and what the records after it prove."""

    end: int
    kind: str
    label: Label


@dataclass(frozen=True)
class Tape:
    """One recording, cut where its later records prove what was."""

    path: Path
    pen: type[Pen]
    native: str
    cwd: str
    records: tuple[Record, ...]
    cuts: tuple[Cut, ...]

    def piece(self, after: int, end: int, now: float, cwd: Path) -> bytes:
        """Return records after one cut and up to the next, in this directory, the last of them at this time."""
        times = [when(r) for r in self.records[: end + 1]]
        last = next((t for t in reversed(times) if t), 0.0)
        lines = []
        for record, at in zip(self.records[after + 1 : end + 1], times[after + 1 :], strict=True):
            line = json.dumps(record, ensure_ascii=False)
            lines.append(
                moved(line if not self.cwd else line.replace(self.cwd, str(cwd)), now - min(30.0, last - (at or last)))
            )
        return "".join(f"{line}\n" for line in lines).encode()


def when(record: Record) -> float:
    """Return a record's time, 0 where it has none."""
    given = record.get("timestamp")
    if not isinstance(given, str):
        return 0.0
    return datetime.fromisoformat(given).timestamp()


def moved(line: str, at: float) -> str:
    """Give every time in a line this time."""

    def number(found: re.Match[str]) -> str:
        return found[1] + str(int(at * 1000) if len(found[2]) > 10 else int(at))

    return _NUMBER.sub(number, _ISO.sub(iso(at), line))


KINDS = {ClaudeCode: claude, Codex: codex, CopilotCli: copilot, GeminiCli: gemini, Pi: pi, KiroCli: kiro}
FOLDERS = {
    ClaudeCode: "claude-code/*/projects/*/*.jsonl", Codex: "codex/*/sessions/*/*/*/rollout-*.jsonl",
    CopilotCli: "copilot/*/session-state/*/events.jsonl", GeminiCli: "gemini-cli/*/tmp/*/chats/*.jsonl",
    Pi: "pi/*/sessions/*/*.jsonl", KiroCli: "kiro-cli/*/sessions/cli/*.jsonl",
}  # fmt: skip


def tapes(folder: Path) -> list[Tape]:
    """Return every recording that can be played, each session once."""
    found: dict[str, Tape] = {}
    for pen, pattern in FOLDERS.items():
        for path in sorted(folder.glob(pattern)):
            tape = _tape(path, pen)
            if tape is not None and tape.cuts:
                found.setdefault(tape.native, tape)
    return list(found.values())


def _tape(path: Path, pen: type[Pen]) -> Tape | None:
    records = tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    native, cwd = _name(path, pen, records)
    if not native or sum(r.get("type") == "session.start" for r in records) > 1:
        return None
    return Tape(path, pen, native, cwd, records, tuple(_cuts(records, pen)))


def _name(path: Path, pen: type[Pen], records: tuple[Record, ...]) -> tuple[str, str]:
    first = records[0]
    if pen is ClaudeCode:
        return path.stem, next((r["cwd"] for r in records if r.get("cwd")), "")
    if pen is Codex:
        facts = first.get("payload") or {}
        spawned = isinstance(facts.get("source"), dict) or "cwd" not in facts
        return ("", "") if spawned or first.get("type") != "session_meta" else (facts["id"], facts["cwd"])
    if pen is CopilotCli:
        return first["data"]["sessionId"], first["data"]["context"]["cwd"]
    if pen is KiroCli:
        return str(uuid5(NAMESPACE_URL, str(path))), ""  # most are kept without the sidecar that names them
    place = _PLACE.search(json.dumps(records[1])) if len(records) > 1 else None
    return (first.get("sessionId") or first.get("id") or ""), first.get("cwd") or (place[1] if place else "")


def _cuts(records: tuple[Record, ...], pen: type[Pen]) -> list[Cut]:
    kinds = [KINDS[pen](r) for r in records]
    if pen is CopilotCli:
        kinds = [_round(kinds, records, n) for n in range(len(kinds))]
    if pen is ClaudeCode:
        kinds = [_end(kinds, n) for n in range(len(kinds))]
    found: list[Cut] = []
    for number, kind in enumerate(kinds):
        after = next((k for k in kinds[number + 1 :] if k), "")
        label, proofs = PROVEN.get(kind, (WORKING, ()))
        if after in proofs or (kind == "end" and after in ("end", "shutdown")):
            found.append(Cut(number, kind, label))
    return _spread(found)


def _round(kinds: list[str], records: tuple[Record, ...], number: int) -> str:
    """Tell the end of Copilot's turn from the end of one of its rounds: the last answer asked for no tool."""
    if kinds[number] != "end":
        return kinds[number]
    answers = [r for r in records[:number] if r["type"] == "assistant.message" and not r.get("agentId")]
    if answers and answers[-1]["data"].get("toolRequests"):
        return "result"
    return "end" if answers else "?"


def _end(kinds: list[str], number: int) -> str:
    """Tell the end of a turn that failed from the end of one that was answered."""
    before = next((k for k in reversed(kinds[:number]) if k), "")
    return "error" if kinds[number] == "end" and before == "error" else kinds[number]


def _spread(cuts: list[Cut], most: int = 3) -> list[Cut]:
    """Keep a few cuts of each kind: the first, the last and one between."""
    kept: list[Cut] = []
    for kind in PROVEN:
        of = [c for c in cuts if c.kind == kind]
        kept += {of[0].end: of[0], of[len(of) // 2].end: of[len(of) // 2], of[-1].end: of[-1]}.values() if of else ()
    return sorted(kept, key=lambda c: c.end)
