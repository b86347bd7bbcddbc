"""Turns sessions and usage rows into the items that documents and tables show: the same numbers in every view."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from holdfast.faces.cli._values import moment, money
from holdfast.faces.cli.documents import (
    BlockItem,
    CommandItem,
    ContextItem,
    FileItem,
    HitItem,
    MessageItem,
    ParentItem,
    SessionItem,
    Tokens,
    UsageItem,
)

if TYPE_CHECKING:
    from holdfast.model import CommandRun, FileTouch, Hit, Message, Session, Usage
    from holdfast.workspace import Workspace

_DAY_MS = 86_400_000


def session_item(workspace: Workspace, session: Session) -> SessionItem:
    """Return everything that is published of a session."""
    row = workspace.usage.priced(session)
    counts = session.rollup
    return SessionItem(
        id=session.id,
        agent=session.agent,
        native_id=session.native_id,
        name=session.name,
        title=session.title,
        project=session.project,
        cwd=session.cwd,
        branch=session.branch,
        models=session.models,
        parent=parent_of(session),
        started=moment(session.started),
        last_activity=moment(session.active),
        status=session.status,
        messages=counts.messages,
        user_messages=counts.user_messages,
        tool_calls=counts.tool_calls,
        errors=counts.errors,
        tokens=tokens_of(row.usage),
        tokens_kind=row.kind,
        requests=row.requests,
        cost_usd=money(row.cost),
        unpriced_models=row.unpriced,
        context=context_item(workspace, session),
        tags=session.tags,
        description=session.description,
        source_path=session.source_path,
        source_exists=bool(session.source_path) and os.path.exists(session.source_path),  # noqa: PTH110 - 2,000 of them
        captured=session.captured,
        source_expires=moment(session.source_expires),
        expires=moment(purged_at(workspace, session) or session.expires),
        partial=session.partial,
        trashed=moment(session.trashed),
    )


def purged_at(workspace: Workspace, session: Session) -> int | None:
    """Return from when on a sync purges a session that is in the trash."""
    return None if session.trashed is None else session.trashed + workspace.config["trash.days"] * _DAY_MS


def context_item(workspace: Workspace, session: Session) -> ContextItem:
    """Return the context in use, with the limit that the agent recorded, else the one of the table."""
    held = session.context
    if held.limit is not None or not session.models:
        return ContextItem(
            used=held.used, limit=held.limit, source=held.source if held.limit is not None else "unknown"
        )
    limit = _window(workspace, session.models[-1], held.used or 0)
    return ContextItem(used=held.used, limit=limit, source="unknown" if limit is None else "table")


def usage_item(row: Any) -> UsageItem:
    """Return a row of a usage table as it is published."""
    return UsageItem(
        key=row.key,
        label=row.label,
        sessions=row.sessions,
        requests=row.requests,
        tokens=tokens_of(row.usage),
        tokens_kind=row.kind,
        cost_usd=money(row.cost),
        models=row.models,
        unpriced_models=row.unpriced,
        block=None if row.block is None else block_item(row.block),
    )


def block_item(block: Any) -> BlockItem:
    """Return a block of five hours as it is published."""
    return BlockItem(
        start=moment(block.start),
        end=moment(block.end),
        last_request=moment(block.last),
        active=block.active,
        gap=block.gap,
    )


def message_item(message: Message) -> MessageItem:
    """Return a message as it is published."""
    return MessageItem(
        id=message.id,
        seq=message.seq,
        role=message.role,
        at=moment(message.at),
        model=message.model,
        live=message.live,
        parts=message.parts,
    )


def file_item(touch: FileTouch) -> FileItem:
    """Return a touched file as it is published."""
    at = moment(touch.at)
    return FileItem(
        path=touch.path, action=touch.action, message=touch.message, at=at, added=touch.added, removed=touch.removed
    )


def command_item(run: CommandRun) -> CommandItem:
    """Return a command that was run as it is published."""
    return CommandItem(
        command=run.command,
        cwd=run.cwd,
        message=run.message,
        at=moment(run.at),
        exit=run.exit,
        error=run.error,
        output=run.output,
    )


def hit_item(hit: Hit) -> HitItem:
    """Return a hit as it is published."""
    return HitItem(
        session=hit.session,
        message=hit.message,
        seq=hit.seq,
        role=hit.role,
        kind=hit.kind,
        at=moment(hit.at),
        snippet=hit.snippet,
        highlights=hit.highlights,
        score=hit.score,
    )


def _window(workspace: Workspace, model: str, used: int) -> int | None:
    """Look a window up once for a model, again only for a use beyond it."""
    known: dict[str, int | None] = workspace.prices.__dict__.setdefault("shown_windows", {})
    if model not in known:
        known[model] = workspace.prices.window(model)
    limit = known[model]
    return limit if limit is not None and used <= limit else workspace.prices.window(model, used)


def tokens_of(usage: Usage) -> Tokens:
    """Return the five published counts, each as its agent counts it."""
    return Tokens(
        input=usage.input,
        cache_read=usage.cache_read,
        cache_write=usage.cache_write,
        output=usage.output,
        reasoning=usage.reasoning,
    )


def parent_of(session: Session) -> ParentItem | None:
    """Return the parent, if there is one."""
    return None if session.parent is None else ParentItem(id=session.parent.id, kind=session.parent.kind)
