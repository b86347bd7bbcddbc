"""What JSON documents are made of: sessions, messages, rows and the like, in the shapes that are published.

Knows names and shapes; refuses to compute anything. Times are RFC 3339 in UTC, money is a decimal string in USD.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from holdfast.model import Json, Part

TokensKind = Literal["reported", "exact", "estimated", "none"]


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


class Files(Struct, frozen=True, kw_only=True):
    """Files by what became of them."""

    seen: int
    read: int
    skipped: int
    failed: int


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


class RequestItem(Struct, frozen=True, kw_only=True):
    """One request; `owner` is another session that counts it, `line` a message or row where `place` is `item`."""

    key: str
    at: str | None
    model: str
    tokens: Tokens
    tokens_kind: TokensKind
    source_path: str
    line: int
    place: Literal["line", "item"]
    cost_usd: str | None
    owner: str


class RestoredItem(Struct, frozen=True, kw_only=True):
    """One file of a restored session."""

    path: str
    fate: Literal["written", "unchanged", "in-the-way", "failed"]
    bytes: int
    note: str


class PurgedItem(Struct, frozen=True, kw_only=True):
    """One purged session with its sub-agents, and how its absence was checked."""

    sessions: tuple[str, ...]
    samples: int
    traces: tuple[str, ...]
    sources: tuple[str, ...]


class SettingItem(Struct, frozen=True, kw_only=True):
    """One setting with the place that decided it."""

    name: str
    value: Json
    origin: Literal["flag", "environment", "project", "user", "default"]
    place: str
    help: str
    env: str


class BatchItem(Struct, frozen=True, kw_only=True):
    """What became of one session in a batch, where it was saved, and which process held it."""

    id: str
    agent: str
    name: str
    outcome: Literal[
        "none", "tagged", "exported", "ended", "killed", "still-running", "not-running", "refused", "failed"
    ]
    failed: bool = False
    pid: int | None = None
    path: str = ""
    reason: str = ""


class HookItem(Struct, frozen=True, kw_only=True):
    """One agent's hooks: the file, how it stands, for which events, and the last that was heard of it."""

    agent: str
    path: str
    status: Literal["installed", "partly", "outdated", "not-installed", "no-agent", "unreadable"]
    events: tuple[str, ...]
    last_heard: str | None
    last_event: str
    last_state: str
    note: str
    diff: str


class FaultItem(Struct, frozen=True, kw_only=True):
    """Something that a verification found wrong, and the session that it is wrong with, where that is known."""

    place: str
    problem: str
    session: str = ""


class FactorItem(Struct, frozen=True, kw_only=True):
    """One factor of a health: its score from 0 (bad) to 1 (good), its weight (0 where nothing is known), and what it rests on."""

    name: str
    score: float
    weight: float
    evidence: str
    advice: str


class AdviceItem(Struct, frozen=True, kw_only=True):
    """One thing worth doing; `session_id` is null where it concerns several sessions."""

    type: str
    priority: Literal["high", "medium", "low"]
    session_ids: tuple[str, ...]
    session_id: str | None
    message: str
    reason: str
    action: str


class TagProposal(Struct, frozen=True, kw_only=True):
    """One proposed tag: how often it was hinted at, what it weighs after what was learned, and the hints."""

    tag: str
    count: int
    weight: float
    reasons: tuple[str, ...]
    applied: bool


class TagRate(Struct, frozen=True, kw_only=True):
    """How often one tag (or the tags of one type of project) was accepted; `rate` is a share from 0 to 1."""

    name: str
    accepted: int
    rejected: int
    rate: float


class EvidenceItem(Struct, frozen=True, kw_only=True):
    """One thing that was seen of a session: by a hook, in the agent's registry, in the transcript, or of the process."""

    kind: Literal["hook", "registry", "transcript", "process"]
    state: str
    at: str | None
    detail: str
    confidence: float


class LiveItem(Struct, frozen=True, kw_only=True):
    """What a session does now, on what evidence (the deciding one first); `pid` is null where no process is certain."""

    state: str
    since: str | None
    confidence: float
    ambiguous: bool
    needs: str
    pid: int | None
    started: str | None
    tty: str
    pane: str
    evidence: tuple[EvidenceItem, ...]


class WindowItem(Struct, frozen=True, kw_only=True):
    """A plan's limit as an agent recorded it: the used share (0 to 1) of a window."""

    agent: str
    name: str
    used: float
    minutes: int | None
    resets: str | None
    at: str | None


class BoardItem(Struct, frozen=True, kw_only=True):
    """One session on the board; `burn` counts the tokens of the last twelve spans of ten seconds, the newest last."""

    session: SessionItem
    live: LiveItem
    context: ContextItem
    tokens_per_minute: float
    burn: tuple[int, ...]
    cost_today_usd: str | None
    health: float | None
    grade: Literal["healthy", "warning", "critical"] | None


class InteractionItem(Struct, frozen=True, kw_only=True):
    """A question and what came of it; `timestamp` is in seconds."""

    query: str
    response_summary: str
    timestamp: float


class PreferenceItem(Struct, frozen=True, kw_only=True):
    """What a person prefers, who says so (person, learned, import:FILE), and where."""

    key: str
    value: str
    writer: str
    at: str | None
    session: str
    message: str
    quote: str


class ImportedFile(Struct, frozen=True, kw_only=True):
    """One file of a folder that was read, or the `problem` that prevented it."""

    path: str
    format: str
    sessions: int
    messages_added: int
    problem: str
