"""Cursor's databases of single workspaces: whole conversations of old versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.errors import Unreadable
from holdfast.model import Json
from holdfast.sources._content import entries, millis, text
from holdfast.sources._cursor import bubbles, ide, owners, rows
from holdfast.sources._cursor.parts import Draft, folder_of, transcript_of
from holdfast.sources._jsonl import loads
from holdfast.sources.base import RawSpan, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.sources.base import Cursor, Ref


def read(found: Ref, cursor: Cursor | None, parser: int) -> Iterator[Reading]:
    """Yield the conversations that stand whole in a workspace's database and changed since the cursor."""
    marks = rows.marks_of(cursor, parser)
    damaged = 0
    try:
        held = owners.values(Path(found.path))
    except (Unreadable, UnicodeDecodeError, OSError):
        held, damaged = {}, 1
    values = {name: loads(data) for name, data in held.items() if data}
    damaged += sum(1 for value in values.values() if not isinstance(value, dict))
    folder = folder_of(Path(found.path).with_name("workspace.json"))
    sign = rows.mark(*held.values(), folder)
    raw = b"".join(rows.line(owners.TABLE, name, value) for name, value in held.items() if value)
    for draft in (*_composers(values.get(owners.COMPOSERS), found), *_tabs(values.get(owners.TABS), found)):
        draft.cwd = folder or draft.cwd
        if marks.get(draft.native) != sign:
            marks[draft.native] = sign
            yield Reading(
                transcript=transcript_of(draft),
                raw=RawSpan(path=found.path, offset=0, data=raw, rows=True),
                cursor=rows.cursor_at(found, parser, marks, done=False),
            )
    yield rows.nothing(found, parser, marks, damaged=damaged)


def _composers(value: Json, found: Ref) -> Iterator[Draft]:
    """Read the conversations that stand here whole, unless the editor's own database tells them."""
    whole = [c for c in owners.listed(value) if c.get("conversation") and text(c.get("composerId"))]
    told = ide.told_by(Path(found.root) / "globalStorage" / "state.vscdb") if whole else frozenset()
    for facts in whole:
        draft = Draft(native=text(facts["composerId"]), path=found.path)
        if draft.native not in told:
            ide.told(draft, facts, {})
            yield draft


def _tabs(value: Json, found: Ref) -> Iterator[Draft]:
    """Read the chat panel of versions before 2025."""
    for tab in entries(value.get("tabs")) if isinstance(value, dict) else []:
        native = text(tab.get("tabId"))
        draft = Draft(native=native, path=found.path, title=text(tab.get("chatTitle")), extra={"store": "chat-panel"})
        draft.active = millis(tab.get("lastSendTime"))
        for place, bubble in enumerate(entries(tab.get("bubbles")), 1):
            bubbles.add(draft, text(bubble.get("id")) or f"bubble:{place}", bubble, line=place)
        if native and draft.messages:
            yield draft
