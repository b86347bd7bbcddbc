"""Which Antigravity conversation started which: only the parent's transcript says so, in the result of its call.

Looks at other conversations' transcripts, newest facts only, and at nothing else of them.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from holdfast.sources._content import flat_text
from holdfast.sources._files import ref
from holdfast.sources._jsonl import LINE_LIMIT, loads
from holdfast.sources.base import Ref

AGENT = "antigravity"
LOGS = Path(".system_generated") / "logs"
SLACK_MS = 3_600_000
"""A parent's transcript was written to after its sub-agent began, by the same clock, give or take an hour."""
_MARK = b"INVOKE_SUBAGENT"
_CHILD = re.compile(r'"conversationId":\s*"([\w-]{1,100})"')
_FOLDER = re.compile(r'"file://(/[^"\n]{1,4000})"')


def transcript_of(root: Path, folder: Path) -> Ref | None:
    """Return a conversation's transcript, the full one where there are two."""
    for name in ("transcript_full.jsonl", "transcript.jsonl"):
        found = ref(AGENT, folder / LOGS / name, root=root)
        if found is not None:
            return found
    return None


def parent_of(root: Path, native: str, began: int) -> tuple[str, str]:
    """Return the conversation that started this one and where it runs; two empty texts where none did."""
    for folder in listed(root / "brain"):
        found = transcript_of(root, folder) if folder.name != native else None
        if found is not None and found.mtime_ns // 1_000_000 >= began - SLACK_MS:
            children = _children(found.path, found.size, found.mtime_ns)
            if native in children:
                return folder.name, children[native]
    return "", ""


def folder_in(said: str) -> str:
    """Return the first workspace that the result of starting sub-agents names."""
    found = _FOLDER.search(said.partition("workspaceUris")[2])
    return unquote(found[1]) if found else ""


def listed(folder: Path) -> list[Path]:
    """List a folder in order; one that is not there holds nothing."""
    try:
        return [folder / name for name in sorted(os.listdir(folder))]
    except OSError:
        return []


@lru_cache(maxsize=4096)
def _children(path: str, size: int, mtime_ns: int) -> dict[str, str]:  # noqa: ARG001 - size and time are the cache's key
    children: dict[str, str] = {}
    try:
        with Path(path).open("rb") as stream:
            while line := stream.readline(LINE_LIMIT):
                record = loads(line) if _MARK in line else None
                if isinstance(record, dict) and record.get("type") == _MARK.decode():
                    said = _said(record)
                    children.update(dict.fromkeys(_CHILD.findall(said), folder_in(said)))
    except OSError:
        return {}
    return children


def _said(record: dict[str, object]) -> str:
    try:
        return flat_text(record.get("content"))
    except RecursionError:
        return ""
