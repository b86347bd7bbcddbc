"""LLM Session Manager's database, and its exports in YAML and Markdown (those in JSON have their own reader).

Knows that it gave one process a new id at every look; refuses to take its counts for counts of ours: they stay beside.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.errors import Unreadable
from holdfast.interchange._originals import MAGIC, database, has, local, parsed, rows, shape
from holdfast.interchange._vendor import list_of, rest, text_of
from holdfast.interchange.base import Header, Knowledge
from holdfast.model import Context, Edits, Json, Message, Session, Text, Transcript, observed_id
from holdfast.model.knowledge import Note, Provenance

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

AGENTS = {"claude_code": "claude-code", "cursor_cli": "cursor", "github_copilot": "copilot-cli"}
_TABLES = {"sessions": ("id", "pid", "type", "start_time", "working_directory", "tags")}
_YAML = re.compile(rb"\A(\xef\xbb\xbf)?(---\n)?session_id: [^\n]*\ntimestamp: [^\n]*\ntype: [^\n]*\n")
_REPORT = re.compile(rb"\A(\xef\xbb\xbf)?# Session Report: \S")
_LINE = re.compile(r"^\s*[-*]?\s*\**(?P<label>[A-Z][A-Za-z ]+?)\**\s*:\**\s*(?P<value>.*?)\s*$")
_OWN = (
    "id",
    "type",
    "tags",
    "project_name",
    "description",
    "start_time",
    "last_activity",
    "working_directory",
    "created_at",
)
_ROUGH = 10_000_000
"""More tokens than any window has: such a number counted a folder, not a conversation."""


class LlmSmImport:
    """A database of many sessions, or an export of one."""

    name: ClassVar[str] = "llm-session-manager"

    def sniff(self, head: bytes) -> float:
        """Claim the beginnings of its two texts."""
        return 0.93 if _YAML.match(head) or _REPORT.match(head) else 0.0

    def claims(self, stream: IO[bytes]) -> float:
        """Look into a database too."""
        start = stream.tell()
        head = stream.read(4096)
        stream.seek(start)
        if head.startswith(MAGIC):
            return 0.95 if has(shape(stream), _TABLES) else 0.0
        return self.sniff(head)

    def header(self, stream: IO[bytes]) -> Header:
        """Read the tags, which are a person's own."""
        start = stream.tell()
        found = [(_session(f), _tags(f)) for f in _facts(stream)]
        stream.seek(start)
        return Header(edits={s.id: Edits(tags=tags) for s, tags in found if tags})

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield each session, once for all ids of one process."""
        for facts in _facts(stream):
            said = enumerate(list_of(facts, "messages"), 1)
            messages = (
                Message(id=f"message-{n}", role="user", parts=(Text(t),)) for n, t in said if isinstance(t, str)
            )
            yield Transcript(session=_session(facts), messages=tuple(messages))

    def knowledge(self, stream: IO[bytes]) -> Knowledge:
        """Return the memories of a database."""
        if "memories" not in shape(stream):
            return Knowledge()
        with database(stream) as connection:
            return Knowledge(notes=tuple(_note(row) for row in rows(connection, "memories") if text_of(row, "content")))


def _facts(stream: IO[bytes]) -> Iterator[dict[str, Json]]:
    start = stream.tell()
    head = stream.read(4096)
    stream.seek(start)
    if head.startswith(MAGIC):
        with database(stream) as connection:
            feedback: dict[str, list[Json]] = {}
            for row in rows(connection, "tag_feedback"):
                feedback.setdefault(str(row.get("session_id")), []).append(row)
            yield from _folded(list(rows(connection, "sessions")), feedback)
    elif _REPORT.match(head):
        yield _report(_decoded(stream.read()))
    else:
        yield _export(_decoded(stream.read()))


def _folded(listed: list[dict[str, Json]], feedback: Mapping[str, list[Json]]) -> Iterator[dict[str, Json]]:
    """Join the rows of one process: the first id names it, the last word counts, and no tag is lost."""
    groups: dict[tuple[Json, ...], list[dict[str, Json]]] = {}
    for row in listed:
        pid = row.get("pid")
        key = (row.get("type"), pid, row.get("working_directory")) if pid else (row.get("id"),)
        groups.setdefault(key, []).append(row)
    for group in groups.values():
        group.sort(key=lambda r: (str(r.get("created_at") or ""), str(r.get("id"))))
        facts: dict[str, Json] = {}
        for row in group:
            facts |= {k: v for k, v in row.items() if v not in (None, "", "[]")}
        ids = [str(r["id"]) for r in group]
        told = [f for i in ids for f in feedback.get(i, [])]
        yield {
            **facts,
            "id": ids[0],
            "start_time": min((t for r in group if (t := text_of(r, "start_time"))), default=""),
            "last_activity": max((t for r in group if (t := text_of(r, "last_activity"))), default=""),
            "tags": [t for r in group for t in parsed(r.get("tags"), list)],
            **({"ids": ids} if len(ids) > 1 else {}),
            **({"tag_feedback": told} if told else {}),
        }


def _export(text: str) -> dict[str, Json]:
    import yaml  # noqa: PLC0415 - a format that is not asked for is not loaded

    try:
        tree = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are the safe one
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        mark = getattr(problem, "problem_mark", None)
        raise Unreadable(f"line {mark.line + 1 if mark else 1}: {problem}", "export the session again") from problem
    if not isinstance(tree, dict) or not isinstance(tree.get("context"), dict) or not tree.get("session_id"):
        raise Unreadable("line 1: expected session_id, timestamp, type and context", "export the session again")
    context = {k: _plain(v) for k, v in tree["context"].items()}
    outer = {k: _plain(v) for k, v in tree.items() if k not in ("context", "session_id")}
    return {**context, **outer, "id": str(tree["session_id"])}


def _plain(value: Json) -> Json:
    """Return what YAML made a date of as text again."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _report(text: str) -> dict[str, Json]:
    lines = text.splitlines()
    told = {m["label"].strip().lower(): m["value"].strip("` ") for line in lines if (m := _LINE.match(line))}
    description = re.search(r"^## Description\s*\n+(.*?)(?=^## |^---\s*$|\Z)", text, re.MULTILINE | re.DOTALL)
    project, tokens = told.get("project", ""), re.findall(r"[\d,]+", told.get("token usage", ""))
    return {
        "id": lines[0].partition(":")[2].strip(),
        "type": told.get("type", ""),
        "status": told.get("status", ""),
        "project_name": "" if project == "N/A" else project,
        "tags": [t for t in re.findall(r"[\w./-]+", told.get("tags", "")) if t != "None"],
        "pid": told.get("pid", ""),
        "working_directory": told.get("working directory", ""),
        "start_time": told.get("started", ""),
        "last_activity": told.get("last activity", ""),
        "description": description[1].strip() if description else told.get("description", ""),
        **{k: int(v.replace(",", "") or 0) for k, v in zip(("token_count", "token_limit"), tokens, strict=False)},
        "report": text,
    }


def _session(facts: Mapping[str, Json]) -> Session:
    native, kind = str(facts["id"]), text_of(facts, "type")
    agent = AGENTS.get(kind.lower().replace(" ", "_"), "import")
    return Session(
        id=observed_id(agent, native),
        agent=agent,
        native_id=native,
        origin="owned",
        project=text_of(facts, "project_name"),
        description=text_of(facts, "description"),
        cwd=text_of(facts, "working_directory"),
        status="ended",
        started=local(facts.get("start_time")),
        active=local(facts.get("last_activity")) or local(facts.get("timestamp")),
        partial=True,
        context=_window(facts),
        extra={**rest(facts, (*_OWN, "messages")), "type": kind},
    )


def _window(facts: Mapping[str, Json]) -> Context:
    used, limit = facts.get("token_count"), facts.get("token_limit")
    if type(used) is not int or type(limit) is not int or not 0 < used < _ROUGH or limit <= 0:
        return Context()
    return Context(used=used, limit=limit, source="recorded")


def _tags(facts: Mapping[str, Json]) -> tuple[str, ...]:
    return tuple(sorted({t.strip().lower() for t in list_of(facts, "tags") if isinstance(t, str) and t.strip()}))


def _note(row: Mapping[str, Json]) -> Note:
    native = text_of(row, "source_session")
    agent = next((ours for kind, ours in AGENTS.items() if native.startswith(kind)), "import")
    source = Provenance(
        writer=LlmSmImport.name,
        trust="import",
        at=local(row.get("timestamp")) or 0,
        session=observed_id(agent, native) if native else "",
    )
    tags = tuple(dict.fromkeys(str(t) for t in parsed(row.get("tags"), list)))
    ident = observed_id("llm-session-manager-memory", str(row.get("id")))
    return Note(id=ident, text=str(row["content"]), provenance=source, tags=tags, session=source.session)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise Unreadable(f"line {line}: expected UTF-8, {problem.reason}", "save the file as UTF-8") from None
