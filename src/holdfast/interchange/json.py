"""JSON: one readable document with every session, one message a line, and plain lists of chat messages on reading.

Knows JSON text and the shape of chat messages as model servers take them; refuses to hold a whole document in memory.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from contextlib import suppress
from typing import IO, TYPE_CHECKING, ClassVar

import msgspec

from holdfast.errors import Unreadable
from holdfast.interchange.base import (
    NO_HEADER,
    Header,
    Noun,
    assembled,
    blame,
    closing,
    encode,
    exact,
    from_readable,
    opened,
    opening,
    readable,
)
from holdfast.model import (
    Attachment,
    Json,
    Message,
    Part,
    Request,
    Session,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Transcript,
    observed_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CHUNK = 1 << 16
_OURS = re.compile(rb'\A(\xef\xbb\xbf)?\s*\{(?=.*"format"\s*:\s*"holdfast"[\s,}])(?=.*"schema_version")', re.DOTALL)
_CHAT = re.compile(
    rb'\A(\xef\xbb\xbf)?\s*(\[\s*\{|\{(.*,)?\s*"messages"\s*:\s*\[\s*\{).*"(role|content)"\s*:', re.DOTALL
)
_SPACE = re.compile(r"[ \t\r\n]*")
_HEADER_KEYS = {"schema_version", "format", "masked", "edits"}
_SEPARATORS = (", ", ": ")
_NEAR_END = 16
_ROLES = {"developer": "system", "function": "tool", "model": "assistant", "human": "user", "ai": "assistant"}
_CHAT_KEYS = frozenset({"id", "role", "content", "tool_calls", "tool_call_id", "model", "reasoning_content", "refusal"})


class JsonFormat:
    """One document for all sessions."""

    name: ClassVar[str] = "json"
    suffix: ClassVar[str] = ".json"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write the document as the transcripts come, one message at a time."""
        members = (f" {_text(key)}: {_text(value)},\n" for key, value in opening(header).items())
        stream.write("".join(["{\n", *members, ' "sessions": [']).encode())
        for number, transcript in enumerate(transcripts):
            stream.write(b",\n  " if number else b"\n  ")
            _write(transcript, stream)
        stream.write(b"\n ]\n}\n")

    def sniff(self, head: bytes) -> float:
        """Claim our documents, and lists of chat messages a little less."""
        if _OURS.match(head):
            return 1.0
        return 0.7 if _CHAT.match(head) else 0.0

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield the sessions of a document of ours, or the one conversation of a list of chat messages."""
        reader = _Reader(stream)
        if reader.peek() == "[":
            yield _chat({}, list(_chat_messages(reader)))
        else:
            yield from _document(reader)
        reader.end()

    def header(self, stream: IO[bytes]) -> Header:
        """Read the members of the document; stops at the sessions once all are known."""
        start = stream.tell()
        reader = _Reader(stream)
        members: dict[str, Json] = {}
        if reader.peek() == "{":
            for key in reader.members():
                if key == "sessions" and members.keys() >= _HEADER_KEYS:
                    break
                value = reader.value()
                members.update({key: value} if key in _HEADER_KEYS else {})
        stream.seek(start)
        with blame("the document's members"):
            return opened(members)


def _text(value: Json) -> str:
    return encode(value, separators=_SEPARATORS).decode()


def _write(transcript: Transcript, stream: IO[bytes]) -> None:
    stream.write(encode(readable(transcript.session), separators=_SEPARATORS)[:-1])
    _write_list("messages", transcript.messages, stream)
    _write_list("requests", transcript.requests, stream)
    for key, value in closing(transcript).items():
        stream.write(f",\n   {_text(key)}: {_text(value)}".encode())
    stream.write(b"}")


def _write_list(name: str, nouns: Iterable[Message | Request], stream: IO[bytes]) -> None:
    stream.write(f',\n   "{name}": ['.encode())
    for number, noun in enumerate(nouns):
        stream.write((b",\n    " if number else b"\n    ") + encode(readable(noun), separators=_SEPARATORS))
    stream.write(b"\n   ]")


def _document(reader: _Reader) -> Iterator[Transcript]:
    members: dict[str, Json] = {}
    chat: list[Message] | None = None
    found = False
    for key in reader.members():
        if key == "sessions":
            found = True
            with blame(reader.place()):
                opened(members)
            for number in reader.elements():
                yield _session(reader, f"session {number}")
        elif key == "messages":
            chat = list(_chat_messages(reader))
        else:
            members[key] = reader.value()
    if chat is not None and not found:
        yield _chat(members, chat)
    elif not found:
        raise reader.broken('expected a document with "sessions" or "messages"')


def _session(reader: _Reader, place: str) -> Transcript:
    members: dict[str, Json] = {}
    messages: list[Message] = []
    requests: list[Request] = []
    line = reader.place()
    for key in reader.members():
        if key == "messages":
            messages.extend(_nouns(reader, place, Message))
        elif key == "requests":
            requests.extend(_nouns(reader, place, Request))
        else:
            members[key] = reader.value()
    with blame(f"{line}, {place}"):
        return assembled(members, messages, requests)


def _nouns(reader: _Reader, place: str, kind: type[Noun]) -> Iterator[Noun]:
    for number in reader.elements():
        reader.peek()
        line = reader.place()
        tree = reader.value()
        with blame(f"{line}, {place}, {kind.__name__.lower()} {number}"):
            yield from_readable(tree, kind)


class _Reader:
    """Walks through a JSON text, holding only the value at hand."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(object_hook=exact)
        self._text = ""
        self._at = 0
        self._lines = 1
        self._bytes = 0
        self._ended = False

    def place(self) -> str:
        """Name where the reader stands."""
        return f"line {self._lines + self._text.count(chr(10), 0, self._at)}"

    def broken(self, problem: str) -> Unreadable:
        """Return the error that says what is wrong here."""
        cut = self._ended and self._at >= len(self._text)
        what = f"the file ends here: {problem}" if cut else problem
        return Unreadable(f"{self.place()}: {what}", "what stands before this place was read")

    def peek(self) -> str:
        """Return the next character that is no white space, without taking it; empty at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def take(self, wanted: str) -> str:
        """Take one character out of those wanted."""
        found = self.peek()
        if not found or found not in wanted:
            raise self.broken(f"expected {' or '.join(wanted)}, got {found!r}")
        self._at += 1
        return found

    def members(self) -> Iterator[str]:
        """Yield the keys of an object; the caller takes each value before it asks for the next key."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            if self.peek() != '"':
                self.take('"')
            key = self.value()
            self.take(":")
            yield key
            if self.take(",}") == "}":
                return

    def elements(self) -> Iterator[int]:
        """Yield the numbers, from 1, of a list's elements; the caller takes each before it asks for the next."""
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        number = 0
        while True:
            number += 1
            yield number
            if self.take(",]") == "]":
                return

    def value(self) -> Json:
        """Take one value."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except json.JSONDecodeError as problem:
                if not self._cut(problem):
                    self._at = min(problem.pos, len(self._text))
                    raise self.broken(problem.msg) from None
            except (ValueError, RecursionError) as problem:
                raise self.broken(str(problem)) from None
            else:
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            self._more()

    def end(self) -> None:
        """Check that nothing follows."""
        if self.peek():
            raise self.broken(f"expected the end of the file, got {self.peek()!r}")

    def _cut(self, problem: json.JSONDecodeError) -> bool:
        late = problem.pos >= len(self._text) - _NEAR_END or problem.msg.startswith("Unterminated")
        return late and not self._ended

    def _more(self) -> None:
        """Let go of what was taken, and read as much again as is held, so that a long value is decoded few times."""
        self._lines += self._text.count("\n", 0, self._at)
        rest = self._text[self._at :]
        chunk = self._stream.read(max(CHUNK, len(rest)))
        self._text, self._at, self._ended = rest, 0, not chunk
        try:
            self._text += self._utf8.decode(chunk, final=self._ended)
        except UnicodeDecodeError as problem:
            place = self._bytes + problem.start
            raise Unreadable(f"near byte {place}: expected UTF-8, {problem.reason}", "save the file as UTF-8") from None
        self._bytes += len(chunk)


def _chat_messages(reader: _Reader) -> Iterator[Message]:
    for number in reader.elements():
        reader.peek()
        line = reader.place()
        tree = reader.value()
        with blame(f"{line}, message {number}"):
            yield _chat_message(tree, number)


def _chat(members: dict[str, Json], messages: list[Message]) -> Transcript:
    """Make a session of a conversation; the same conversation is always the same session."""
    named = members.get("id") or members.get("session_id")
    native = named if isinstance(named, str) else _digest(messages)
    title = members.get("title") or members.get("name") or ""
    session = Session(
        id=observed_id("import", native),
        agent="import",
        native_id=native,
        origin="owned",
        title=title if isinstance(title, str) else "",
        models=tuple(dict.fromkeys(m.model for m in messages if m.model)),
        extra={k: v for k, v in members.items() if k not in {"id", "session_id", "title", "name"}},
    )
    return Transcript(session=session, messages=tuple(messages))


def _digest(messages: list[Message]) -> str:
    return hashlib.blake2b(encode(msgspec.to_builtins(messages)), digest_size=10).hexdigest()


def _chat_message(tree: Json, number: int) -> Message:
    if not isinstance(tree, dict) or not isinstance(tree.get("role"), str):
        raise TypeError('expected an object with "role" and "content"')
    role = _ROLES.get(tree["role"], tree["role"])
    given = tree.get("content")
    blocks = given if isinstance(given, list) else [given] if given is not None else []
    parts = [_block(b, tree) for b in blocks]
    unknown = [b for b, part in zip(blocks, parts, strict=True) if part is None]
    named = tree.get("id")
    fields = {
        "id": named if isinstance(named, str) and named else f"message-{number}",
        "role": role,
        "model": tree.get("model") or "",
        "parts": (),
        "extra": {k: v for k, v in tree.items() if k not in _CHAT_KEYS} | ({"content": unknown} if unknown else {}),
    }
    said = [*_aside(tree), *(p for p in parts if p is not None), *map(_call, tree.get("tool_calls") or ())]
    return msgspec.structs.replace(msgspec.convert(fields, Message), parts=tuple(said))


def _aside(tree: dict[str, Json]) -> Iterator[Part]:
    for key, kind in (("reasoning_content", Thinking), ("refusal", Text)):
        if isinstance(tree.get(key), str) and tree[key]:
            yield kind(tree[key])


def _block(block: Json, message: dict[str, Json]) -> Part | None:
    if isinstance(block, str):
        block = {"type": "text", "text": block}
    if not isinstance(block, dict):
        return None
    call = message.get("tool_call_id") if message["role"] in {"tool", "function"} else None
    if isinstance(block.get("text"), str) and isinstance(call, str):
        return ToolResult(call=call, text=block["text"])
    make = _BLOCKS.get(str(block.get("type")))
    return msgspec.convert(msgspec.to_builtins(make(block)), Part) if make else None


def _call(tree: Json) -> ToolCall:
    if not isinstance(tree, dict) or not isinstance(tree.get("function") or {}, dict):
        raise TypeError("expected a tool call with its function")
    function = tree.get("function") or tree
    given = function.get("arguments", function.get("input"))
    with suppress(ValueError, RecursionError):  # arguments that are no JSON are kept as their text
        given = json.loads(given, object_hook=exact) if isinstance(given, str) else given
    return msgspec.convert({"id": tree.get("id") or "", "name": function.get("name") or "", "input": given}, ToolCall)


def _image(block: dict[str, Json]) -> Attachment:
    given = block.get("image_url")
    address = given.get("url", "") if isinstance(given, dict) else given or ""
    inline = re.match(r"data:([\w.+/-]+)[;,]", address)
    return Attachment(
        media=inline[1] if inline else "image", name="" if inline else address, size=len(address) if inline else 0
    )


def _said(block: dict[str, Json]) -> Text:
    return Text(block["text"])


def _result(block: dict[str, Json]) -> ToolResult:
    given = block.get("content") or ""
    listed = given if isinstance(given, list) else [given]
    if not all(isinstance(b, str | dict) for b in listed):
        raise TypeError("expected a tool result's content as text or a list of blocks")
    text = "\n".join(b if isinstance(b, str) else str(b.get("text", "")) for b in listed)
    return ToolResult(call=block["tool_use_id"], text=text, error=bool(block.get("is_error")))


_BLOCKS: dict[str, Callable[[dict[str, Json]], Part]] = {
    "text": _said,
    "input_text": _said,
    "output_text": _said,
    "refusal": lambda block: Text(block["refusal"]),
    "thinking": lambda block: Thinking(block["thinking"]),
    "image_url": _image,
    "input_image": _image,
    "tool_use": _call,
    "tool_result": _result,
}
