"""Small homes of every agent, and workspaces over them: what the tests of services share."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from holdfast import config, registry
from holdfast.workspace import Workspace

AGENTS = tuple(registry.names("sources"))
SECOND_NS = 1_000_000_000
BEGAN_NS = 1_790_000_000 * SECOND_NS


def sample(slug: str):
    return import_module(f"tests.contracts.samples.{slug.replace('-', '_')}")


def build(folder: Path, *slugs: str) -> dict[str, list[Path]]:
    """Write the sample homes of these agents (all of them for none); returns their roots."""
    roots = {}
    for slug in slugs or AGENTS:
        root = folder / slug
        root.mkdir(parents=True)
        sample(slug).build(root)
        roots[slug] = [root]
    return roots


@contextmanager
def workspace(folder: Path, roots, **settings):
    """Open a workspace whose archive lies below the folder; settings by their dotted names."""
    env = {"HOLDFAST_HOME": str(folder / "data"), "HOME": str(folder / "home")}
    found = Workspace(config.load(settings, env=env, cwd=folder), roots=roots, env=env)
    try:
        yield found
    finally:
        found.close()


def said(text: str, number: int, **more) -> dict:
    """Build a person's record of a Claude Code transcript."""
    return _record("user", number, message={"role": "user", "content": text}, **more)


def answered(text: str, number: int, *, request: str = "", output: int = 7, model: str = "claude-opus-4-7", **more):
    """Build a model's record of a Claude Code transcript; `request` names its billed request."""
    name = request or f"req{number}"
    message = {
        "id": f"msg_{name}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}],
        "usage": {"input_tokens": 3, "output_tokens": output, "cache_read_input_tokens": 100},
    }
    return _record("assistant", number, requestId=f"req_{name}", message=message, **more)


def _record(kind: str, number: int, *, session: str = "aaaa", at: str = "", **more) -> dict:
    return {
        "type": kind,
        "uuid": f"{session}-{number}",
        "sessionId": session,
        "timestamp": at or f"2026-03-01T10:{number // 60:02d}:{number % 60:02d}.000Z",
        "cwd": "/home/ada/shop",
        "version": "2.1.0",
        "isSidechain": False,
        **more,
    }


def lines(*records) -> bytes:
    return b"".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for r in records)


class Claude:
    """A Claude Code home that a test writes line by line."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "claude"
        self.project = self.root / "projects" / "-home-ada-shop"
        self.project.mkdir(parents=True)
        self.roots = {"claude-code": [self.root]}
        self._ticks = 0

    def path(self, session: str) -> Path:
        return self.project / f"{session}.jsonl"

    def write(self, session: str, *records, torn: bytes = b"") -> Path:
        return self.put(session, lines(*(r | {"sessionId": session} for r in records)) + torn)

    def append(self, session: str, *records, torn: bytes = b"") -> Path:
        held = self.path(session).read_bytes()
        return self.put(session, held + lines(*(r | {"sessionId": session} for r in records)) + torn)

    def put(self, session: str, data: bytes) -> Path:
        """Write a file and give it a later time than any file before it."""
        path = self.path(session)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self._ticks += 1
        os.utime(path, ns=(BEGAN_NS, BEGAN_NS + self._ticks * SECOND_NS))
        return path

    def remembers(self, session: str, *prompts: str) -> None:
        """Add prompts to the history file."""
        entries = [
            {
                "display": p,
                "pastedContents": {},
                "timestamp": 1_772_000_000_000 + n,
                "project": "/p",
                "sessionId": session,
            }
            for n, p in enumerate(prompts)
        ]
        path = self.root / "history.jsonl"
        held = path.read_bytes() if path.exists() else b""
        path.write_bytes(held + lines(*entries))


def picture(store) -> dict:
    """Return what a store says of every session, without the store's own clock."""
    from msgspec.structs import replace

    return {
        s.id: (
            replace(s, revision=0),
            tuple(store.messages(s.id)),
            {f.path: b"".join(store.raw(f)) for f in store.raw_files(s.id) if f.version == 0},
        )
        for s in store.find()
    }
