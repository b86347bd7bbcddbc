"""Pens of agents whose files say only where a session ran: Gemini CLI, Qwen Code, Pi, Droid, Kiro CLI, Cursor's, Aider."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.live.labels import ERROR, LIMIT_OR_ERROR, WORKING
from tests.live.pens import Pen, Record, append
from tests.live.world import Screen, iso

if TYPE_CHECKING:
    from holdfast.model.live import BoardRow


class GeminiCli(Pen):
    """Writes Gemini CLI's log of operations and its registry of projects."""

    agent, argv, aborts = "gemini-cli", ("node", "/usr/local/lib/node_modules/@google/gemini-cli/dist/index.js"), True
    on_error, on_limit = ERROR, LIMIT_OR_ERROR

    @property
    def path(self) -> Path:
        if not hasattr(self, "_path"):
            home = self.world.home / ".gemini"
            registry = home / "projects.json"
            known = json.loads(registry.read_text())["projects"] if registry.exists() else {}
            slug = known.setdefault(str(self.cwd), f"{self.cwd.name}-{len(known)}")
            home.mkdir(parents=True, exist_ok=True)
            registry.write_text(json.dumps({"projects": known}))
            chats = home / "tmp" / slug / "chats"
            chats.mkdir(parents=True, exist_ok=True)
            (chats.parent / ".project_root").write_text(str(self.cwd))
            self._path = chats / f"session-2026-01-05T10-{self.number % 60:02d}-{self.native[-8:]}.jsonl"
        return self._path

    def put(self, kind: str, ago: float, *, key: str = "", **more: Any) -> str:
        path = self.path
        if self.count() == 1:
            facts = {"sessionId": self.native, "projectHash": "c0ffee", "startTime": iso(self.at(ago)), "kind": "main"}
            append(path, facts | {"lastUpdated": iso(self.at(ago))}, at=self.at(ago))
        key = key or f"{self.number:08x}-{self._count}"
        message = {"id": key, "timestamp": iso(self.at(ago)), "type": kind, **more}
        append(path, message, {"$set": {"lastUpdated": iso(self.at(ago))}}, at=self.at(ago))
        return key

    def prompt(self, ago: float = 5) -> None:
        self.put("user", ago, content=[{"text": "List the files"}])

    def answer(self, text: str, ago: float, **more: Any) -> str:
        tokens = {"input": 1000, "output": 20, "cached": 0, "thoughts": 0, "tool": 0, "total": 1020}
        return self.put("gemini", ago, content=text, thoughts=[], tokens=tokens, model="gemini-3.5-flash", **more)

    def call(self, ago: float = 4) -> None:
        self.last = self.answer("", ago)

    def result(self, ago: float = 3) -> None:
        given = {
            "functionResponse": {"id": "shell__1", "name": "run_shell_command", "response": {"output": "Makefile"}}
        }
        call = {"id": "shell__1", "name": "run_shell_command", "args": {"command": "ls"}, "result": [given]}
        self.answer("", ago, key=self.last, toolCalls=[call | {"status": "success", "timestamp": iso(self.at(ago))}])
        self.put("user", ago, content=[given])

    def finish(self, ago: float = 2) -> None:
        self.answer("There is a Makefile.", ago)

    def fail(self, ago: float = 2) -> None:
        self.put(
            "error", ago, content='[API Error: {"error":{"code":400,"message":"failed","status":"INVALID_ARGUMENT"}}]'
        )
        self.put("info", ago, content="This request failed. Press F12 for diagnostics.")

    def limit(self, ago: float = 2) -> None:
        self.put(
            "error", ago, content='[API Error: {"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}]'
        )

    def abort(self, ago: float = 2) -> None:
        self.put("info", ago, content="Request cancelled.")


class QwenCode(Pen):
    """Writes Qwen Code's transcript."""

    agent, argv = "qwen-code", ("node", "/usr/local/bin/qwen")

    @property
    def path(self) -> Path:
        slug = "".join(c if c.isalnum() else "-" for c in str(self.cwd))
        return self.world.home / ".qwen" / "projects" / slug / "chats" / f"{self.native}.jsonl"

    def write(self, kind: str, ago: float, role: str, *parts: Record, **more: Any) -> None:
        number = self.count()
        above = f"{self.number:08x}-0000-4000-8000-{number - 1:012d}" if number > 1 else None
        known = {
            "uuid": f"{self.number:08x}-0000-4000-8000-{number:012d}",
            "parentUuid": above,
            "sessionId": self.native,
        }
        known |= {
            "timestamp": iso(self.at(ago)),
            "type": kind,
            "cwd": str(self.cwd),
            "version": "0.15.0",
            "gitBranch": "main",
        }
        append(self.path, known | {"message": {"role": role, "parts": list(parts)}} | more, at=self.at(ago))

    def answer(self, ago: float, *parts: Record) -> None:
        usage = {
            "promptTokenCount": 1000,
            "cachedContentTokenCount": 600,
            "candidatesTokenCount": 50,
            "totalTokenCount": 1050,
        }
        more = {"model": "qwen3.5-plus", "contextWindowSize": 1000000, "usageMetadata": usage}
        self.write("assistant", ago, "model", *parts, **more)

    def prompt(self, ago: float = 5) -> None:
        self.write("user", ago, "user", {"text": "Run the tests"})

    def call(self, ago: float = 4) -> None:
        self.answer(
            ago, {"functionCall": {"id": "call_1", "name": "run_shell_command", "args": {"command": "make test"}}}
        )

    def result(self, ago: float = 3) -> None:
        given = {"functionResponse": {"id": "call_1", "name": "run_shell_command", "response": {"output": "ok"}}}
        done = {"callId": "call_1", "status": "success", "resultDisplay": "shown"}
        self.write("tool_result", ago, "user", given, toolCallResult=done)

    def finish(self, ago: float = 2) -> None:
        self.answer(ago, {"text": "All pass."})


class Pi(Pen):
    """Writes Pi's tree of entries. Pi asks for no permission."""

    agent, argv, aborts = "pi", ("pi",), True
    open_call, on_error, on_limit = WORKING, ERROR, LIMIT_OR_ERROR

    @property
    def path(self) -> Path:
        slug = f"--{str(self.cwd).strip('/').replace('/', '-')}--"
        return self.world.home / ".pi" / "agent" / "sessions" / slug / f"2026-01-05T10-00-00-000Z_{self.native}.jsonl"

    def write(self, ago: float, **message: Any) -> None:
        number, at = self.count(), self.at(ago)
        if number == 1:
            head = {"type": "session", "version": 3, "id": self.native, "timestamp": iso(at), "cwd": str(self.cwd)}
            append(self.path, head, at=at)
        above = f"{number - 1:08x}" if number > 1 else None
        entry = {"type": "message", "id": f"{number:08x}", "parentId": above, "timestamp": iso(at)}
        append(self.path, entry | {"message": message | {"timestamp": int(at * 1000)}}, at=at)

    def answer(self, ago: float, stop: str, *content: Record, **more: Any) -> None:
        cost = {"input": 0.001, "output": 0.002, "total": 0.003}
        usage = {"input": 100, "output": 20, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 120, "cost": cost}
        model = {"api": "anthropic-messages", "provider": "anthropic", "model": "claude-sonnet-4-5", "usage": usage}
        self.write(ago, role="assistant", content=list(content), stopReason=stop, **model, **more)

    def prompt(self, ago: float = 5) -> None:
        self.write(ago, role="user", content=[{"type": "text", "text": "Why does the build fail?"}])

    def call(self, ago: float = 4) -> None:
        self.answer(
            ago, "toolUse", {"type": "toolCall", "id": "call_1", "name": "bash", "arguments": {"command": "make"}}
        )

    def result(self, ago: float = 3) -> None:
        text = [{"type": "text", "text": "ok"}]
        self.write(ago, role="toolResult", content=text, toolCallId="call_1", toolName="bash", isError=False)

    def finish(self, ago: float = 2) -> None:
        self.answer(ago, "stop", {"type": "text", "text": "It builds."})

    def fail(self, ago: float = 2) -> None:
        self.answer(ago, "error", errorMessage='{"detail":"The model is not supported."}')

    def limit(self, ago: float = 2) -> None:
        self.answer(ago, "error", errorMessage="429 Too Many Requests: rate limit reached")

    def abort(self, ago: float = 2) -> None:
        self.answer(ago, "aborted", errorMessage="Request was aborted.")


class FactoryDroid(Pen):
    """Writes Droid's transcript."""

    agent, argv = "factory-droid", ("droid",)
    on_error = ERROR

    @property
    def path(self) -> Path:
        slug = str(self.cwd).replace("/", "-")
        return self.world.home / ".factory" / "sessions" / slug / f"{self.native}.jsonl"

    def write(self, ago: float, role: str, *content: Record, **more: Any) -> None:
        number = self.count()
        if number == 1:
            head = {"type": "session_start", "id": self.native, "title": "New Session", "owner": "ada", "version": 2}
            append(self.path, head | {"cwd": str(self.cwd)}, at=self.at(ago))
        found = {"type": "message", "id": f"m{number}", "timestamp": iso(self.at(ago)), **more}
        found |= {"message": {"role": role, "content": list(content)}} | (
            {"parentId": f"m{number - 1}"} if number > 1 else {}
        )
        append(self.path, found, at=self.at(ago))

    def prompt(self, ago: float = 5) -> None:
        self.turn = f"m{self._count + 1}"
        self.write(ago, "user", {"type": "text", "text": "Mend the build"})

    def call(self, ago: float = 4) -> None:
        use = {"type": "tool_use", "id": "call_1", "name": "Execute", "input": {"command": "make"}}
        self.write(ago, "assistant", use, modelId="claude-opus-5")

    def result(self, ago: float = 3) -> None:
        self.write(ago, "user", {"type": "tool_result", "tool_use_id": "call_1", "content": "ok", "is_error": False})

    def outcome(self, reason: str, ago: float) -> None:
        append(self.path, {"type": "agent_turn_outcome", "turnId": self.turn, "reason": reason}, at=self.at(ago))

    def finish(self, ago: float = 2) -> None:
        self.write(ago, "assistant", {"type": "text", "text": "It builds."}, modelId="claude-opus-5")
        self.outcome("completed", ago)

    def fail(self, ago: float = 2) -> None:
        self.outcome("error", ago)


class KiroCli(Pen):
    """Writes Kiro CLI's second store: lines, their sidecar, and a lock while it runs."""

    agent, argv = "kiro-cli", ("kiro-cli", "chat")

    @property
    def folder(self) -> Path:
        return self.world.home / ".kiro" / "sessions" / "cli"

    def tie(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{self.native}.lock").write_text(json.dumps({"pid": self.pid}), encoding="utf-8")

    def write(self, ago: float, kind: str, *content: Record, **more: Any) -> None:
        at, number = self.at(ago), self.count()
        data: Record = {"message_id": f"m-{number}", "content": list(content), **more}
        if kind == "Prompt":
            data["meta"] = {"timestamp": int(at)}
        append(self.folder / f"{self.native}.jsonl", {"version": "v1", "kind": kind, "data": data}, at=at)
        self.side(at)

    def side(self, at: float) -> None:
        """Write the sidecar, which alone says where the session ran."""
        side = {"session_id": self.native, "cwd": str(self.cwd), "created_at": iso(at), "updated_at": iso(at)}
        side |= {"title": "Fix the build", "session_created_reason": "user"}
        path = self.folder / f"{self.native}.json"
        path.write_text(json.dumps(side), encoding="utf-8")
        os.utime(path, (at, at))

    def prompt(self, ago: float = 5) -> None:
        self.write(ago, "Prompt", {"kind": "text", "data": "Why does the build fail?"})

    def call(self, ago: float = 4) -> None:
        use = {"kind": "toolUse", "data": {"toolUseId": "use-1", "name": "shell", "input": {"command": "make"}}}
        self.write(ago, "AssistantMessage", {"kind": "text", "data": ""}, use)

    def result(self, ago: float = 3) -> None:
        ran = {"toolUseId": "use-1", "content": [{"kind": "json", "data": {"stdout": "ok"}}], "status": "success"}
        self.write(ago, "ToolResults", {"kind": "toolResult", "data": ran}, results={})

    def finish(self, ago: float = 2) -> None:
        self.write(ago, "AssistantMessage", {"kind": "text", "data": "It builds."})


class CursorCli(Pen):
    """Writes the transcript of Cursor's command line, which has no times."""

    agent, argv, aborts = "cursor", ("cursor-agent",), True
    on_error = ERROR

    @property
    def path(self) -> Path:
        slug = "".join(c if c.isalnum() else "-" for c in str(self.cwd).strip("/"))
        folder = self.world.home / ".cursor" / "projects" / slug / "agent-transcripts" / self.native
        return folder / f"{self.native}.jsonl"

    def write(self, ago: float, role: str, *content: Record) -> None:
        append(self.path, {"role": role, "message": {"content": list(content)}}, at=self.at(ago))

    def prompt(self, ago: float = 5) -> None:
        self.write(ago, "user", {"type": "text", "text": "<user_query>\nFix the login\n</user_query>"})

    def call(self, ago: float = 4) -> None:
        use = {"type": "tool_use", "name": "Shell", "input": {"command": "make"}}
        self.write(ago, "assistant", {"type": "text", "text": "I look."}, use)

    def result(self, ago: float = 3) -> None:
        self.write(ago, "user", {"type": "tool_result", "content": "ok"})

    def turn_ended(self, status: str, ago: float) -> None:
        append(self.path, {"type": "turn_ended", "status": status}, at=self.at(ago))

    def finish(self, ago: float = 2) -> None:
        self.write(ago, "assistant", {"type": "text", "text": "Done."})
        self.turn_ended("success", ago)

    def fail(self, ago: float = 2) -> None:
        append(self.path, {"type": "error", "message": "Connection lost"}, at=self.at(ago))
        self.turn_ended("error", ago)

    def abort(self, ago: float = 2) -> None:
        self.turn_ended("aborted", ago)


class Aider(Pen):
    """Writes Aider's history of a repository. It notes no calls, and asks on the screen only."""

    agent, argv, calls = "aider", ("python3", "/usr/local/bin/aider", "--no-auto-commits"), False
    on_error, on_limit = ERROR, LIMIT_OR_ERROR

    def add(self, text: str, ago: float) -> None:
        path = self.cwd / ".aider.chat.history.md"
        (self.cwd / ".git").mkdir(exist_ok=True)
        if self.count() == 1:
            stamp = datetime.fromtimestamp(self.at(ago + 3), UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
            text = f"\n# aider chat started at {stamp}\n\n> /usr/local/bin/aider --no-auto-commits  \n> Aider v0.86.2  \n{text}"
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
        os.utime(path, (self.at(ago), self.at(ago)))

    def row(self, screen: Screen) -> BoardRow | None:
        return screen.directory(self.agent, self.cwd)

    def prompt(self, ago: float = 5) -> None:
        self.add("\n#### Mend the build  \n", ago)

    def finish(self, ago: float = 2) -> None:
        self.add("\nIt builds.\n\n> Tokens: 2.5k sent, 1 received. Cost: $0.00013 message, $0.00025 session.  \n", ago)

    def fail(self, ago: float = 2) -> None:
        self.add("> litellm.BadRequestError: OpenAIException - model not found.  \n", ago)

    def limit(self, ago: float = 2) -> None:
        self.add("> litellm.RateLimitError: OpenAIException - You exceeded your current quota.  \n", ago)
