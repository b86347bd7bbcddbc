"""TraeX (TRAE CLI 2): Codex's rollouts below `~/.trae/cli`, with sessions and request keys of its own.

Knows where its files are; reading is shared with Codex. Format: docs/reference/sources/traex.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sources._codex import live
from holdfast.sources._codex.rollouts import PARSER, Rollouts
from holdfast.sources._live import Launch
from holdfast.sources.base import Command, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from holdfast.model import Session
    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process
    from holdfast.sources.base import Scene


LAUNCH = Launch(names=("traex",), never=("mcp-server", "login"))


class TraeX(Rollouts):
    """Reads the rollouts of TRAE's command line, which is built on Codex."""

    info = SourceInfo(
        slug="traex",
        name="TraeX",
        parser=PARSER,
        verified=True,
        evidence="1 sanitized recording of 0.200.19 (a sub-agent); the rest is Codex's format",
    )

    def roots(self, env: Mapping[str, str], home: Path, platform: str) -> tuple[Path, ...]:  # noqa: ARG002 - one place for all
        """Return `~/.trae/cli`; no variable that moves it is known."""
        return (home / ".trae" / "cli",)

    def resume_command(self, session: Session) -> Command:
        """Return `traex resume -- ID` in the session's directory."""
        return Command(argv=("traex", "resume", "--", session.native_id), cwd=session.cwd)

    def claims(self, process: Process, scene: Scene) -> tuple[Claim, ...]:
        """Say which session a process of this agent holds."""
        return live.claims(process, scene, LAUNCH)

    def tail(self, path: str) -> Tail | None:
        """Say where the last turn stands."""
        return live.tail(path)
