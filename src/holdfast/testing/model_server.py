"""A model server on this machine's loopback that speaks the wire formats of OpenAI-compatible servers, Anthropic and Gemini.

with ModelServer("Hello!") as server:
    answer = client("openai/any", endpoint=server.openai_url)

It plays a script of replies, keeps every request, and can be slow, cut the line, talk nonsense, fail or say nothing.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, Self

from msgspec import Struct

from holdfast.model import ToolCall
from holdfast.testing._model_wire import anthropic_events, failure, gemini_events, openai_chunks, whole
from holdfast.testing.scripted_model import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

Mode = Literal["ok", "slow", "garbage", "cut", "short", "hang"]
PAUSE = 0.05
_CALL = re.compile(r"call (\w+)\s*(\{.*\})?", re.DOTALL)
LIMIT = 50_000_000


class Reply(Struct, frozen=True, kw_only=True):
    """One reply of the server.

    `slow` pauses between pieces, `garbage` streams what is no JSON, `cut` breaks the connection in the middle, `short` ends
    the stream properly but without its end, `hang` says nothing more after the first piece. A `status` other than 200 is an
    error with that message, and with `retry_after` seconds where given.
    """

    answer: Answer = Answer(text="ok")
    mode: Mode = "ok"
    status: int = 200
    message: str = "the server is not well"
    retry_after: float | None = None


class Received(Struct, frozen=True, kw_only=True):
    """A request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class ModelServer:
    """A loopback server; use it as a context. Without replies, or after the last one, it says what it was asked."""

    def __init__(self, *replies: str | Answer | Reply, port: int = 0) -> None:
        """Take the script; port 0 is any free one."""
        self._replies = iter([_reply(r) for r in replies])
        self._lock = threading.Lock()
        self.received: list[Received] = []
        self.closed_early = threading.Event()
        """Set when a client hung up before the end of an answer."""
        self.stopping = threading.Event()
        self._http = _Server(("127.0.0.1", port), _Exchange)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), name="model-server")

    @property
    def url(self) -> str:
        """The server's address: that of an Anthropic server."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def openai_url(self) -> str:
        """The address of an OpenAI-compatible server."""
        return f"{self.url}/v1"

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait until every answer has ended."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def next_reply(self, request: Received) -> Reply:
        """Keep a request and return what to reply."""
        with self._lock:
            self.received.append(request)
            reply = next(self._replies, None)
        return reply or Reply(answer=_echo(request.body))


def _reply(given: str | Answer | Reply) -> Reply:
    if isinstance(given, Reply):
        return given
    return Reply(answer=Answer(text=given) if isinstance(given, str) else given)


def _echo(body: dict[str, Any]) -> Answer:
    """Say what was said; `call NAME {...}` is a call of that tool, so that a person can try tools by hand."""
    words = last_words(body)
    wanted = _CALL.fullmatch(words.strip())
    if wanted is None:
        return Answer(text=f"You said: {words}")
    number = len(body.get("messages") or ())
    return Answer(calls=(ToolCall(id=f"call_{number}", name=wanted[1], input=json.loads(wanted[2] or "{}")),))


def last_words(body: dict[str, Any]) -> str:
    """Return the text of a request's last message."""
    content = (body.get("messages") or [{}])[-1].get("content") or ""
    return (
        content
        if isinstance(content, str)
        else " ".join(str(b.get("text", "")) for b in content if isinstance(b, dict))
    )


def _dialect(path: str) -> Callable[[Answer, str], Iterator[bytes]]:
    if path.endswith("/messages"):
        return anthropic_events
    return gemini_events if "streamGenerateContent" in path else openai_chunks


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    owner: ModelServer


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(min(LIMIT, int(self.headers["Content-Length"] or 0))) or b"{}")
        request = Received(path=self.path, headers={k.lower(): v for k, v in self.headers.items()}, body=body)
        reply = self.server.owner.next_reply(request)
        anthropic = self.path.endswith("/messages")
        if reply.status != 200:
            self._answer(failure(reply.status, reply.message, anthropic=anthropic), status=reply.status, reply=reply)
        elif body.get("stream") or "streamGenerateContent" in self.path:
            self._stream(reply, _dialect(self.path)(reply.answer, str(body.get("model", "m"))))
        else:
            self._answer(whole(reply.answer, str(body.get("model", "")), anthropic=anthropic))

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": "loopback", "object": "model"}]})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""

    def _answer(self, body: dict[str, Any], *, status: int = 200, reply: Reply | None = None) -> None:
        data = json.dumps(body).encode()
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        if reply and reply.retry_after is not None:
            self.send_header("Retry-After", str(reply.retry_after))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, reply: Reply, answer: Iterator[bytes]) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            self._send(reply.mode, list(answer))
        except OSError:
            self.server.owner.closed_early.set()

    def _send(self, mode: Mode, events: list[bytes]) -> None:
        first = max(1, len(events) // 2)
        if mode == "garbage":
            events = [*events[:first], b"event: content_block_delta\ndata: {]{ this is no JSON\n\n", *events[first:]]
        elif mode in ("cut", "short", "hang"):
            events = events[:first]
        for event in events:
            self._chunk(event)
            if mode == "slow":
                self.server.owner.stopping.wait(PAUSE)
        if mode == "cut":
            self.wfile.write(b"ff\r\ndata: {")
        elif mode == "hang":
            self._hang()
        else:
            self._chunk(b"")

    def _hang(self) -> None:
        """Say nothing until the client hangs up or the server stops."""
        self.connection.settimeout(PAUSE)
        while not self.server.owner.stopping.is_set():
            try:
                if not self.connection.recv(1):
                    raise ConnectionResetError
            except TimeoutError:
                continue

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()


def main() -> None:
    """Serve until interrupted: `python -m holdfast.testing.model_server [PORT]`."""
    import sys

    with ModelServer(port=int(sys.argv[1]) if len(sys.argv) > 1 else 11435) as server:
        print(f"OPENAI_BASE_URL={server.openai_url} ANTHROPIC_BASE_URL={server.url} OLLAMA_HOST={server.url}")  # noqa: T201
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
