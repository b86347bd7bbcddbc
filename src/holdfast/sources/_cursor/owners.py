"""Which workspace a conversation of Cursor's editor belongs to: older versions write it down only on the workspace's side."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast._sqlite import foreign_copy, tables
from holdfast.errors import Unreadable
from holdfast.model import Json
from holdfast.sources._content import entries, text
from holdfast.sources._cursor import rows
from holdfast.sources._cursor.parts import folder_of
from holdfast.sources._jsonl import loads

if TYPE_CHECKING:
    from holdfast.sources._database import Connection

TABLE = "ItemTable"
COMPOSERS = "composer.composerData"
TABS = "workbench.panel.aichat.view.aichat.chatdata"


def folder_in(user: Path, native: str) -> str:
    """Return the folder of the workspace that lists a conversation, empty where none does."""
    for path in sorted((user / "workspaceStorage").glob("*/state.vscdb")):
        found = rows.database(path, user, "workspace")
        if found is not None and native in _members(found.path, found.size, found.mtime_ns):
            return folder_of(path.with_name("workspace.json"))
    return ""


def values(path: Path) -> dict[str, bytes]:
    """Return the two rows of a workspace's database that speak of conversations; errors.Unreadable where it is damaged."""
    with foreign_copy(path) as connection:
        known = {"key", "value"} <= set(tables(connection).get(TABLE, ()))
        return {n: _value(connection, n) for n in (COMPOSERS, TABS)} if known else {}


def listed(value: Json) -> list[dict[str, Json]]:
    """Return the conversations that a workspace lists."""
    return entries(value.get("allComposers")) if isinstance(value, dict) else []


@lru_cache(maxsize=1024)
def _members(path: str, size: int, mtime_ns: int) -> frozenset[str]:  # noqa: ARG001 - size and time are the cache's key
    try:
        held = values(Path(path)).get(COMPOSERS, b"")
    except (Unreadable, UnicodeDecodeError, OSError):
        return frozenset()
    return frozenset(text(one.get("composerId")) for one in listed(loads(held)))


def _value(connection: Connection, name: str) -> bytes:
    return next((v for _, v in rows.pairs(connection, TABLE, start=name, end=f"{name}\0")), b"")
