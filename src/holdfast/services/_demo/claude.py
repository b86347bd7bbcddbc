"""Writes made-up sessions as Claude Code does: one file each, one for each sub-agent, and the history of prompts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.services._demo.story import DAY_MS, MINUTE_MS, Answer, Pace, Record, Tale, Tokens, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Json

_TOOLS = {"run": "Bash", "read": "Read", "edit": "Edit"}


def write(root: Path, tale: Tale, now_ms: int) -> Path:
    """Write a session and its sub-agent below `~/.claude`; returns the session's file."""
    folder = root / "projects" / re.sub(r"[^A-Za-z0-9]", "-", tale.cwd)
    path = folder / f"{tale.native}.jsonl"
    pen = _Pen(tale, now_ms)
    write_lines(path, list(pen.records()), pen.pace.at)
    if tale.helper is not None:
        side = _Pen(tale.helper, now_ms, session=tale.native, agent=tale.helper.native)
        write_lines(
            folder / tale.native / "subagents" / f"agent-{tale.helper.native}.jsonl", list(side.records()), side.pace.at
        )
    return path


def write_history(root: Path, lost: Tale, now_ms: int) -> None:
    """Write the prompts of a session whose transcript is gone."""
    at = now_ms - lost.minutes_ago * MINUTE_MS
    records: list[Record] = [
        {
            "display": turn.prompt,
            "pastedContents": {},
            "timestamp": at + n * MINUTE_MS,
            "project": lost.cwd,
            "sessionId": lost.native,
        }
        for n, turn in enumerate(lost.turns)
    ]
    write_lines(root / "history.jsonl", records, now_ms - DAY_MS)


class _Pen:
    """Writes one file."""

    def __init__(self, tale: Tale, now_ms: int, *, session: str = "", agent: str = "") -> None:
        self.tale, self.pace = tale, Pace(tale, now_ms)
        self.session, self.agent = session or tale.native, agent
        self.previous: str | None = None

    def records(self) -> Iterator[Record]:
        if not self.agent:
            yield {"type": "permission-mode", "permissionMode": "default", "sessionId": self.session}
        for turn in self.tale.turns:
            if turn.summary:
                yield from self._compaction(turn.summary)
            self.pace.hear(turn.prompt)
            yield self._record("user", message={"role": "user", "content": turn.prompt})
            for answer in turn.answers:
                yield from self._answer(answer)
        if not self.agent:
            yield {"type": "ai-title", "aiTitle": self.tale.title, "sessionId": self.session}

    def _answer(self, answer: Answer) -> Iterator[Record]:
        """Write one record for each block, as streamed: the same request in all of them."""
        tokens, number = self.pace.bill(answer), self.pace.number
        blocks: list[Record] = []
        if answer.thinking:
            blocks.append({"type": "thinking", "thinking": answer.thinking, "signature": ""})
        if answer.text:
            blocks.append({"type": "text", "text": answer.text})
        if answer.call is not None:
            call = {"type": "tool_use", "id": f"toolu_{self.session[:8]}{number:04d}", "name": _TOOLS[answer.call.tool]}
            blocks.append({**call, "input": _arguments(answer)})
        name = f"{self.session[:8]}{self.agent}{number:04d}"
        for place, block in enumerate(blocks, 1):
            done = place == len(blocks)
            yield self._record(
                "assistant",
                requestId=f"req_{name}",
                message=self._message(f"msg_{name}", block, _usage(tokens, done=done)),
            )
        if answer.call is not None:
            result = {
                "tool_use_id": f"toolu_{self.session[:8]}{number:04d}",
                "type": "tool_result",
                "content": answer.call.output,
                "is_error": answer.call.exit_code != 0,
            }
            yield self._record("user", message={"role": "user", "content": [result]})

    def _message(self, name: str, block: Record, usage: Record) -> Record:
        return {
            "id": name, "type": "message", "role": "assistant", "model": self.tale.model, "content": [block],
            "stop_reason": None, "stop_sequence": None, "usage": usage,
        }  # fmt: skip

    def _compaction(self, summary: str) -> Iterator[Record]:
        answered, self.previous = self.previous, None
        before = self.pace.compact(summary)
        held = {"trigger": "auto", "preTokens": before, "postTokens": self.pace.waiting}
        more: Record = {"content": "Conversation compacted", "level": "info", "compactMetadata": held}
        yield self._record("system", subtype="compact_boundary", logicalParentUuid=answered, **more)
        text = f"This session is being continued from a previous conversation that ran out of context.\n\n{summary}"
        yield self._record("user", isCompactSummary=True, message={"role": "user", "content": text})

    def _record(self, kind: str, **more: Json) -> Record:
        name = f"{self.session[:8]}-0000-4000-8{'1' if self.agent else '0'}00-{self.pace.count():012d}"
        found: Record = {
            "parentUuid": self.previous, "isSidechain": bool(self.agent), "userType": "external", "cwd": self.tale.cwd,
            "sessionId": self.session, "version": "2.1.143", "gitBranch": self.tale.branch, "type": kind, **more,
            "uuid": name, "timestamp": self.pace.tick(),
        }  # fmt: skip
        if self.agent:
            found["agentId"] = self.agent
        self.previous = name
        return found


def _arguments(answer: Answer) -> Record:
    call = answer.call
    if call is None:
        return {}
    match call.tool:
        case "run":
            return {"command": call.what, "description": answer.text or "Run a command"}
        case "read":
            return {"file_path": call.what}
        case "edit":
            return {"file_path": call.what, "old_string": call.before, "new_string": call.after}


def _usage(tokens: Tokens, *, done: bool) -> Record:
    return {
        "input_tokens": 6,
        "cache_creation_input_tokens": tokens.fresh,
        "cache_read_input_tokens": tokens.cached,
        "output_tokens": tokens.output + tokens.thoughts if done else 4,
        "service_tier": "standard",
    }
