"""Writes made-up sessions as Codex does: one rollout each."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.services._demo.story import Answer, Call, Pace, Record, Tale, Tokens, write_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Json

WINDOW = 258_400
_COUNTS = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")


def write(root: Path, tale: Tale, now_ms: int) -> Path:
    """Write a session below `~/.codex`; returns its rollout."""
    pen = _Pen(tale, now_ms)
    began = datetime.fromtimestamp(pen.pace.at / 1000, tz=UTC)
    path = root / "sessions" / f"{began:%Y/%m/%d}" / f"rollout-{began:%Y-%m-%dT%H-%M-%S}-{tale.native}.jsonl"
    write_lines(path, list(pen.records()), pen.pace.at)
    _name(root / "session_index.jsonl", tale, pen.pace.at)
    return path


def _name(path: Path, tale: Tale, at_ms: int) -> None:
    """Add the thread's name to the list that Codex keeps beside its rollouts."""
    known = [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
    known = [entry for entry in known if entry["id"] != tale.native]
    moment = datetime.fromtimestamp(at_ms / 1000, tz=UTC).isoformat()
    write_lines(path, [*known, {"id": tale.native, "thread_name": tale.title, "updated_at": moment}], at_ms)


class _Pen:
    """Writes one rollout."""

    def __init__(self, tale: Tale, now_ms: int) -> None:
        self.tale, self.pace = tale, Pace(tale, now_ms)
        self.total = [0, 0, 0, 0]

    def records(self) -> Iterator[Record]:
        tale = self.tale
        git = {"commit_hash": "0" * 40, "branch": tale.branch, "repository_url": "https://git.example/ada/app.git"}
        origin = {"originator": "codex-tui", "cli_version": "0.130.0", "source": "cli", "model_provider": "openai"}
        start = self.pace.tick(0)
        yield self._line("session_meta", 0, id=tale.native, timestamp=start, cwd=tale.cwd, git=git, **origin)
        for place, turn in enumerate(tale.turns, 1):
            if turn.summary:
                self.pace.compact(turn.summary)
                yield self._line("compacted", message=turn.summary, replacement_history=[])
                yield self._line("event_msg", type="context_compacted")
            yield from self._begin(f"{tale.native[:-2]}f{place}")
            self.pace.hear(turn.prompt)
            yield from self._said("user", turn.prompt)
            for answer in turn.answers:
                yield from self._answer(answer)

    def _begin(self, name: str) -> Iterator[Record]:
        began = self.pace.at // 1000
        yield self._line("event_msg", type="task_started", turn_id=name, started_at=began, model_context_window=WINDOW)
        yield self._line(
            "turn_context", turn_id=name, cwd=self.tale.cwd, model=self.tale.model, approval_policy="on-request"
        )

    def _answer(self, answer: Answer) -> Iterator[Record]:
        tokens = self.pace.bill(answer)
        if answer.thinking:
            summary = [{"type": "summary_text", "text": answer.thinking}]
            yield self._line("response_item", type="reasoning", summary=summary, encrypted_content=None)
        if answer.text:
            yield from self._said("assistant", answer.text)
        if answer.call is not None:
            yield from self._call(answer.call, f"call_{self.tale.native[-4:]}{self.pace.count():04d}")
        yield self._tokens(tokens)

    def _call(self, call: Call, name: str) -> Iterator[Record]:
        if call.tool == "edit":
            hunk = f"{_marked('-', call.before)}\n{_marked('+', call.after)}"
            patch = f"*** Begin Patch\n*** Update File: {call.what}\n@@\n{hunk}\n*** End Patch"
            kind, given = "custom_tool_call", {"name": "apply_patch", "input": patch, "status": "completed"}
            output = (
                f"Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess. Updated the following files:\nM {call.what}\n"
            )
        else:
            command = call.what if call.tool == "run" else f"cat {call.what}"
            arguments = json.dumps({"cmd": command, "workdir": self.tale.cwd})
            kind, given = "function_call", {"name": "exec_command", "arguments": arguments}
            output = f"Wall time: 0.4 seconds\nProcess exited with code {call.exit_code}\nOutput:\n{call.output}\n"
        yield self._line("response_item", type=kind, call_id=name, **given)
        yield self._line("response_item", type=f"{kind}_output", call_id=name, output=output)

    def _said(self, role: str, text: str) -> Iterator[Record]:
        block = "output_text" if role == "assistant" else "input_text"
        item = self._line("response_item", type="message", role=role, content=[{"type": block, "text": text}])
        event = self._line("event_msg", 0, type="user_message" if role == "user" else "agent_message", message=text)
        yield from (item, event) if role == "user" else (event, item)

    def _tokens(self, tokens: Tokens) -> Record:
        step = [tokens.fresh + tokens.cached, tokens.cached, tokens.output + tokens.thoughts, tokens.thoughts]
        self.total = [a + b for a, b in zip(self.total, step, strict=True)]
        whole, last = ({**dict(zip(_COUNTS, v, strict=True)), "total_tokens": v[0] + v[2]} for v in (self.total, step))
        info = {"total_token_usage": whole, "last_token_usage": last, "model_context_window": WINDOW}
        return self._line("event_msg", 1, type="token_count", info=info, rate_limits=None)

    def _line(self, kind: str, seconds: int = 4, /, **payload: Json) -> Record:
        return {"timestamp": self.pace.tick(seconds), "type": kind, "payload": payload}


def _marked(mark: str, text: str) -> str:
    return "\n".join(f"{mark}{line}" for line in text.splitlines())
