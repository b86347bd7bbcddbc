"""The protocol of a format, and the values that every readable format shares.

Knows how a noun becomes a tree that any JSON or YAML reader holds, and back, without loss; refuses to know any file's
syntax.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, runtime_checkable

import msgspec
from msgspec import Struct, field

from holdfast.errors import Unreadable
from holdfast.model import Edits, Json, Losses, Message, Request, Session, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SCHEMA_VERSION = 1
CLAIM = 0.5
"""From this confidence on, `sniff` claims a file."""
MARK = "$holdfast"
"""The key of an object that stands for a value which JSON cannot hold."""
DEEPEST = 64
"""Below this many levels a value is written flat, because readers have limits."""
_LONGEST_INT = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MONEY = re.compile(r"-?\d+(\.\d{1,6})?")
_ESCAPE = re.compile(r"\\(\\|u[0-9a-f]{4})")
_TIMES: dict[type, tuple[str, ...]] = {
    Session: ("started", "active", "expires", "source_expires", "trashed"),
    Message: ("at",),
    Request: ("at",),
    Edits: ("expires",),
}
_BUCKET = ("model", "band", "requests", "usage", "kind", "recorded")
_BUCKET_DEFAULTS: dict[str, Json] = {"kind": "reported", "recorded": 0}
Noun = TypeVar("Noun", Session, Message, Request, Edits)


class Header(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a file says of itself besides its sessions.

    `masked` is None where nothing was masked, else how often each rule masked something (known before the dump begins;
    an empty dict says: masked, and nothing was found). `edits` holds what a person said, by session id.
    """

    masked: dict[str, int] | None = None
    edits: dict[str, Edits] = field(default_factory=dict)


class RawPiece(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some bytes of a captured source file; `path` is only what the file says: never write there unchecked."""

    session: str
    path: str
    offset: int
    data: bytes
    version: int = 0
    whole: bool = False
    rows: bool = False


NO_HEADER = Header()


@runtime_checkable
class Format(Protocol):
    """One file format; `name` is what `export -f` takes."""

    name: ClassVar[str]
    suffix: ClassVar[str]

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write whole transcripts (masked before, where they should be) as they come; never closes the stream."""

    def sniff(self, head: bytes) -> float:
        """Return how sure it is, 0 to 1, that a file that begins so is of this format; CLAIM and more claims it."""


@runtime_checkable
class SupportsLoad(Protocol):
    """A format that can be read back."""

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield transcripts; errors.Unreadable names the place of what is damaged, after all that stands before it."""


@runtime_checkable
class SupportsHeader(Protocol):
    """A format whose files say whether they were masked."""

    def header(self, stream: IO[bytes]) -> Header:
        """Read what the file says of itself and put the stream back to where it stood (it must be seekable)."""


@runtime_checkable
class SupportsRaw(Protocol):
    """A format that carries captured source files besides the sessions."""

    def dump_raw(
        self,
        transcripts: Iterable[Transcript],
        stream: IO[bytes],
        *,
        raw: Callable[[Session], Iterable[RawPiece]],
        header: Header = NO_HEADER,
    ) -> None:
        """Write each transcript, and after it the pieces that `raw` gives for its session."""

    def load_raw(self, stream: IO[bytes]) -> Iterator[Transcript | RawPiece]:
        """Yield each transcript, and after it its raw pieces in the order in which they were given."""


@contextmanager
def blame(place: str) -> Iterator[None]:
    """Turn what goes wrong inside into errors.Unreadable that names the place."""
    try:
        yield
    except (msgspec.ValidationError, ValueError, TypeError, KeyError, IndexError, RecursionError) as problem:
        raise Unreadable(f"{place}: {problem}", "nothing from this place on was read") from problem


def encode(tree: Json, *, separators: tuple[str, str] = (",", ":")) -> bytes:
    """Write a tree as one line of strict JSON in UTF-8 that `exact` (as object hook) reads back equal."""
    try:
        text = json.dumps(tree, ensure_ascii=False, allow_nan=False, separators=separators)
        if MARK not in text:
            return text.encode()
    except (ValueError, RecursionError):
        pass  # a value that JSON has no word for: the long way says it with marks
    return json.dumps(plain(tree), ensure_ascii=False, allow_nan=False, separators=separators).encode()


def plain(value: Json, depth: int = 0) -> Json:
    """Replace what JSON cannot hold (NaN, lone surrogates, thousands of digits or levels) by marked objects."""
    if isinstance(value, str):
        return _plain_text(value)
    if isinstance(value, float):
        return value if value - value == 0 else {MARK: "float", "value": repr(value)}
    if isinstance(value, int):
        return value if value.bit_length() < _LONGEST_INT else {MARK: "int", "value": hex(value)}
    if value and depth >= DEEPEST and isinstance(value, dict | list | tuple):
        return {MARK: "deep", "value": _steps(value)}
    if isinstance(value, list | tuple):
        return [plain(v, depth + 1) for v in value]
    if isinstance(value, dict):
        if MARK in value or any(isinstance(_plain_text(k), dict) for k in value):
            return {MARK: "object", "value": [[plain(k), plain(v, depth + 3)] for k, v in value.items()]}
        return {k: plain(v, depth + 1) for k, v in value.items()}
    return value


def exact(tree: dict[str, Json]) -> Json:
    """Return the value that a marked object stands for, and any other object as it is (an object hook)."""
    kind = tree.get(MARK)
    if kind is None:
        return tree
    value = tree.get("value")
    try:
        return _EXACT[kind](value)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as problem:
        raise ValueError(f"{MARK!r}: {str(kind)[:40]!r} with a value that is none of that kind") from problem


def readable(noun: Session | Message | Request | Edits) -> dict[str, Json]:
    """Return a noun as a tree for people: times in RFC 3339, money as a decimal string."""
    tree: dict[str, Json] = msgspec.to_builtins(noun)
    for name in _TIMES[type(noun)]:
        if tree.get(name) is not None:
            tree[name] = _moment(tree[name])
    if isinstance(noun, Request):
        tree.update({"usage": _money_out(tree["usage"])} if "usage" in tree else {})
    if isinstance(noun, Session) and noun.rollup.usage:
        tree["rollup"]["usage"] = [_bucket_out(msgspec.structs.asdict(b)) for b in noun.rollup.usage]
    return tree


def from_readable(tree: Json, kind: type[Noun]) -> Noun:
    """Build a noun from its tree for people; ValueError or msgspec.ValidationError says what does not fit."""
    if not isinstance(tree, dict):
        raise TypeError(f"expected an object, got {type(tree).__name__}")
    fields = dict(tree)
    for name in _TIMES[kind]:
        if isinstance(fields.get(name), str):
            fields[name] = _milliseconds(fields[name])
    if isinstance(fields.get("usage"), dict):
        fields["usage"] = _money_in(fields["usage"])
    rollup = fields.get("rollup")
    if isinstance(rollup, dict) and isinstance(rollup.get("usage"), list):
        fields["rollup"] = {**rollup, "usage": [_bucket_in(b) for b in rollup["usage"]]}
    return msgspec.convert(fields, kind)


def opening(header: Header) -> dict[str, Json]:
    """Return the members that stand before the sessions."""
    return {
        "schema_version": SCHEMA_VERSION,
        "format": "holdfast",
        "masked": header.masked,
        "edits": {key: readable(edits) for key, edits in header.edits.items()},
    }


def opened(members: Mapping[str, Json]) -> Header:
    """Check and return what the members before the sessions say (ValueError, msgspec.ValidationError)."""
    version = members.get("schema_version", SCHEMA_VERSION)
    if members.get("format", "holdfast") != "holdfast" or type(version) is not int:
        raise ValueError('expected "format": "holdfast" and "schema_version": a number')
    if version > SCHEMA_VERSION:
        raise ValueError(f"schema_version {version} was written by a newer release; this one reads {SCHEMA_VERSION}")
    masked = msgspec.convert(members.get("masked"), dict[str, int] | None)
    edits = msgspec.convert(members.get("edits") or {}, dict[str, dict[str, Any]])
    return Header(masked=masked, edits={key: from_readable(tree, Edits) for key, tree in edits.items()})


def closing(transcript: Transcript) -> dict[str, Json]:
    """Return what a transcript says besides its session, messages and requests."""
    return {
        "dropped": list(transcript.dropped),
        "losses": msgspec.to_builtins(transcript.losses),
        "replaces": transcript.replaces,
    }


def assembled(members: dict[str, Json], messages: Sequence[Message], requests: Sequence[Request]) -> Transcript:
    """Join a session's members with its messages and requests."""
    return Transcript(
        session=from_readable(members, Session),
        messages=tuple(messages),
        requests=tuple(requests),
        dropped=msgspec.convert(members.get("dropped", ()), tuple[str, ...]),
        losses=msgspec.convert(members.get("losses", {}), Losses),
        replaces=msgspec.convert(members.get("replaces", False), bool),
    )


def _plain_text(value: str) -> Json:
    try:
        value.encode()
    except UnicodeEncodeError:
        escaped = value.replace("\\", "\\\\").encode("utf-8", "backslashreplace").decode()
        return {MARK: "text", "value": escaped}
    return value


def _exact_text(value: str) -> str:
    return _ESCAPE.sub(lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), value)


def _exact_float(value: str) -> float:
    return {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}[value]


def _steps(value: Json) -> list[Json]:
    """Write a deep value as steps of a stack machine: `=` puts a value, `[` and `{` gather the last ones."""
    todo: list[Json] = [value]
    steps: list[Json] = []
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            steps.append(["{", [plain(k) for k in item]])
            todo.extend(item.values())
        elif isinstance(item, list | tuple):
            steps.append(["[", len(item)])
            todo.extend(item)
        else:
            steps.append(["=", plain(item)])
    return steps[::-1]


def _exact_deep(steps: list[tuple[str, Json]]) -> Json:
    stack: list[Json] = []
    for verb, given in steps:
        if verb == "=":
            stack.append(given)
            continue
        start = len(stack) - (len(given) if verb == "{" else given)
        if not 0 <= start <= len(stack):
            raise IndexError(verb)
        gathered = stack[start:]
        stack[start:] = [dict(zip(given, gathered, strict=True)) if verb == "{" else gathered]
    (value,) = stack
    return value


_EXACT: dict[str, Callable[[Any], Json]] = {
    "text": _exact_text,
    "float": _exact_float,
    "int": lambda value: int(value, 16),
    "object": lambda value: {key: inner for key, inner in value},  # noqa: C416 - dict() would take an object too
    "deep": _exact_deep,
}


def _moment(milliseconds: int) -> Json:
    try:
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return milliseconds  # no calendar has that year: the number says it
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND


def _money_out(usage: dict[str, Json]) -> dict[str, Json]:
    cost = usage.pop("cost", None)
    if cost is not None:
        usage["cost_usd"] = f"{'-' if cost < 0 else ''}{abs(cost) // 10**6}.{abs(cost) % 10**6:06d}"
    return usage


def _money_in(usage: dict[str, Json]) -> dict[str, Json]:
    fields = dict(usage)
    cost = fields.pop("cost_usd", None)
    if cost is None:
        return fields
    if not isinstance(cost, str) or not _MONEY.fullmatch(cost):
        raise ValueError(f"cost_usd: expected a decimal string with at most 6 places, got {str(cost)[:40]!r}")
    whole, _, part = cost.partition(".")
    return {**fields, "cost": int(whole + part.ljust(6, "0"))}


def _bucket_out(fields: dict[str, Json]) -> dict[str, Json]:
    return {**fields, "usage": _money_out(msgspec.to_builtins(fields["usage"]))}


def _bucket_in(bucket: Json) -> list[Json]:
    if not isinstance(bucket, dict):
        raise TypeError(f"rollup.usage: expected an object, got {type(bucket).__name__}")
    fields = {**_BUCKET_DEFAULTS, **bucket}
    return [_money_in(fields[name]) if name == "usage" else fields[name] for name in _BUCKET]
