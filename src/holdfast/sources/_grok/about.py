"""What Grok Build's small files beside a log say of a session: `summary.json`, `signals.json`, the group's folder name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec import Struct, field

from holdfast.model import Context, Json, Parent, Session, observed_id
from holdfast.model.session import ordered
from holdfast.sources._content import inside, millis, number, text
from holdfast.sources._files import project_of
from holdfast.sources._jsonl import clean, loads

if TYPE_CHECKING:
    from holdfast.sources.base import Ref

AGENT = "grok"
MICRO = 1_000_000
MOST = 32 << 20
"""A larger small file is not read: no session has that much to say of itself."""


class Seen(Struct):
    """What a log tells of its session as it is read."""

    title: str = ""
    prompt: str = ""
    started: int | None = None
    active: int | None = None
    models: dict[str, None] = field(default_factory=dict)


def session_of(ref: Ref, seen: Seen) -> Session:
    """Describe the session of a folder: what its small files say, else what its log told."""
    folder = Path(ref.path).parent
    native = clean(folder.name)
    summary, signals = _small(folder / "summary.json"), _small(folder / "signals.json")
    cwd = text(inside(summary, "info").get("cwd")) or _cwd(folder.parent)
    above = text(summary.get("parent_session_id"))
    kind = text(summary.get("session_kind"))
    said = text(summary.get("generated_title")) or text(summary.get("session_summary"))
    facts = {"kind": kind, "agent_name": text(summary.get("agent_name")), "commit": text(summary.get("head_commit"))}
    return Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        title=said or seen.title or seen.prompt,
        cwd=cwd,
        project=project_of(cwd),
        branch=text(summary.get("head_branch")),
        models=ordered((*seen.models, text(summary.get("current_model_id")))),
        parent=_parent(above, kind),
        status="ended",
        started=millis(summary.get("created_at")) or seen.started,
        active=_last(summary) or seen.active or ref.mtime_ns // MICRO,
        source_path=ref.path,
        context=_context(signals),
        extra={k: v for k, v in facts.items() if v},
    )


def _parent(above: str, kind: str) -> Parent | None:
    if not above:
        return None
    return Parent(id=observed_id(AGENT, above), kind="subagent" if kind == "subagent" else "fork")


def _last(summary: dict[str, Json]) -> int | None:
    return millis(summary.get("last_active_at")) or millis(summary.get("updated_at"))


def _context(signals: dict[str, Json]) -> Context:
    used, limit = number(signals.get("contextTokensUsed")), number(signals.get("contextWindowTokens"))
    return Context(used=used or None, limit=limit or None, source="recorded" if limit else "unknown")


def _cwd(group: Path) -> str:
    """Return the directory a group of sessions is named after; too long a name is kept in a file instead."""
    try:
        said = (group / ".cwd").read_text(encoding="utf-8", errors="replace")[:4096].strip()
    except OSError:
        said = ""
    found = clean(said or unquote(group.name))
    return found if found.startswith("/") or found[1:3] in (":\\", ":/") else ""


def _small(path: Path) -> dict[str, Json]:
    try:
        found = loads(path.read_bytes()) if path.stat().st_size <= MOST else None
    except OSError:
        return {}
    return found if isinstance(found, dict) else {}
