"""Our hooks in the text of an agent's file: put in, found again, taken out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from holdfast.services._hooks import agents
from holdfast.services._hooks.edits import Insertion, Path, put, put_member, without
from holdfast.services._hooks.jsonc import Node, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from holdfast.services._hooks.agents import Target

Standing = Literal["installed", "partly", "outdated", "not-installed", "no-agent", "unreadable"]


def new(target: Target, words: Sequence[str]) -> str:
    """Return a file that holds our hooks alone."""
    one = agents.hook(target.agent, words)
    head: dict[str, Any] = {"version": 1} if target.form == "flat" else {}
    return json.dumps({**head, "hooks": {e: [one] for e in agents.EVENTS[target.agent]}}, indent=2) + "\n"


def added(target: Target, before: str, words: Sequence[str]) -> tuple[str, tuple[Insertion, ...]]:
    """Put our hooks into a file; raises ValueError where it has another form."""
    node = parse(before)
    if node.kind != "object":
        raise ValueError("it holds no object")
    after, done = before, []
    if target.form == "flat" and node.get("version") is None:
        after, one = put_member(after, "version", 1)
        done.append(one)
    for event in agents.EVENTS[target.agent]:
        after, one = put(after, ("hooks", event), agents.hook(target.agent, words))
        done.append(one)
    return after, tuple(done)


def removed(target: Target, before: str) -> str:
    """Take our hooks out of a file, wherever they stand in it now."""
    while (place := next(_ours(target, parse(before)), None)) is not None:
        path, number = place
        before = without(before, path, number)
    return before


def is_complete(target: Target, before: str, words: Sequence[str]) -> bool:
    """Tell whether our hooks of today stand there once for each event, and no others of ours."""
    return standing(target, before, words)[0] == "installed"


def is_own(before: str) -> bool:
    """Tell whether a whole file is ours."""
    return "holdfast-hook" in before or "holdfast.hooks" in before


def standing(target: Target, before: str | None, words: Sequence[str]) -> tuple[Standing, tuple[str, ...]]:
    """Say how a file stands, and for which events our hooks are in it."""
    wanted = agents.EVENTS[target.agent]
    if before is None:
        return "not-installed", ()
    if target.form == "own":
        if before == agents.own_file(target.agent, words):
            return "installed", wanted
        return ("outdated", wanted) if is_own(before) else ("unreadable", ())
    try:
        node = parse(before)
    except ValueError:
        return "unreadable", ()
    events = tuple(str(path[1]) for path, _ in _ours(target, node))
    if not events:
        return "not-installed", ()
    if sorted(events) != sorted(wanted):
        return "partly", events
    line = agents.shell_line(words, target.agent)
    current = all(h.get("command") == line for h in _hooks_of(target, node))
    return ("installed" if current else "outdated"), events


def _ours(target: Target, node: Node) -> Iterator[tuple[Path, int]]:
    """Find our hooks: the array that holds each, or the group where all of it is ours, and the number in it."""
    events = node.get("hooks")
    for event in events.items if events is not None and events.kind == "object" else ():
        for number, item in enumerate(event.node.items if event.node.kind == "array" else ()):
            if target.form == "flat":
                if _is_ours(target, item.node):
                    yield ("hooks", event.key), number
                continue
            inner = item.node.get("hooks")
            mine = [_is_ours(target, i.node) for i in inner.items] if inner is not None else []
            if mine and all(mine):
                yield ("hooks", event.key), number
            elif any(mine):
                yield ("hooks", event.key, number, "hooks"), mine.index(True)


def _hooks_of(target: Target, node: Node) -> Iterator[dict[str, Any]]:
    for path, number in _ours(target, node):
        found: Any = node.plain()
        for key in (*path, number):
            found = found[key]
        yield found if target.form == "flat" or "command" in found else found["hooks"][0]


def _is_ours(target: Target, node: Node) -> bool:
    command = node.get("command")
    return command is not None and agents.is_ours(command.value, target.agent)


def switched_off(before: str | None) -> str:
    """Say which setting keeps an agent from running any hook, where one does."""
    try:
        plain = parse(before or "{}").plain()
    except ValueError:
        return ""
    found = plain if isinstance(plain, dict) else {}
    if found.get("disableAllHooks") is True:
        return "disableAllHooks is set: no hook runs until it is taken out"
    inner = found.get("hooksConfig")
    off = isinstance(inner, dict) and inner.get("enabled") is False
    return "hooksConfig.enabled is false: no hook runs until it is true" if off else ""
