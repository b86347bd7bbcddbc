"""TraeX (TRAE CLI 2): Codex's rollouts below `~/.trae/cli`, with sessions and request keys of its own.

Knows where its files are; reading is shared with Codex. Format: docs/reference/sources/traex.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sources._codex.rollouts import PARSER, Rollouts
from holdfast.sources.base import Command, SourceInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from holdfast.model import Session


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
