"""What readable documents say of sessions: times in RFC 3339, money as decimal strings, and the members around them.

Knows how a noun becomes a tree for people, and back; refuses to know any file's syntax.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from holdfast.interchange.base import SCHEMA_VERSION, Header
from holdfast.model import Edits, Json, Losses, Message, Request, Session, Transcript

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_MILLISECOND = timedelta(milliseconds=1)


_MONEY = re.compile(r"-?\d+(\.\d{1,6})?")


_TIMES: dict[type, tuple[str, ...]] = {
    Session: ("started", "active", "expires", "source_expires", "trashed"),
    Message: ("at",),
    Request: ("at",),
    Edits: ("expires",),
}


_BUCKET = ("model", "band", "requests", "usage", "kind", "recorded")


_BUCKET_DEFAULTS: dict[str, Json] = {"kind": "reported", "recorded": 0}


Noun = TypeVar("Noun", Session, Message, Request, Edits)


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
