"""Where editors keep what an extension stores, and which files one task has. Lists by stat; refuses to know what they say."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.sources._files import ref, settings_home
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from holdfast.sources.base import Ref

KIND = "task"
MAIN = ("ui_messages.json", "api_conversation_history.json", "claude_messages.json", "history_item.json")
"""The file that stands for a task: the first of these that it has."""
_SIDES = (".json", ".md")
MOST = 1 << 20
EDITORS = {
    "Code": "code",
    "Code - Insiders": "code-insiders",
    "Code - OSS": "code-oss",
    "VSCodium": "codium",
    "Cursor": "cursor",
    "Windsurf": "windsurf",
    "Trae": "trae",
    "Positron": "positron",
}
"""The folder of each editor's settings, and the command that opens it."""
_SERVERS = {".vscode-server": "code", ".vscode-server-insiders": "code-insiders", ".cursor-server": "cursor",
            ".windsurf-server": "windsurf"}  # fmt: skip


def storages(env: Mapping[str, str], home: Path, platform: str, extension: str) -> tuple[Path, ...]:
    """Return the folder of an extension below every editor, on this machine and as a server of a remote one."""
    return tuple(user / "globalStorage" / extension for user in _users(env, home, platform))


def custom(env: Mapping[str, str], home: Path, platform: str, setting: str) -> tuple[Path, ...]:
    """Return the folders that the editors' settings name for tasks."""
    asked = re.compile(rf'"{re.escape(setting)}"\s*:\s*("(?:[^"\\\n]|\\.)*")')
    found: list[Path] = []
    for user in _users(env, home, platform):
        named = asked.search(_settings(user / "settings.json"))
        value = loads(named[1].encode()) if named else None
        if isinstance(value, str) and value.strip():
            found.append(home / value[1:].lstrip("/\\") if value.startswith("~") else Path(value))
    return tuple(dict.fromkeys(found))


def editor_of(path: str) -> str:
    """Return the command of the editor below whose folder a file lies."""
    parts = Path(path.replace("\\", "/")).parts
    known = {**EDITORS, **_SERVERS}
    return next((known[p] for p in parts if p in known), "code")


def tasks(agent: str, roots: Sequence[Path]) -> Iterator[Ref]:
    """Find tasks by listing; of copies of a task below several roots, the newest."""
    kept: dict[str, Ref] = {}
    for root in roots:
        folder = root / "tasks" if (root / "tasks").is_dir() else root
        for name, path in _folders(folder):
            found = _task(agent, path, folder.parent if folder.name == "tasks" else root)
            held = kept.get(name)
            if found is not None and (held is None or held.mtime_ns < found.mtime_ns):
                kept[name] = found
    yield from kept.values()


def files(folder: Path) -> list[Path]:
    """List a task's files: records, facts and notes."""
    try:
        with os.scandir(folder) as found:
            names = sorted(e.name for e in found if e.name.endswith(_SIDES) and e.is_file())
    except OSError:
        return []
    return [folder / name for name in names]


def _task(agent: str, folder: Path, root: Path) -> Ref | None:
    listed = files(folder)
    names = {p.name: p for p in listed}
    main = next((names[n] for n in MAIN if n in names), None)
    found = ref(agent, main, kind=KIND, root=root) if main else None
    if found is None:
        return None
    return newest(found, listed)


def newest(found: Ref, beside: Sequence[Path]) -> Ref:
    """Give a file the time of the newest one that is read with it; its size stays its own, restoring compares it."""
    stats = (ref(found.agent, p) for p in beside)
    return replace(found, mtime_ns=max([found.mtime_ns, *(s.mtime_ns for s in stats if s is not None)]))


def _folders(folder: Path) -> list[tuple[str, Path]]:
    try:
        with os.scandir(folder) as found:
            names = sorted(e.name for e in found if e.is_dir(follow_symlinks=False))
    except OSError:
        return []
    return [(name, folder / name) for name in names]


def _users(env: Mapping[str, str], home: Path, platform: str) -> list[Path]:
    base = settings_home(env, home, platform)
    remote = [home / server / "data" / "User" for server in _SERVERS]
    return [*(base / editor / "User" for editor in EDITORS), *remote]


def _settings(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return stream.read(MOST).decode("utf-8", "replace")
    except OSError:
        return ""
