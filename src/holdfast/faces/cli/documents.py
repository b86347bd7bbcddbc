"""The JSON documents that commands print: one struct each, the schema of which is published.

Knows names and shapes; refuses to compute anything. Times are RFC 3339 in UTC, money is a decimal string in USD.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from holdfast.faces.cli.document_items import (
    AdviceItem,
    BatchItem,
    BlockItem,
    BoardItem,
    CommandItem,
    ContextItem,
    EvidenceItem,
    FactorItem,
    FaultItem,
    FileItem,
    Files,
    HitItem,
    HookItem,
    ImportedFile,
    InteractionItem,
    LiveItem,
    MessageItem,
    ParentItem,
    PreferenceItem,
    ProjectItem,
    PurgedItem,
    RequestItem,
    RestoredItem,
    SessionItem,
    SettingItem,
    TagProposal,
    TagRate,
    Tokens,
    TokensKind,
    UsageItem,
    WindowItem,
)

__all__ = [
    "SCHEMA_VERSION",
    "AdviceItem",
    "AdviceList",
    "AutoTagDocument",
    "BatchDocument",
    "BatchItem",
    "BlockItem",
    "BoardDocument",
    "BoardItem",
    "By",
    "CommandItem",
    "CompletionDocument",
    "ConfigDocument",
    "ContextItem",
    "CopyDocument",
    "Document",
    "ErrorDocument",
    "EvidenceItem",
    "ExportDocument",
    "FactorItem",
    "FaultItem",
    "FileItem",
    "Files",
    "HealthDocument",
    "HitItem",
    "HitList",
    "HookItem",
    "HooksDocument",
    "ImportDocument",
    "InteractionList",
    "LiveItem",
    "MessageItem",
    "ParentItem",
    "PreferenceList",
    "ProjectItem",
    "ProjectList",
    "PurgeDocument",
    "PurgedItem",
    "RequestItem",
    "RestoreDocument",
    "RestoredItem",
    "ResumeDocument",
    "SessionAnswer",
    "SessionChange",
    "SessionDetail",
    "SessionFile",
    "SessionItem",
    "SessionList",
    "SettingItem",
    "Shell",
    "SyncDocument",
    "TagProposal",
    "TagRate",
    "TagStatsDocument",
    "Tokens",
    "TokensKind",
    "TrashDocument",
    "UsageDocument",
    "UsageExplained",
    "UsageItem",
    "VerifyDocument",
    "VersionDocument",
    "WindowItem",
]
SCHEMA_VERSION = 1
By = Literal["day", "week", "month", "session", "model", "project", "agent", "block"]
Shell = Literal["bash", "zsh", "fish"]


class Document(Struct, frozen=True, kw_only=True):
    """What every document begins with."""

    schema_version: int = SCHEMA_VERSION


class SessionList(Document, frozen=True, kw_only=True):
    """What `list` prints; `stale` counts files not read yet, null when nobody looked."""

    stale: int | None
    sessions: tuple[SessionItem, ...]


class ProjectList(Document, frozen=True, kw_only=True):
    """What `list-projects` prints; `sessions_without` belong to no project."""

    projects: tuple[ProjectItem, ...]
    sessions_without: int


class CompletionDocument(Document, frozen=True, kw_only=True):
    """What `completion` prints."""

    shell: Shell
    script: str


class SessionAnswer(Document, frozen=True, kw_only=True):
    """A session after a change."""

    session: SessionItem


class SessionDetail(Document, frozen=True, kw_only=True):
    """What `show` prints; `live` is null where nobody looked."""

    session: SessionItem
    live: LiveItem | None
    files: tuple[FileItem, ...]
    commands: tuple[CommandItem, ...]
    messages: tuple[MessageItem, ...]


class HitList(Document, frozen=True, kw_only=True):
    """What `search` prints; `stale` counts files not read yet, null when nobody looked."""

    stale: int | None
    hits: tuple[HitItem, ...]


class SyncDocument(Document, frozen=True, kw_only=True):
    """What `sync` prints; `unknown` counts record types that no reader knows, `failed` says why a file was not read."""

    files: Files
    sessions: int
    messages_added: int
    unknown_records: int
    unknown: dict[str, int]
    damaged_lines: int
    bytes: int
    rows_written: int
    remaining: int
    failed: dict[str, str]
    trash_purged: int
    seconds: float


class UsageDocument(Document, frozen=True, kw_only=True):
    """What `usage` prints; `live` counts files that were read for it and are not in the archive yet."""

    by: str
    timezone: str
    live: int
    rows: tuple[UsageItem, ...]
    total: UsageItem


class UsageExplained(Document, frozen=True, kw_only=True):
    """What `usage --explain` prints: where each number of a session comes from."""

    session: str
    counted: tuple[RequestItem, ...]
    dropped: tuple[RequestItem, ...]
    unpriced_models: tuple[str, ...]
    total: UsageItem


class ExportDocument(Document, frozen=True, kw_only=True):
    """What `export` did; `masked` is null where nothing was masked on request. What was left out is not in the file."""

    path: str
    format: str
    sessions: int
    messages: int
    masked: dict[str, int] | None
    subagents_left_out: int = 0
    empty_left_out: int = 0


class ImportDocument(Document, frozen=True, kw_only=True):
    """What `import` did; `kept` counts messages that the file holds in masked form only; `damaged` says where it breaks off.

    Of a folder, `format` is empty and `files` lists what was read. `notes` and `preferences` count what is new.
    """

    format: str
    sessions: int
    messages_added: int
    replaced: int
    kept: int
    masked: dict[str, int] | None
    damaged: str
    ids: tuple[str, ...]
    notes: int = 0
    preferences: int = 0
    files: tuple[ImportedFile, ...] = ()


class SessionChange(Document, frozen=True, kw_only=True):
    """What `session new` and `session clear` did."""

    action: Literal["new", "clear"]
    name: str
    id: str


class SessionFile(Document, frozen=True, kw_only=True):
    """What `session export` wrote and `session import` added."""

    path: str
    id: str
    interactions: int
    preferences: int


class InteractionList(Document, frozen=True, kw_only=True):
    """What `session list --memory` prints."""

    path: str
    interactions: tuple[InteractionItem, ...]


class PreferenceList(Document, frozen=True, kw_only=True):
    """What `preferences` prints."""

    preferences: tuple[PreferenceItem, ...]


class RestoreDocument(Document, frozen=True, kw_only=True):
    """What `restore` did."""

    session: str
    files: tuple[RestoredItem, ...]


class ResumeDocument(Document, frozen=True, kw_only=True):
    """What `resume` would run; `shell` can be pasted, `problem` says why it may not work here."""

    session: str
    argv: tuple[str, ...]
    cwd: str
    shell: str
    problem: str


class TrashDocument(Document, frozen=True, kw_only=True):
    """What `delete` and `undelete` did."""

    action: Literal["deleted", "undeleted", "none"]
    sessions: tuple[SessionItem, ...]


class PurgeDocument(Document, frozen=True, kw_only=True):
    """What `purge` erased; `sources` are the agents' own files that still exist."""

    purged: tuple[PurgedItem, ...]


class ConfigDocument(Document, frozen=True, kw_only=True):
    """What `config` prints; `path` is the user's file."""

    path: str
    files: tuple[str, ...]
    settings: tuple[SettingItem, ...]


class VerifyDocument(Document, frozen=True, kw_only=True):
    """What `store verify` found."""

    store: str
    sessions: int
    messages: int
    captured_bytes: int
    faults: tuple[FaultItem, ...]


class CopyDocument(Document, frozen=True, kw_only=True):
    """What `store copy` did."""

    source: str
    target: str
    sessions: int
    messages: int
    files: int
    faults: tuple[FaultItem, ...] = ()


class BatchDocument(Document, frozen=True, kw_only=True):
    """What `batch` and `close` did, or would do (`none`): how many sessions, how many of them failed, and each."""

    action: Literal["none", "tagged", "exported", "closed"]
    count: int
    failed: int
    sessions: tuple[BatchItem, ...]


class HooksDocument(Document, frozen=True, kw_only=True):
    """What `hooks` found or did; `diff` is what was or would be changed."""

    action: Literal["shown", "installed", "removed", "none"]
    agents: tuple[HookItem, ...]


class BoardDocument(Document, frozen=True, kw_only=True):
    """What `monitor` prints: what runs now, what needs a person first; `stale` counts files not read yet."""

    at: str | None
    counts: dict[str, int]
    tokens_per_minute: float
    cost_today_usd: str | None
    windows: tuple[WindowItem, ...]
    sessions: tuple[BoardItem, ...]
    recommendations: tuple[AdviceItem, ...]
    stale: int


class HealthDocument(Document, frozen=True, kw_only=True):
    """What `health` prints: a score from 0 to 1, of what it is made, and what to do."""

    session: str
    scoring: Literal["default", "classic"]
    score: float
    grade: Literal["healthy", "warning", "critical"]
    factors: tuple[FactorItem, ...]
    advice: tuple[str, ...]


class AdviceList(Document, frozen=True, kw_only=True):
    """What `recommend` prints, the most urgent first."""

    recommendations: tuple[AdviceItem, ...]


class AutoTagDocument(Document, frozen=True, kw_only=True):
    """What `auto-tag` proposes, the best first, and what was decided; `tags` are the session's tags afterwards."""

    session: str
    project_type: str
    proposals: tuple[TagProposal, ...]
    accepted: tuple[str, ...]
    rejected: tuple[str, ...]
    tags: tuple[str, ...]


class TagStatsDocument(Document, frozen=True, kw_only=True):
    """What `tag-stats` prints: what was learned from accepted and rejected tags."""

    tags: tuple[TagRate, ...]
    project_types: tuple[TagRate, ...]


class VersionDocument(Document, frozen=True, kw_only=True):
    """What --version prints with --json."""

    version: str


class ErrorDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What goes to stderr when a command with --json fails."""

    code: str
    message: str
    hint: str = ""
    candidates: tuple[str, ...] = field(default_factory=tuple)
