"""Pens of agents that keep their sessions in one database: OpenCode in both generations of its tables, and Goose."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import apsw

from tests.contracts.samples import goose as goose_home
from tests.contracts.samples import opencode as opencode_home
from tests.live.labels import ERROR, LIMIT_OR_ERROR
from tests.live.pens import Pen, Record

if TYPE_CHECKING:
    from pathlib import Path


def put(path: Path, schema: str, at: float, *rows: tuple[str, Record]) -> None:
    """Insert or replace rows in one transaction, creating the database with its first."""
    fresh = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    try:
        if fresh:
            db.execute(schema)
        with db:
            for table, values in rows:
                marks = ", ".join("?" * len(values))
                db.execute(
                    f"INSERT OR REPLACE INTO {table}({', '.join(values)}) VALUES ({marks})", tuple(values.values())
                )
    finally:
        db.close()
    os.utime(path, (at, at))


class OpenCode(Pen):
    """Writes OpenCode's first tables."""

    agent, argv, aborts = "opencode", ("opencode",), True
    on_error, on_limit = ERROR, LIMIT_OR_ERROR
    parent: str | None = None
    table = "session"

    def name(self) -> str:
        return f"ses_live{self.number:05d}"

    @property
    def path(self) -> Path:
        return self.world.home / ".local" / "share" / "opencode" / "opencode.db"

    def ms(self, ago: float) -> int:
        return int(self.at(ago) * 1000)

    def put(self, ago: float, *rows: tuple[str, Record]) -> None:
        at = self.ms(ago)
        self._began = getattr(self, "_began", at)
        head: Record = {
            "id": self.native,
            "project_id": "p",
            "parent_id": self.parent,
            "slug": "s",
            "directory": str(self.cwd),
        }
        head |= {"title": "Fix the build", "version": "1.18.0", "time_created": self._began, "time_updated": at}
        put(self.path, opencode_home.SCHEMA + opencode_home.SCHEMA_V2, self.at(ago), (self.table, head), *rows)

    def message(self, ago: float, role: str, *, key: str = "", done: bool = False, **more: Any) -> tuple[str, Record]:
        self.key = key or f"msg_{self.native}{self.count():03d}"
        if not key:
            self.created = self.ms(ago)
        time = {"created": self.created} | ({"completed": self.ms(ago)} if done else {})
        model = {"modelID": "kimi-k3", "providerID": "moonshot", "cost": 0.0, "tokens": opencode_home.tokens(100, 20)}
        data = {"role": role, "time": time, **(model if role == "assistant" else {}), **more}
        times = {"time_created": self.created, "time_updated": self.ms(ago)}
        return "message", {"id": self.key, "session_id": self.native, **times, "data": json.dumps(data)}

    def part(self, ago: float, place: int, **data: Any) -> tuple[str, Record]:
        key = f"prt_{self.key}{place}"
        times = {"time_created": self.ms(ago), "time_updated": self.ms(ago)}
        return "part", {"id": key, "message_id": self.key, "session_id": self.native, **times, "data": json.dumps(data)}

    def tool(self, ago: float, **state: Any) -> tuple[str, Record]:
        state = {"input": {"command": "make"}, **state}
        return self.part(ago, 1, type="tool", tool="bash", callID="call_1", state=state)

    def prompt(self, ago: float = 5) -> None:
        self.put(ago, self.message(ago, "user"), self.part(ago, 0, type="text", text="Why does the build fail?"))

    def call(self, ago: float = 4) -> None:
        start = self.message(ago, "assistant"), self.part(ago, 0, type="step-start")
        self.put(ago, *start, self.tool(ago, status="running", time={"start": self.ms(ago)}))

    def result(self, ago: float = 3) -> None:
        times = {"start": self.created, "end": self.ms(ago)}
        ran = self.tool(ago, status="completed", output="ok", metadata={"exit": 0}, title="make", time=times)
        ended = self.part(ago, 2, type="step-finish", reason="tool-calls", cost=0, tokens=opencode_home.tokens(100, 20))
        self.put(ago, ran, ended, self.message(ago, "assistant", key=self.key, done=True, finish="tool-calls"))

    def finish(self, ago: float = 2) -> None:
        said = self.message(ago, "assistant", done=True, finish="stop")
        ended = self.part(ago, 2, type="step-finish", reason="stop", cost=0, tokens=opencode_home.tokens(100, 20))
        self.put(ago, said, self.part(ago, 0, type="text", text="It builds."), ended)

    def _broken(self, ago: float, name: str, **data: Any) -> None:
        self.put(ago, self.message(ago, "assistant", done=True, error={"name": name, "data": data}))

    def fail(self, ago: float = 2) -> None:
        self._broken(ago, "APIError", message="Bad gateway", statusCode=502, isRetryable=False)

    def limit(self, ago: float = 2) -> None:
        self._broken(ago, "APIError", message="Rate limit exceeded", statusCode=429, isRetryable=False)

    def abort(self, ago: float = 2) -> None:
        self._broken(ago, "MessageAbortedError", message="Aborted")


class OpenCodeTwo(OpenCode):
    """Writes OpenCode's tables of 2.0."""

    table = "session_v2"
    model: ClassVar[Record] = {"id": "kimi-k3", "providerID": "moonshot"}

    def record(self, ago: float, kind: str, *, key: str = "", done: bool = True, **data: Any) -> None:
        if not key:
            self.key, self.created, self.seq = f"evt_{self.native}{self.count():03d}", self.ms(ago), self._count
        time = {"created": self.created} | ({"completed": self.ms(ago)} if done and kind == "assistant" else {})
        row = {"id": self.key, "session_id": self.native, "type": kind, "seq": self.seq, "time_created": self.created}
        row |= {"time_updated": self.ms(ago), "data": json.dumps({"time": time, **data})}
        self.put(ago, ("session_message", row))

    def said(self, ago: float, *content: Record, **more: Any) -> None:
        tokens = opencode_home.tokens(100, 20)
        self.record(
            ago, "assistant", agent="build", model=self.model, content=list(content), tokens=tokens, cost=0.01, **more
        )

    def step(self, ago: float, status: str, **more: Any) -> None:
        state = {"status": status, "input": {"command": "make"}, "content": [], "metadata": {}}
        tool = {"type": "tool", "id": "call_1", "name": "bash", "state": state, "time": {"created": self.ms(ago)}}
        self.said(ago, tool, **more)

    def prompt(self, ago: float = 5) -> None:
        self.record(ago, "user", text="Why does the build fail?")

    def call(self, ago: float = 4) -> None:
        self.step(ago, "running", done=False)

    def result(self, ago: float = 3) -> None:
        self.step(ago, "completed", key=self.key, finish="tool-calls")

    def finish(self, ago: float = 2) -> None:
        self.said(ago, {"type": "text", "text": "It builds."}, finish="stop")
        self.record(ago, "idle", outcome="succeeded")

    def fail(self, ago: float = 2) -> None:
        self.said(ago, error={"type": "provider", "message": "Bad gateway"})
        self.record(ago, "idle", outcome="failed")

    def limit(self, ago: float = 2) -> None:
        self.said(ago, error={"type": "provider", "message": "429 Rate limit exceeded"})
        self.record(ago, "idle", outcome="failed")

    def abort(self, ago: float = 2) -> None:
        self.record(ago, "idle", outcome="interrupted")


class Goose(Pen):
    """Writes Goose's messages, each once it is whole."""

    agent, argv = "goose", ("goose", "session")

    def name(self) -> str:
        return f"20260105_{self.number}"

    def put(self, ago: float, role: str, *content: Record) -> None:
        at = self.at(ago)
        self._began = getattr(self, "_began", at)
        config = json.dumps({"model_name": "claude-sonnet-4-5", "context_limit": 200_000})
        head = {"id": self.native, "name": "Fix the build", "working_dir": str(self.cwd), "provider_name": "anthropic"}
        head |= {"created_at": _sql(self._began), "updated_at": _sql(at), "model_config_json": config}
        row: Record = {"message_id": f"m{self.number}_{self.count()}", "session_id": self.native, "role": role}
        row |= {"content_json": json.dumps(list(content)), "created_timestamp": int(at), "timestamp": _sql(at)}
        row |= {"metadata_json": json.dumps(goose_home.VISIBLE)}
        path = self.world.home / ".local" / "share" / "goose" / "sessions" / "sessions.db"
        put(path, goose_home.SCHEMA, at, ("sessions", head), ("messages", row))

    def prompt(self, ago: float = 5) -> None:
        self.put(ago, "user", goose_home.text("Why does the build fail?"))

    def call(self, ago: float = 4) -> None:
        self.put(ago, "assistant", goose_home.call("c1", "developer__shell", command="make"))

    def result(self, ago: float = 3) -> None:
        self.put(ago, "user", goose_home.result("c1", goose_home.text("ok")))

    def finish(self, ago: float = 2) -> None:
        self.put(ago, "assistant", goose_home.text("It builds."))


def _sql(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")
