"""Cursor's databases of single workspaces: where a conversation belongs, and whole conversations of old versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast._sqlite import foreign_copy, tables
from holdfast.errors import Unreadable
from holdfast.model import Json, Transcript
from holdfast.sources._content import millis
from holdfast.sources._cursor import bubbles, ide, rows
from holdfast.sources._cursor.parts import Draft, entries, folder_of, session_of, text, transcript_of
from holdfast.sources._jsonl import loads
from holdfast.sources.base import RawSpan, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.sources.base import Cursor, Ref

TABLE = "ItemTable"
COMPOSERS = "composer.composerData"
TABS = "workbench.panel.aichat.view.aichat.chatdata"


def read(found: Ref, cursor: Cursor | None, parser: int) -> Iterator[Reading]:
    """Yield what a workspace says of conversations: its folder for those the editor keeps, and old ones whole."""
    marks = rows.marks_of(cursor, parser)
    damaged = 0
    try:
        with foreign_copy(Path(found.path)) as connection:
            known = {"key", "value"} <= set(tables(connection).get(TABLE, ()))
            held = {n: _value(connection, n) for n in (COMPOSERS, TABS)} if known else {}
    except (Unreadable, UnicodeDecodeError, OSError):
        held, damaged = {}, 1
    values = {name: loads(data) for name, data in held.items() if data}
    damaged += sum(1 for value in values.values() if not isinstance(value, dict))
    folder = folder_of(Path(found.path).with_name("workspace.json"))
    drafts = [*_composers(values.get(COMPOSERS), found), *_tabs(values.get(TABS), found)]
    for draft in drafts:
        draft.cwd = folder or draft.cwd
        sign = rows.mark(held.get(COMPOSERS, b""), held.get(TABS, b""), folder)
        if marks.get(draft.native) != sign:
            marks[draft.native] = sign
            yield Reading(
                transcript=_transcript(draft), raw=_raw(found, held, draft),
                cursor=rows.cursor_at(found, parser, marks, done=False),
            )  # fmt: skip
    yield rows.nothing(found, parser, marks, damaged=damaged)


def _value(connection: rows.Connection, name: str) -> bytes:
    return next((v for _, v in rows.pairs(connection, TABLE, start=name, end=f"{name}\0")), b"")


def _transcript(draft: Draft) -> Transcript:
    return transcript_of(draft) if draft.messages else Transcript(session=session_of(draft))


def _raw(found: Ref, held: dict[str, bytes], draft: Draft) -> RawSpan | None:
    if not draft.messages:
        return None
    data = b"".join(rows.line(TABLE, name, value) for name, value in held.items() if value)
    return RawSpan(path=found.path, offset=0, data=data, rows=True)


def _composers(value: Json, found: Ref) -> Iterator[Draft]:
    """Name the conversations that the editor's database tells, and read those that stand here whole."""
    listed = entries(value.get("allComposers")) if isinstance(value, dict) else []
    told = ide.told_by(Path(found.root) / "globalStorage" / "state.vscdb") if listed else frozenset()
    for facts in listed:
        native = text(facts.get("composerId"))
        draft = Draft(native=native, path=found.path)
        if native in told:
            draft.title, draft.path = text(facts.get("name")), ""
            yield draft
        elif native and facts.get("conversation"):
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
