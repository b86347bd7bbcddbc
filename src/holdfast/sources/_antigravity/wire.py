"""Just enough of protobuf's wire format to follow known paths in Antigravity's blobs; knows no schema."""

from __future__ import annotations

from msgspec import Struct

MOST_FIELDS = 200_000
"""A message with more fields than this is not followed: no agent writes one, and counting them takes seconds."""
_VARINT_BYTES = 10
_LENGTH = 2
_FIXED = {1: 8, 5: 4}
_MORE = 0x80
"""Set in every byte of a varint but the last."""


class Field(Struct, frozen=True):
    """One field: a number for a varint, bytes for everything else."""

    number: int
    value: int | bytes


def fields(data: bytes) -> tuple[Field, ...]:
    """Split a message into its fields, empty where it is no message."""
    found: list[Field] = []
    place = 0
    while place < len(data) and len(found) < MOST_FIELDS:
        key, place = _varint(data, place)
        number, wire = key >> 3, key & 7
        value: int | bytes
        if wire == 0:
            value, place = _varint(data, place)
        else:
            length, place = _varint(data, place) if wire == _LENGTH else (_FIXED.get(wire, -1), place)
            value, place = data[place : place + max(length, 0)], place + length
            if length < 0 or place > len(data):
                return ()
        if number <= 0 or place < 0:
            return ()
        found.append(Field(number, value))
    return tuple(found) if place == len(data) else ()


def messages(data: bytes, *path: int) -> list[bytes]:
    """Return every message (or text) at the end of a path of field numbers."""
    found = [data]
    for number in path:
        found = [f.value for d in found for f in fields(d) if f.number == number and isinstance(f.value, bytes)]
    return found


def numbers(data: bytes) -> dict[int, int]:
    """Return the varint fields of a message, the last one of each."""
    return {f.number: f.value for f in fields(data) if isinstance(f.value, int)}


def text(data: bytes, *path: int) -> str:
    """Return the first text at the end of a path, empty where there is none."""
    return next((found.decode("utf-8", "replace") for found in messages(data, *path)), "")


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return a number and the place behind it; a place of -1 where there is none."""
    value = 0
    for shift, byte in enumerate(data[place : place + _VARINT_BYTES] if place >= 0 else b""):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < _MORE:
            return value, place + shift + 1
    return -1, -1
