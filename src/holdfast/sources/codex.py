"""Codex: `sessions/YYYY/MM/DD/rollout-*.jsonl`, archived and compressed ones, forks and sub-agents.

Knows where its files are; reading is in `_codex`. Format: docs/reference/sources/codex.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.sources._codex import live
from holdfast.sources._codex.rollouts import PARSER, Rollouts
from holdfast.sources.base import Command, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene


class Codex(Rollouts):
    """Reads Codex's rollouts (CLI, exec, editor and app, which share one folder)."""

    info = SourceInfo(
        slug="codex",
        name="Codex",
        parser=PARSER,
        env=("CODEX_HOME",),
        verified=True,
        evidence="11 recordings up to 0.147, 4 reduced ones, 5 files of another program's tests",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - one place for all
        """Return `~/.codex` or its override."""
        moved = env.get("CODEX_HOME")
        return (Path(moved) if moved else home / ".codex",)

    def resume_command(self, session: Session) -> Command:
        """Return `codex resume -- ID` in the session's directory."""
        return Command(argv=("codex", "resume", "--", session.native_id), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:
        """Say which session a process of this agent holds."""
        return live.claims(process, scene)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)
