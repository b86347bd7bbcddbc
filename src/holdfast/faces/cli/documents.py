"""The JSON documents that commands print: one struct each, the schema of which is published.

Knows names and shapes; refuses to compute anything. Times are RFC 3339 in UTC, money is a decimal string in USD.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from holdfast.model import Json, Part

SCHEMA_VERSION = 1
By = Literal["day", "week", "month", "session", "model", "project", "agent", "block"]
Shell = Literal["bash", "zsh", "fish"]
TokensKind = Literal["reported", "exact", "estimated", "none"]


class Document(Struct, frozen=True, kw_only=True):
    """What every document begins with."""

    schema_version: int = SCHEMA_VERSION


class Tokens(Struct, frozen=True, kw_only=True):
    """Tokens by class; the first four never overlap, `reasoning` says how many there were, wherever the agent counts them."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


class ParentItem(Struct, frozen=True, kw_only=True):
    """The session this one came from."""

    id: str
    kind: Literal["fork", "continuation", "subagent"]


class ContextItem(Struct, frozen=True, kw_only=True):
    """Tokens in the context window after the last request, the window's size, and who says so."""

    used: int | None = None
    limit: int | None = None
    source: Literal["recorded", "table", "unknown"] = "unknown"


class SessionItem(Struct, frozen=True, kw_only=True):
    """One session, as every command shows it."""

    id: str
    agent: str
    native_id: str
    name: str
    title: str
    project: str
    cwd: str
    branch: str
    models: tuple[str, ...]
    parent: ParentItem | None
    started: str | None
    last_activity: str | None
    status: str
    messages: int
    user_messages: int
    tool_calls: int
    errors: int
    tokens: Tokens
    tokens_kind: TokensKind
    requests: int
    cost_usd: str | None
    unpriced_models: tuple[str, ...]
    context: ContextItem
    tags: tuple[str, ...]
    description: str
    source_path: str
    source_exists: bool
    captured: bool
    source_expires: str | None
    expires: str | None
    partial: bool
    trashed: str | None


class SessionList(Document, frozen=True, kw_only=True):
    """What `list` prints; `stale` counts files not read yet, null when nobody looked."""

    stale: int | None
    sessions: tuple[SessionItem, ...]


class ProjectItem(Struct, frozen=True, kw_only=True):
    """One project: its folder (or the name that a person gave it) and what was done in it."""

    project: str
    name: str
    sessions: int
    messages: int
    agents: tuple[str, ...]
    tags: tuple[str, ...]
    started: str | None
    last_activity: str | None


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


class MessageItem(Struct, frozen=True, kw_only=True):
    """One message; `live` is false once a rewind took it out of the conversation."""

    id: str
    seq: int
    role: Literal["user", "assistant", "system", "tool"]
    at: str | None
    model: str
    live: bool
    parts: tuple[Part, ...]


class FileItem(Struct, frozen=True, kw_only=True):
    """One file that a tool call read or changed; `added` and `removed` count lines where the call tells."""

    path: str
    action: Literal["read", "write", "edit", "delete", "search"]
    message: str
    at: str | None
    added: int
    removed: int


class CommandItem(Struct, frozen=True, kw_only=True):
    """One command that the agent ran; `exit` is null where no result is known."""

    command: str
    cwd: str
    message: str
    at: str | None
    exit: int | None
    error: bool
    output: str


class SessionDetail(Document, frozen=True, kw_only=True):
    """What `show` prints."""

    session: SessionItem
    files: tuple[FileItem, ...]
    commands: tuple[CommandItem, ...]
    messages: tuple[MessageItem, ...]


class HitItem(Struct, frozen=True, kw_only=True):
    """One hit; `highlights` are [start, end] character positions in `snippet`."""

    session: str
    message: str
    seq: int
    role: str
    kind: Literal["said", "tool", "session"]
    at: str | None
    snippet: str
    highlights: tuple[tuple[int, int], ...]
    score: float


class HitList(Document, frozen=True, kw_only=True):
    """What `search` prints; `stale` counts files not read yet, null when nobody looked."""

    stale: int | None
    hits: tuple[HitItem, ...]


class Files(Struct, frozen=True, kw_only=True):
    """Files by what became of them."""

    seen: int
    read: int
    skipped: int
    failed: int


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


class BlockItem(Struct, frozen=True, kw_only=True):
    """Five hours from the full hour of a first request, or (`gap`) the time between two such blocks without any."""

    start: str | None
    end: str | None
    last_request: str | None
    active: bool
    gap: bool


class UsageItem(Struct, frozen=True, kw_only=True):
    """One row of a usage table; `block` is null unless rows are blocks."""

    key: str
    label: str
    sessions: int
    requests: int
    tokens: Tokens
    tokens_kind: TokensKind
    cost_usd: str | None
    models: tuple[str, ...]
    unpriced_models: tuple[str, ...]
    block: BlockItem | None = None


class UsageDocument(Document, frozen=True, kw_only=True):
    """What `usage` prints; `live` counts files that were read for it and are not in the archive yet."""

    by: str
    timezone: str
    live: int
    rows: tuple[UsageItem, ...]
    total: UsageItem


class RequestItem(Struct, frozen=True, kw_only=True):
    """One request; `owner` names the session that counts it, where that is another one."""

    key: str
    at: str | None
    model: str
    tokens: Tokens
    tokens_kind: TokensKind
    source_path: str
    line: int
    owner: str


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
    """What `import` did; `kept` counts messages that the file holds in masked form only; `damaged` says where it breaks off."""

    format: str
    sessions: int
    messages_added: int
    replaced: int
    kept: int
    masked: dict[str, int] | None
    damaged: str
    ids: tuple[str, ...]


class RestoredItem(Struct, frozen=True, kw_only=True):
    """One file of a restored session."""

    path: str
    fate: Literal["written", "unchanged", "in-the-way", "failed"]
    bytes: int
    note: str


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


class PurgedItem(Struct, frozen=True, kw_only=True):
    """One purged session with its sub-agents, and how its absence was checked."""

    sessions: tuple[str, ...]
    samples: int
    traces: tuple[str, ...]
    sources: tuple[str, ...]


class PurgeDocument(Document, frozen=True, kw_only=True):
    """What `purge` erased; `sources` are the agents' own files that still exist."""

    purged: tuple[PurgedItem, ...]


class SettingItem(Struct, frozen=True, kw_only=True):
    """One setting with the place that decided it."""

    name: str
    value: Json
    origin: Literal["flag", "environment", "project", "user", "default"]
    place: str
    help: str
    env: str


class ConfigDocument(Document, frozen=True, kw_only=True):
    """What `config` prints; `path` is the user's file."""

    path: str
    files: tuple[str, ...]
    settings: tuple[SettingItem, ...]


class FaultItem(Struct, frozen=True, kw_only=True):
    """Something that a verification found wrong."""

    place: str
    problem: str


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


class VersionDocument(Document, frozen=True, kw_only=True):
    """What --version prints with --json."""

    version: str


class ErrorDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What goes to stderr when a command with --json fails."""

    code: str
    message: str
    hint: str = ""
    candidates: tuple[str, ...] = field(default_factory=tuple)
