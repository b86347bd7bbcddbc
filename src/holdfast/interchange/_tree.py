"""Values that any JSON or YAML reader holds, and back without loss: what JSON has no word for is marked.

Knows values alone; refuses to know any noun or any file's syntax.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from holdfast.model import Json

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = "$holdfast"
"""The key of an object that stands for a value which JSON cannot hold."""


DEEPEST = 64
"""Below this many levels a value is written flat, because readers have limits."""


_LONGEST_INT = 10_000


_ESCAPE = re.compile(r"\\(\\|u[0-9a-f]{4})")


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
