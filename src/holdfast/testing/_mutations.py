"""Changes that no agent makes to its files, and that no reader may fall over: bytes, lines, structure."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from holdfast.model import Json


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Change bytes, lines or the structure of a file in one of several ways."""
    ways: tuple[Callable[[bytes, random.Random], bytes], ...] = (
        _flip,
        _cut,
        _shuffle_lines,
        _structure,
        _structure,
        _repeat,
    )
    return rng.choice(ways)(data, rng)


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 20)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _cut(data: bytes, rng: random.Random) -> bytes:
    one, two = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
    return data[:one] + data[two:]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    return data * rng.randint(2, 3) if rng.random() < 0.5 else b"[" * 100_000 + data


def _shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines)


def _structure(data: bytes, rng: random.Random) -> bytes:
    """Put a value of another type somewhere into some records."""
    lines = data.splitlines(keepends=True)
    for place in rng.sample(range(len(lines)), min(len(lines), 3)):
        with contextlib.suppress(ValueError, RecursionError):
            lines[place] = json.dumps(_odd(json.loads(lines[place]), rng)).encode() + b"\n"
    return b"".join(lines)


def _odd(value: Json, rng: random.Random) -> Json:
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(sorted(value))
        return {**value, key: _odd(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.7:
        place = rng.randrange(len(value))
        return [*value[:place], _odd(value[place], rng), *value[place + 1 :]]
    return rng.choice(
        (None, True, -1, 1e308, 10**30, "", "\ud800", "x" * 1000, [], [[]], {}, {"type": {}}, [None], [{"type": 3}])
    )
