"""JSON: one readable document with every session, one message a line, and plain lists of chat messages on reading.

Knows JSON text and the shape of chat messages as model servers take them; refuses to hold a whole document in memory.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import IO, TYPE_CHECKING, ClassVar

import msgspec

from holdfast.errors import BadInput
from holdfast.interchange._document import (
    Noun,
    assembled,
    closing,
    from_readable,
    opened,
    opening,
    readable,
)
from holdfast.interchange._json_reader import Reader
from holdfast.interchange._tree import encode, exact
from holdfast.interchange.base import NO_HEADER, Header, blame
from holdfast.model import Json, Message, Request, Session, Transcript, observed_id
from holdfast.model.chat import from_chat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OURS = re.compile(rb'\A(\xef\xbb\xbf)?\s*\{(?=.*"format"\s*:\s*"holdfast"[\s,}])(?=.*"schema_version")', re.DOTALL)
_CHAT = re.compile(
    rb'\A(\xef\xbb\xbf)?\s*(\[\s*\{|\{(.*,)?\s*"messages"\s*:\s*\[\s*\{).*"(role|content)"\s*:', re.DOTALL
)
_HEADER_KEYS = {"schema_version", "format", "masked", "edits"}
_SEPARATORS = (", ", ": ")


_decode = json.JSONDecoder(object_hook=exact).decode


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
        reader = Reader(stream)
        if reader.peek() == "[":
            yield _chat({}, list(_chat_messages(reader)))
        else:
            yield from _document(reader)
        reader.end()

    def header(self, stream: IO[bytes]) -> Header:
        """Read the members of the document; stops at the sessions once all are known."""
        start = stream.tell()
        reader = Reader(stream)
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


def _document(reader: Reader) -> Iterator[Transcript]:
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


def _session(reader: Reader, place: str) -> Transcript:
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


def _nouns(reader: Reader, place: str, kind: type[Noun]) -> Iterator[Noun]:
    for number in reader.elements():
        reader.peek()
        line = reader.place()
        tree = reader.value()
        with blame(f"{line}, {place}, {kind.__name__.lower()} {number}"):
            yield from_readable(tree, kind)


def _chat_messages(reader: Reader) -> Iterator[Message]:
    for number in reader.elements():
        reader.peek()
        line = reader.place()
        tree = reader.value()
        with blame(f"{line}, message {number}"):
            message = _chat_message(tree, number)
        yield message


def _chat_message(tree: Json, number: int) -> Message:
    named = tree.get("id") if isinstance(tree, dict) else None
    ident = named if isinstance(named, str) and named else f"message-{number}"
    try:
        return from_chat(tree, ident=ident, decode=_decode)
    except BadInput as problem:
        raise ValueError(problem.message) from problem


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
