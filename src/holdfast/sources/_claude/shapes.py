"""The shapes of Claude Code's records: which fields are read, and nothing of what they mean."""

from __future__ import annotations

from msgspec import Struct

from holdfast.model import Json

_NAMES = {  # our field -> theirs
    "parent": "parentUuid", "logical_parent": "logicalParentUuid", "branch": "gitBranch", "side": "isSidechain",
    "meta": "isMeta", "request": "requestId", "compact": "isCompactSummary", "compaction": "compactMetadata",
    "custom_title": "customTitle", "ai_title": "aiTitle", "agent_name": "agentName", "api_error": "isApiErrorMessage",
    "session": "sessionId", "agent": "agentId", "continued_in": "continued-in",
}  # fmt: skip


class Creation(Struct):
    """`cache_creation` of a usage block."""

    ephemeral_1h_input_tokens: Json = 0


class Server(Struct):
    """`server_tool_use` of a usage block."""

    web_search_requests: Json = 0


class UsageBlock(Struct):
    """`usage` of a message; `iterations` is a breakdown of the same request and not read."""

    input_tokens: Json = 0
    output_tokens: Json = 0
    cache_read_input_tokens: Json = 0
    cache_creation_input_tokens: Json = 0
    cache_creation: Creation | None = None
    server_tool_use: Server | None = None


class Inner(Struct):
    """The `message` of a record."""

    id: str | None = None
    model: str | None = None
    content: Json = None
    usage: UsageBlock | None = None
    stop_reason: str | None = None


class UsageInner(Struct):
    """The `message` of a record as far as requests need it."""

    id: str | None = None
    model: str | None = None
    usage: UsageBlock | None = None


class UsageRecord(Struct, rename=lambda n: _NAMES.get(n, n)):
    """One line as far as requests need it."""

    type: str = ""
    uuid: str | None = None
    timestamp: str | None = None
    cwd: str | None = None
    branch: str | None = None
    version: str | None = None
    side: bool = False
    request: str | None = None
    agent: str | None = None
    message: UsageInner | None = None


class Record(Struct, rename=lambda n: _NAMES.get(n, n)):
    """One line."""

    type: str = ""
    subtype: str | None = None
    uuid: str | None = None
    parent: str | None = None
    logical_parent: str | None = None
    timestamp: str | None = None
    cwd: str | None = None
    branch: str | None = None
    version: str | None = None
    side: bool = False
    meta: bool = False
    compact: bool = False
    api_error: bool = False
    request: str | None = None
    agent: str | None = None
    message: Inner | None = None
    compaction: dict[str, Json] | None = None
    attachment: dict[str, Json] | None = None
    custom_title: str | None = None
    ai_title: str | None = None
    agent_name: str | None = None
    summary: str | None = None
    content: Json = None
    error: Json = None
