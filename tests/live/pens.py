"""Pens: each writes one session as its agent does, record by record, and starts a stand-in under that agent's command line.

Claude Code, Codex and Copilot CLI, which say which process holds which session.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from tests.live.labels import ERROR, LIMIT, OPEN_CALL, WORKING, Label
from tests.live.standins import start_ticks
from tests.live.world import Screen, World, iso

if TYPE_CHECKING:
    from holdfast.model.live import BoardRow

Record = dict[str, Any]


def append(path: Path, *records: Record, at: float) -> None:
    """Append lines as an agent does, and give the file the time of the last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(b"".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for r in records))
    os.utime(path, (at, at))


class Pen:
    """What every pen can do; an agent's own pen writes the records."""

    agent: ClassVar[str]
    argv: ClassVar[tuple[str, ...]]
    program: ClassVar[str] = ""
    open_call: ClassVar[Label] = OPEN_CALL
    calls: ClassVar[bool] = True
    named: ClassVar[bool] = False
    """True where the agent's own files or handles say which process holds the session; False where only the directory does."""
    on_error: ClassVar[Label | None] = None
    on_limit: ClassVar[Label | None] = None
    aborts: ClassVar[bool] = False

    def __init__(self, world: World, cwd: Path, *, native: str = "", pid: int | None = None) -> None:
        self.world, self.cwd, self.pid = world, cwd, pid
        self.number = world.number()
        self.native = native or self.name()
        self._count = 0

    def name(self) -> str:
        return str(UUID(int=0xA0B1C2D3_0000_4000_8000_000000000000 + self.number))

    def at(self, ago: float) -> float:
        return self.world.clock.now - ago

    def count(self) -> int:
        self._count += 1
        return self._count

    def launch(
        self, *more: str, argv: tuple[str, ...] = (), cwd: Path | None = None, program: str = "", real: str = ""
    ) -> int:
        """Start the stand-in."""
        words = (*(argv or self.argv), *more)
        name = program or self.program
        self.pid = self.world.standins.start(*words, cwd=cwd or self.cwd, name=name, real=real, fds=self.handles())
        self.tie()
        return self.pid

    def handles(self) -> tuple[int, ...]:
        return ()

    def tie(self) -> None:
        """Write what ties the session to the process, where the agent does."""

    def kill(self, *, reap: bool = True) -> None:
        assert self.pid is not None
        self.world.standins.kill(self.pid, reap=reap)

    def row(self, screen: Screen) -> BoardRow | None:
        return screen.session(self.agent, self.native)

    def hook(self, state: str, *, ago: float = 1, **more: Any) -> None:
        told = {"pid": self.pid, "cwd": str(self.cwd)}
        self.world.spool(self.agent, self.native, state, ago=ago, **(told | more))

    def prompt(self, ago: float = 5) -> None:
        raise NotImplementedError

    def call(self, ago: float = 4) -> None:
        raise NotImplementedError

    def result(self, ago: float = 3) -> None:
        raise NotImplementedError

    def finish(self, ago: float = 2) -> None:
        raise NotImplementedError

    def fail(self, ago: float = 2) -> None:
        raise NotImplementedError

    def limit(self, ago: float = 2) -> None:
        raise NotImplementedError

    def abort(self, ago: float = 2) -> None:
        raise NotImplementedError


class ClaudeCode(Pen):
    """Writes Claude Code's transcript and its registry of running sessions."""

    agent, argv, named, aborts = "claude-code", ("claude",), True, True
    open_call, on_error, on_limit = WORKING, ERROR, LIMIT
    registered = True

    @property
    def home(self) -> Path:
        return self.world.home / ".claude"

    @property
    def path(self) -> Path:
        folder = "".join(c if c.isalnum() or c == "-" else "-" for c in str(self.cwd))
        return self.home / "projects" / folder / f"{self.native}.jsonl"

    def tie(self) -> None:
        if self.registered:
            self.registry("idle", ago=30)

    def registry(self, status: str | None, *, ago: float = 1, **more: Any) -> None:
        """Write `sessions/<pid>.json`."""
        pid = more.pop("of", self.pid)
        ticks = more.pop("ticks", None) or start_ticks(pid)
        at = int(self.at(ago) * 1000)
        facts = {"pid": pid, "sessionId": self.native, "cwd": str(self.cwd), "startedAt": at, "procStart": ticks}
        facts |= {"version": "2.1.143", "kind": "interactive", "entrypoint": "cli", "updatedAt": at}
        facts |= {} if status is None else {"status": status, "statusUpdatedAt": at}
        path = self.home / "sessions" / f"{pid}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(facts | more), encoding="utf-8")
        os.utime(path, (self.at(ago), self.at(ago)))

    def status(self, status: str, ago: float) -> None:
        if self.registered and self.pid is not None:
            self.registry(status, ago=ago)

    def write(self, kind: str, ago: float, **more: Any) -> None:
        number = self.count()
        above = f"{self.number:08x}-0000-4000-8000-{number - 1:012d}" if number > 1 else None
        known: Record = {"type": kind, "uuid": f"{self.number:08x}-0000-4000-8000-{number:012d}", "parentUuid": above}
        known |= {"sessionId": self.native, "timestamp": iso(self.at(ago)), "cwd": str(self.cwd), "gitBranch": "main"}
        known |= {"version": "2.1.143", "isSidechain": False, "userType": "external", "entrypoint": "cli"}
        append(self.path, known | more, at=self.at(ago))

    def said(self, *content: Record, stop: str | None, ago: float, **more: Any) -> None:
        name = f"{self.number}_{self._count}"
        usage = {
            "input_tokens": 6,
            "output_tokens": 20,
            "cache_read_input_tokens": 900,
            "cache_creation_input_tokens": 50,
        }
        message: Record = {"id": f"msg_{name}", "type": "message", "role": "assistant", "model": "claude-opus-4-7"}
        message |= {"content": list(content), "stop_reason": stop, "usage": usage}
        self.write("assistant", ago, message=message, requestId=f"req_{name}", **more)

    def prompt(self, ago: float = 5, words: str = "Mend the build") -> None:
        self.status("busy", ago)
        self.write("user", ago, message={"role": "user", "content": words}, promptSource="typed")

    def call(self, ago: float = 4, tool: str = "Bash", **given: Any) -> None:
        block = {
            "type": "tool_use",
            "id": f"toolu_{self.number}_{self._count}",
            "name": tool,
            "input": given or {"command": "make"},
        }
        self.last = block["id"]
        self.said(block, stop="tool_use", ago=ago)

    def result(self, ago: float = 3, *, error: bool = False) -> None:
        self.status("busy", ago)
        block = {
            "type": "tool_result",
            "tool_use_id": self.last,
            "content": "Error: 2" if error else "ok",
            "is_error": error,
        }
        self.write("user", ago, message={"role": "user", "content": [block]}, toolUseResult={"stdout": "ok"})

    def finish(self, ago: float = 2) -> None:
        self.said({"type": "text", "text": "It builds."}, stop="end_turn", ago=ago)
        self.write("system", ago, subtype="turn_duration", durationMs=1774, messageCount=2)
        self.status("idle", ago)

    def synthetic(self, words: str, error: str, ago: float) -> None:
        """Write the program's own words for an error of the service."""
        message: Record = {"id": f"local{self._count}", "type": "message", "role": "assistant", "model": "<synthetic>"}
        message |= {"content": [{"type": "text", "text": words}], "stop_reason": "stop_sequence"}
        self.write("assistant", ago, message=message, isApiErrorMessage=True, error=error)
        self.write("system", ago, subtype="turn_duration", durationMs=115, messageCount=2)
        self.status("idle", ago)

    def fail(self, ago: float = 2) -> None:
        self.synthetic("API Error: 500 Internal server error", "server_error", ago)

    def limit(self, ago: float = 2) -> None:
        self.synthetic("You've hit your session limit \u00b7 resets 9pm (UTC)", "rate_limit", ago)

    def retry(self, attempt: int, ago: float, *, status: int = 529) -> None:
        """Write that the program waits and tries again by itself."""
        error = {
            "status": status,
            "error": {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        }
        self.write(
            "system",
            ago,
            subtype="api_error",
            level="error",
            error=error,
            retryInMs=500.0,
            retryAttempt=attempt,
            maxRetries=10,
        )

    def abort(self, ago: float = 2) -> None:
        text = {"type": "text", "text": "[Request interrupted by user]"}
        self.write("user", ago, message={"role": "user", "content": [text]})
        self.status("idle", ago)


class Codex(Pen):
    """Writes Codex's rollout, which the running program keeps open for writing."""

    agent, argv, named, aborts = "codex", ("codex",), True, True
    on_error, on_limit = ERROR, LIMIT
    source: Any = "cli"
    holds = True

    def name(self) -> str:
        return str(UUID(int=0x019B8D00_0000_7000_8000_000000000000 + self.number))

    @property
    def path(self) -> Path:
        folder = self.world.home / ".codex" / "sessions" / "2026" / "01" / "05"
        return folder / f"rollout-2026-01-05T10-00-{self.number % 60:02d}-{self.native}.jsonl"

    def handles(self) -> tuple[int, ...]:
        if not self.holds:
            return ()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return (self._handle,)

    def tie(self) -> None:
        if self.holds:
            os.close(self._handle)

    def write(self, kind: str, ago: float, **payload: Any) -> None:
        if self.count() == 1:
            facts = {"id": self.native, "timestamp": iso(self.at(ago)), "cwd": str(self.cwd), "originator": "codex-tui"}
            facts |= {"cli_version": "0.130.0", "source": self.source, "model_provider": "openai"}
            append(
                self.path, {"timestamp": iso(self.at(ago)), "type": "session_meta", "payload": facts}, at=self.at(ago)
            )
        append(self.path, {"timestamp": iso(self.at(ago)), "type": kind, "payload": payload}, at=self.at(ago))

    def event(self, kind: str, ago: float, **more: Any) -> None:
        self.write("event_msg", ago, type=kind, **more)

    def prompt(self, ago: float = 5) -> None:
        self.turn = f"turn-{self.number}-{self.count()}" if self._count else f"turn-{self.number}"
        self.event("task_started", ago, turn_id=self.turn, started_at=int(self.at(ago)), model_context_window=258400)
        self.write(
            "turn_context", ago, turn_id=self.turn, cwd=str(self.cwd), model="gpt-5.5", approval_policy="on-request"
        )
        content = [{"type": "input_text", "text": "Run the tests"}]
        self.write("response_item", ago, type="message", role="user", content=content)
        self.event("user_message", ago, message="Run the tests")

    def call(self, ago: float = 4, tool: str = "exec_command", **given: Any) -> None:
        arguments = json.dumps(given or {"cmd": "make test"})
        self.last = f"call_{self._count}"
        self.write("response_item", ago, type="function_call", name=tool, arguments=arguments, call_id=self.last)

    def result(self, ago: float = 3, *, error: bool = False) -> None:
        output = f"Process exited with code {2 * error}\nOutput:\n"
        self.write("response_item", ago, type="function_call_output", call_id=self.last, output=output)

    def finish(self, ago: float = 2) -> None:
        self.event("agent_message", ago, message="All pass.")
        content = [{"type": "output_text", "text": "All pass."}]
        self.write("response_item", ago, type="message", role="assistant", content=content)
        self.event("task_complete", ago, turn_id=self.turn, last_agent_message="All pass.")

    def _broken(self, words: str, kind: str, ago: float) -> None:
        self.event("error", ago, message=words, codex_error_info=kind)
        self.event("task_complete", ago, turn_id=self.turn, last_agent_message=None)

    def fail(self, ago: float = 2) -> None:
        self._broken("stream disconnected before completion", "response_stream_disconnected", ago)

    def limit(self, ago: float = 2) -> None:
        self._broken("You've hit your usage limit. Try again at 9:00 PM.", "usage_limit_exceeded", ago)

    def abort(self, ago: float = 2) -> None:
        self.event("turn_aborted", ago, turn_id=self.turn, reason="interrupted")


class CopilotCli(Pen):
    """Writes Copilot CLI's events and its lock."""

    agent, argv, named = "copilot-cli", ("copilot",), True
    open_call, on_error, on_limit = WORKING, ERROR, LIMIT

    @property
    def folder(self) -> Path:
        return self.world.home / ".copilot" / "session-state" / self.native

    def tie(self) -> None:
        assert self.pid is not None
        self.lock(self.pid)

    def lock(self, pid: int, *, ago: float = 30) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"inuse.{pid}.lock"
        path.write_text(str(pid), encoding="ascii")
        os.utime(path, (self.at(ago), self.at(ago)))

    def event(self, kind: str, ago: float, *, agent_id: str = "", **data: Any) -> None:
        if self.count() == 1:
            context = {"cwd": str(self.cwd), "gitRoot": str(self.cwd), "repository": "ada/shop", "branch": "main"}
            known = {"sessionId": self.native, "version": 1, "copilotVersion": "1.0.78", "startTime": iso(self.at(ago))}
            self._put("session.start", ago, "", {**known, "context": context})
        self._put(kind, ago, agent_id, data)

    def _put(self, kind: str, ago: float, agent_id: str, data: Record) -> None:
        found = {"type": kind, "data": data, "id": f"{self.number:08d}-{self.count()}", "timestamp": iso(self.at(ago))}
        found |= {"parentId": None} | ({"agentId": agent_id} if agent_id else {})
        append(self.folder / "events.jsonl", found, at=self.at(ago))

    def answer(self, text: str, ago: float, *calls: Record) -> None:
        name = f"m{self._count}"
        known = {"messageId": name, "apiCallId": f"api{name}", "model": "gpt-5-mini", "toolRequests": list(calls)}
        self.event("assistant.message", ago, content=text, outputTokens=20, **known)

    def prompt(self, ago: float = 5) -> None:
        self.event("user.message", ago, content="Run the tests", attachments=[])
        self.event("assistant.turn_start", ago, turnId="0")

    def call(self, ago: float = 4) -> None:
        self.last = f"call_{self._count}"
        arguments = {"command": "make test"}
        self.answer(
            "I will.", ago, {"toolCallId": self.last, "name": "bash", "arguments": arguments, "type": "function"}
        )
        self.event("tool.execution_start", ago, toolCallId=self.last, toolName="bash", arguments=arguments)

    def ask(self, ago: float = 2) -> None:
        self.event("permission.requested", ago, toolCallId=self.last)

    def result(self, ago: float = 3) -> None:
        done = {"content": "ok\n<shellId: 0 completed with exit code 0>"}
        self.event("tool.execution_complete", ago, toolCallId=self.last, success=True, result=done)
        self.event("assistant.turn_end", ago, turnId="0")
        self.event("assistant.turn_start", ago, turnId="1")

    def finish(self, ago: float = 2) -> None:
        self.answer("All pass.", ago)
        self.event("assistant.turn_end", ago, turnId="1")

    def _broken(self, kind: str, status: int, words: str, ago: float) -> None:
        self.event("assistant.turn_end", ago, turnId="0")
        self.event("session.error", ago, errorType=kind, message=words, statusCode=status)

    def fail(self, ago: float = 2) -> None:
        self._broken("authentication", 401, "Your token is no longer valid.", ago)

    def limit(self, ago: float = 2) -> None:
        self._broken("rate_limit", 429, "You exceeded your current quota.", ago)
