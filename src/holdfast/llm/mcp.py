"""Tools of MCP servers that run as commands and speak over their standard input and output, as an `mcp.json` lists them.

Speaks the few messages that tools need (JSON-RPC, one per line); refuses prompts, resources and servers behind an address.
A server's descriptions and results are data of strangers: they are shown to the model and never followed here.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from msgspec import Struct, field

from holdfast.errors import BadInput, NotFound, Unavailable, Unreadable
from holdfast.llm.tools import Tool, schema_tool
from holdfast.model import Json, ToolResult

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "2025-06-18"
PATIENCE = 30.0
"""Seconds a server may take to start, and to list its tools."""
CALL_PATIENCE = 300.0
GRACE = 2.0
INHERITED = (
    "HOME",
    "PATH",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "SHELL",
    "TERM",
    "TMPDIR",
    "USER",
    "SYSTEMROOT",
    "APPDATA",
    "TEMP",
)
"""What of our environment a server gets besides its own settings; keys are not among it."""
TAIL = 500
UNKNOWN_METHOD = -32601


class ServerCommand(Struct, frozen=True, kw_only=True):
    """One server of an `mcp.json`: the command that starts it."""

    name: str
    command: str
    args: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    cwd: str | None = None


def read_servers(path: Path) -> tuple[ServerCommand, ...]:
    """Return the servers of an `mcp.json`; errors.NotFound, Unreadable or BadInput say what is wrong with it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"no file {path}", 'write {"mcpServers": {"NAME": {"command": ..., "args": [...]}}}') from error
    except ValueError as error:
        raise Unreadable(f"{path} is no JSON: {error}") from error
    return servers_of(found)


def servers_of(found: Json) -> tuple[ServerCommand, ...]:
    """Return the servers of a decoded `mcp.json`, without those that are switched off."""
    listed = found.get("mcpServers", found.get("servers")) if isinstance(found, dict) else None
    if not isinstance(listed, dict):
        raise BadInput(
            "there are no mcpServers in it", 'write {"mcpServers": {"NAME": {"command": ..., "args": [...]}}}'
        )
    return tuple(_server(n, s) for n, s in listed.items() if not (isinstance(s, dict) and s.get("disabled")))


def _server(name: str, given: Json) -> ServerCommand:
    if not isinstance(given, dict) or not isinstance(given.get("command"), str):
        raise BadInput(
            f"the MCP server {name!r} has no command",
            "servers behind an address are not supported: start it by a command",
        )
    return ServerCommand(
        name=name,
        command=given["command"],
        args=tuple(str(a) for a in given.get("args") or ()),
        env={str(k): os.path.expandvars(str(v)) for k, v in (given.get("env") or {}).items()},
        cwd=given.get("cwd"),
    )


class ToolServer:
    """A running server. Close it, or its process stays."""

    def __init__(self, server: ServerCommand) -> None:
        """Take the command; nothing is started yet."""
        self.server = server
        self._ids = count(1)
        self._waiting: dict[int, Future[dict[str, Json]]] = {}
        self._over = False
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._log: IO[bytes] | None = None

    def start(self) -> tuple[Tool, ...]:
        """Start the server and return its tools; errors.Unavailable says why it did not start."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the server
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the command that the person wrote into the file
                [self.server.command, *self.server.args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                cwd=self.server.cwd,
                env={k: v for k in INHERITED if (v := os.environ.get(k))} | self.server.env,
            )
        except OSError as error:
            self.close()
            raise Unavailable(
                f"the MCP server {self.server.name!r} did not start: {error}", f"check {self.server.command!r}"
            ) from error
        self._reader = threading.Thread(target=self._read, name=f"mcp-{self.server.name}", daemon=True)
        self._reader.start()
        about = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "holdfast", "version": "1"}}
        self._ask("initialize", about, PATIENCE)
        self._send({"method": "notifications/initialized"})
        return tuple(self._tool(t) for t in self._listed())

    def close(self) -> None:
        """Stop the server, by force if it does not go by itself; safe to call twice."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin,):
                with suppress(OSError):
                    _open(pipe).close()
            _end(process)
            if self._reader is not None:
                self._reader.join()
            _open(process.stdout).close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def call(self, name: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Call a tool; a failure of the tool is a result that says so."""
        answer = self._ask("tools/call", {"name": name, "arguments": dict(arguments)}, CALL_PATIENCE)
        return ToolResult(call="", text=_text(answer), error=answer.get("isError") is True)

    def _tool(self, listed: dict[str, Json]) -> Tool:
        name = str(listed.get("name") or "")
        return schema_tool(listed, lambda **given: self.call(name, given), waits=True)

    def _listed(self) -> list[dict[str, Json]]:
        found: list[dict[str, Json]] = []
        cursor: Json = None
        while True:
            page = self._ask("tools/list", {"cursor": cursor} if cursor else {}, PATIENCE)
            found += [t for t in page.get("tools") or () if isinstance(t, dict)]
            cursor = page.get("nextCursor")
            if not cursor:
                return found

    def _ask(self, method: str, parameters: dict[str, Json], patience: float) -> dict[str, Json]:
        number, answer = next(self._ids), Future[dict[str, Json]]()
        with self._lock:
            if self._over:
                raise self._gone()
            self._waiting[number] = answer
        self._send({"id": number, "method": method, "params": parameters})
        try:
            found = answer.result(patience)
        except TooLate as error:
            raise Unavailable(
                f"the MCP server {self.server.name!r} said nothing in {patience:.0f} s{self._tail()}"
            ) from error
        finally:
            with self._lock:
                self._waiting.pop(number, None)
        if "error" in found:
            raise Unavailable(f"the MCP server {self.server.name!r} refused {method}: {_reason(found['error'])}")
        result = found.get("result")
        return result if isinstance(result, dict) else {}

    def _send(self, message: dict[str, Json]) -> None:
        process = self._process
        if process is None:
            raise Unavailable(f"the MCP server {self.server.name!r} is not running", "add it again with add_mcp_server")
        line = json.dumps({"jsonrpc": "2.0", **message}, ensure_ascii=False).encode() + b"\n"
        try:
            with self._lock:
                _open(process.stdin).write(line)
                _open(process.stdin).flush()
        except OSError as error:
            raise self._gone() from error

    def _read(self) -> None:
        """Hand each answer to who waits for it; whoever still waits at the end is told that the server is gone."""
        process = self._process
        for line in _open(process.stdout if process else None):
            with suppress(ValueError):  # a server that prints something else to its output
                message = json.loads(line)
                if isinstance(message, dict):
                    self._take(message)
        with self._lock:
            left, self._waiting, self._over = list(self._waiting.values()), {}, True
        for answer in left:
            answer.set_exception(self._gone())

    def _take(self, message: dict[str, Json]) -> None:
        if "method" in message:
            if "id" in message:
                self._reply(message)
            return
        with self._lock:
            answer = self._waiting.pop(message.get("id", 0), None)
        if answer is not None:
            answer.set_result(message)

    def _reply(self, asked: dict[str, Json]) -> None:
        """Answer what a server asks of us: whether we are there; we do nothing else for it."""
        refusal = {"error": {"code": UNKNOWN_METHOD, "message": "not supported"}}
        with suppress(Unavailable):
            self._send({"id": asked["id"], **({"result": {}} if asked["method"] == "ping" else refusal)})

    def _gone(self) -> Unavailable:
        return Unavailable(
            f"the MCP server {self.server.name!r} has ended{self._tail()}", "add it again with add_mcp_server"
        )

    def _tail(self) -> str:
        """Return the last thing the server said on its error output."""
        if self._log is None or self._log.closed:
            return ""
        with suppress(OSError, ValueError):
            size = self._log.seek(0, os.SEEK_END)
            self._log.seek(max(0, size - TAIL))
            said = " ".join(self._log.read().decode("utf-8", "replace").split())
            return f": {said}" if said else ""
        return ""


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise BrokenPipeError
    return pipe


def _end(process: subprocess.Popen[Any]) -> None:
    for stop in (None, process.terminate, process.kill):
        if stop is not None:
            stop()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            return


def _text(answer: dict[str, Json]) -> str:
    blocks = [b for b in answer.get("content") or () if isinstance(b, dict)]
    said = [str(b.get("text", "")) if b.get("type") == "text" else f"[{b.get('type')}]" for b in blocks]
    if said or "structuredContent" not in answer:
        return "\n".join(said)
    return json.dumps(answer["structuredContent"], ensure_ascii=False)


def _reason(error: Json) -> str:
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)
