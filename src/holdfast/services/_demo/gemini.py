"""Writes made-up sessions as Gemini CLI does: one operation log each, and the registry of projects."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.services._demo.story import Answer, Call, Pace, Record, Tale, Tokens, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Json

_CONTEXT = """<session_context>
This is the Gemini CLI. We are setting up the context for our chat.
- **Workspace Directories:**
  - {}
</session_context>"""
_TOOLS = {"run": "run_shell_command", "read": "read_file", "edit": "replace"}


def write(root: Path, tale: Tale, now_ms: int) -> Path:
    """Write a session below `~/.gemini`; returns its log."""
    slug = Path(tale.cwd).name
    _register(root / "projects.json", tale.cwd, slug)
    pen = _Pen(tale, now_ms)
    began = datetime.fromtimestamp(pen.pace.at / 1000, tz=UTC)
    path = root / "tmp" / slug / "chats" / f"session-{began:%Y-%m-%dT%H-%M}-{tale.native[:8]}.jsonl"
    write_lines(path, list(pen.records()), pen.pace.at)
    return path


def _register(path: Path, cwd: str, slug: str) -> None:
    known = json.loads(path.read_bytes())["projects"] if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"projects": {**known, cwd: slug}}), encoding="utf-8")


class _Pen:
    """Writes one log."""

    def __init__(self, tale: Tale, now_ms: int) -> None:
        self.tale, self.pace = tale, Pace(tale, now_ms)

    def records(self) -> Iterator[Record]:
        began = self.pace.tick(0)
        yield {
            "sessionId": self.tale.native,
            "projectHash": "c0ffee",
            "startTime": began,
            "lastUpdated": began,
            "kind": "main",
        }
        context = _CONTEXT.format(self.tale.cwd)
        yield {"$set": {"messages": [self._message("user", content=[{"text": context}])]}}
        for turn in self.tale.turns:
            self.pace.hear(turn.prompt)
            yield self._message("user", content=[{"text": turn.prompt}])
            yield {"$set": {"lastUpdated": self.pace.tick(0)}}
            for answer in turn.answers:
                yield from self._answer(answer)

    def _answer(self, answer: Answer) -> Iterator[Record]:
        """Write the answer; one with a tool call once more when that has run."""
        thoughts = (
            [{"subject": "Thinking", "description": answer.thinking, "timestamp": self.pace.tick(2)}]
            if answer.thinking
            else []
        )
        tokens = _tokens(self.pace.bill(answer))
        said = self._message("gemini", content=answer.text, thoughts=thoughts, tokens=tokens, model=self.tale.model)
        yield said
        if answer.call is not None:
            call = self._call(answer.call, f"{_TOOLS[answer.call.tool]}_{self.pace.count()}")
            yield {**said, "toolCalls": [call]}
            yield self._message("user", content=call["result"])

    def _call(self, call: Call, name: str) -> Record:
        tool = _TOOLS[call.tool]
        output = f"{call.output}\nExit Code: {call.exit_code}" if call.tool == "run" else call.output
        return {
            "id": name, "name": tool, "args": _arguments(call),
            "result": [{"functionResponse": {"id": name, "name": tool, "response": {"output": output}}}],
            "status": "error" if call.exit_code else "success", "timestamp": self.pace.tick(3),
        }  # fmt: skip

    def _message(self, kind: str, **more: Json) -> Record:
        name = f"{self.tale.native[:8]}-0000-4000-8000-{self.pace.count():012d}"
        return {"id": name, "timestamp": self.pace.tick(), "type": kind, **more}


def _arguments(call: Call) -> Record:
    match call.tool:
        case "run":
            return {"command": call.what}
        case "read":
            return {"absolute_path": call.what}
        case "edit":
            return {"file_path": call.what, "old_string": call.before, "new_string": call.after}


def _tokens(tokens: Tokens) -> Record:
    prompt = tokens.fresh + tokens.cached
    total = prompt + tokens.output + tokens.thoughts
    return {
        "input": prompt,
        "cached": tokens.cached,
        "output": tokens.output,
        "thoughts": tokens.thoughts,
        "tool": 0,
        "total": total,
    }
