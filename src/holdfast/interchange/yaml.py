"""YAML: the structure of the JSON document, laid out for reading and editing by hand.

Knows the part of YAML on which versions 1.1 and 1.2 agree, and writes nothing else. Reads events only, so that no tag
can build an object; refuses aliases and tags.
"""

from __future__ import annotations

import json
import re
from typing import IO, TYPE_CHECKING, Any, ClassVar

import yaml

from holdfast.errors import Unreadable
from holdfast.interchange._document import Noun, assembled, closing, from_readable, opened, opening, readable
from holdfast.interchange._tree import MARK, exact, plain
from holdfast.interchange.base import NO_HEADER, Header, blame
from holdfast.model import Json, Message, Request, Transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OURS = re.compile(rb"""^format: ["']?holdfast["']?\s*$""", re.MULTILINE)
_VERSION = re.compile(rb"^schema_version: ", re.MULTILINE)
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_KEY_LIMIT = 200
_DEEPEST = 400
# What a block may not hold: controls, breaks other than line feed, what readers refuse, space that editors strip.
_NO_BLOCK = re.compile(
    "[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[ ]$", re.MULTILINE
)
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, Json] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
    ".inf": float("inf"), "+.inf": float("inf"), "-.inf": float("-inf"),
}  # fmt: skip
_HEADER_KEYS = {"schema_version", "format", "masked", "edits"}
_STRING = "tag:yaml.org,2002:str"


class YamlFormat:
    """One document for all sessions; its last line `complete: true` tells that nothing was cut off."""

    name: ClassVar[str] = "yaml"
    suffix: ClassVar[str] = ".yaml"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write the document as the transcripts come, one message at a time."""
        stream.write("".join(_members(plain(opening(header)), "")).encode())
        empty = True
        for transcript in transcripts:
            stream.write(b"sessions:\n" if empty else b"")
            _write(transcript, stream)
            empty = False
        stream.write((b"sessions: []\n" if empty else b"") + b"complete: true\n")

    def sniff(self, head: bytes) -> float:
        """Claim block YAML with our two first keys."""
        if head.lstrip().startswith((b"{", b"[", b"---\n")):
            return 0.0
        return 1.0 if _OURS.search(head) and _VERSION.search(head) else 0.0

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield the sessions; the last one only once it is known that the file was not cut inside it."""
        reader = _Reader(stream)
        members: dict[str, Json] = {}
        last: Transcript | None = None
        found = False
        for key in reader.document():
            if key != "sessions":
                members[key] = reader.value(reader.next())
                continue
            found = True
            with blame(reader.place()):
                opened(members)
            for number, event in enumerate(reader.elements(), 1):
                if last is not None:
                    yield last
                last = None  # of a session cut short nothing is kept
                last = _session(reader, event, f"session {number}")
        if not found or members.get("complete") is not True:
            what = "`complete: true` at the end (was the file cut?)" if found else "`sessions:`"
            raise Unreadable(f"{reader.place()}: expected {what}", "every session but the last was read")
        if last is not None:
            yield last

    def header(self, stream: IO[bytes]) -> Header:
        """Read the members of the document; stops at the sessions once all are known."""
        start = stream.tell()
        reader = _Reader(stream)
        members: dict[str, Json] = {}
        for key in reader.document():
            if key == "sessions" and members.keys() >= _HEADER_KEYS:
                break
            value = reader.value(reader.next())
            members.update({key: value} if key in _HEADER_KEYS else {})
        stream.seek(start)
        with blame("the document's members"):
            return opened(members)


def _write(transcript: Transcript, stream: IO[bytes]) -> None:
    stream.write(_item(readable(transcript.session), "  "))
    for name, nouns in (("messages", transcript.messages), ("requests", transcript.requests)):
        stream.write(f"    {name}:{'' if nouns else ' []'}\n".encode())
        for noun in nouns:
            stream.write(_item(readable(noun), "      "))
    stream.write("".join(_members(plain(closing(transcript)), "    ")).encode())


def _item(tree: Json, indent: str) -> bytes:
    return "".join(_elements([plain(tree)], indent)).encode()


def _members(tree: dict[str, Json], indent: str) -> Iterator[str]:
    for key, value in tree.items():
        yield f"{indent}{_key(key)}:"
        yield from _value(value, indent)


def _elements(values: list[Json], indent: str) -> Iterator[str]:
    for value in values:
        nested = _fitting(value)
        if isinstance(nested, dict) and nested:
            first, *others = _members(nested, f"{indent}  ")
            yield f"{indent}- {first.removeprefix(indent + '  ')}"
            yield from others
        else:
            yield f"{indent}-"
            yield from _value(nested, indent)


def _value(given: Json, indent: str) -> Iterator[str]:
    """Yield what stands after `key:` or `-`, line end included."""
    value = _fitting(given)
    if isinstance(value, dict | list) and value:
        yield "\n"
        inner = f"{indent}  "
        yield from _members(value, inner) if isinstance(value, dict) else _elements(value, inner)
    elif isinstance(value, str):
        yield _text(value, f"{indent}  ")
    elif isinstance(value, float):
        digits = repr(value)
        yield f" {digits if '.' in digits else digits.replace('e', '.0e')}\n"
    else:
        yield f" {json.dumps(value)}\n"


def _fitting(value: Json) -> Json:
    """Write an object with keys longer than YAML allows as pairs."""
    if isinstance(value, dict) and any(len(k) > _KEY_LIMIT for k in value):
        return {MARK: "object", "value": [list(pair) for pair in value.items()]}
    return value


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) and key.lower() not in _WORDS else _quoted(key)


def _text(text: str, indent: str) -> str:
    if "\n" not in text or text[0] in "\n " or _NO_BLOCK.search(text):
        return f" {_quoted(text)}\n"
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    block = re.sub(r"\n(?=[^\n])", f"\n{indent}", body)
    return f" |2{'-' if ends == 0 else '' if ends == 1 else '+'}\n{indent}{block}\n{chr(10) * (ends - 1)}"


def _quoted(text: str) -> str:
    """Quote as JSON does, which YAML reads too, and escape what some readers refuse or fold."""
    return _ESCAPED.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))


def _session(reader: _Reader, event: Any, place: str) -> Transcript:
    members: dict[str, Json] = {}
    messages: list[Message] = []
    requests: list[Request] = []
    line = reader.place()
    for key in reader.members(event):
        if key == "messages":
            messages.extend(_nouns(reader, place, Message))
        elif key == "requests":
            requests.extend(_nouns(reader, place, Request))
        else:
            members[key] = reader.value(reader.next())
    with blame(f"{line}, {place}"):
        return assembled(members, messages, requests)


def _nouns(reader: _Reader, place: str, kind: type[Noun]) -> Iterator[Noun]:
    for number, event in enumerate(reader.elements(), 1):
        line = reader.place()
        tree = reader.value(event)
        with blame(f"{line}, {place}, {kind.__name__.lower()} {number}"):
            yield from_readable(tree, kind)


class _Reader:
    """Walks through the events of a YAML text, holding only the value at hand."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._event: Any = None
        try:
            self._loader = _Loader(stream)
        except yaml.YAMLError as problem:
            raise _unreadable(problem, "line 1") from problem

    def place(self) -> str:
        """Name where the last event stands."""
        return f"line {self._event.start_mark.line + 1}" if self._event is not None else "line 1"

    def next(self) -> Any:
        """Take the next event."""
        try:
            self._event = self._loader.get_event()
        except (yaml.YAMLError, UnicodeDecodeError) as problem:
            raise _unreadable(problem, self.place()) from problem
        if isinstance(self._event, yaml.AliasEvent):
            raise self._expected("a value, not an alias")
        return self._event

    def document(self) -> Iterator[str]:
        """Yield the keys of the only document; the caller takes each value before it asks for the next key."""
        self._take(yaml.StreamStartEvent, "YAML")
        self._take(yaml.DocumentStartEvent, "a document")
        yield from self.members(self.next())
        self._take(yaml.DocumentEndEvent, "the document's end")
        self._take(yaml.StreamEndEvent, "one document only")

    def members(self, event: Any) -> Iterator[str]:
        """Yield the keys of the mapping that the event begins."""
        if not isinstance(event, yaml.MappingStartEvent):
            raise self._expected("a mapping")
        self._untagged(event)
        while not isinstance(key := self.next(), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise self._expected("a key")
            yield key.value

    def elements(self) -> Iterator[Any]:
        """Yield the first event of each element of the sequence that comes next."""
        event = self.next()
        if not isinstance(event, yaml.SequenceStartEvent):
            raise self._expected("a list")
        self._untagged(event)
        while not isinstance(element := self.next(), yaml.SequenceEndEvent):
            yield element

    def value(self, event: Any, depth: int = 0) -> Json:
        """Return the value that the event begins."""
        if depth > _DEEPEST:
            raise self._expected(f"at most {_DEEPEST} levels")
        if isinstance(event, yaml.ScalarEvent):
            with blame(self.place()):
                return self._scalar(event)
        self._untagged(event)
        if isinstance(event, yaml.SequenceStartEvent):
            listed: list[Json] = []
            while not isinstance(element := self.next(), yaml.SequenceEndEvent):
                listed.append(self.value(element, depth + 1))
            return listed
        place = self.place()
        tree = {key: self.value(self.next(), depth + 1) for key in self.members(event)}
        with blame(place):
            return exact(tree)

    def _scalar(self, event: Any) -> Json:
        text: str = event.value
        if not event.implicit[0]:
            if event.tag not in (None, "!", _STRING):
                raise self._expected(f"no tag, got {event.tag[:80]}")
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INT.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text

    def _take(self, kind: type, what: str) -> None:
        if not isinstance(self.next(), kind):
            raise self._expected(what)

    def _untagged(self, event: Any) -> None:
        if getattr(event, "tag", None) not in (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise self._expected(f"no tag, got {event.tag[:80]}")

    def _expected(self, what: str) -> Unreadable:
        return Unreadable(f"{self.place()}: expected {what}", "only plain maps, lists and scalars are read")


def _unreadable(problem: Exception, place: str) -> Unreadable:
    mark = getattr(problem, "problem_mark", None)
    where = f"line {mark.line + 1}" if mark is not None else f"after {place}"
    what = getattr(problem, "problem", None) or getattr(problem, "reason", None) or problem
    return Unreadable(f"{where}: {what}", "every session that ends before this line was read")
