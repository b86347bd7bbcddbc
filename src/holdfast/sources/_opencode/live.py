"""OpenCode when it runs: its command. Where a turn stands is read from the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sources._live import Launch, arguments, plain_claim

if TYPE_CHECKING:
    from holdfast.model.live import Claim
    from holdfast.model.process import Process

LAUNCH = Launch(
    names=("opencode",),
    scripts=("/opencode-ai/bin/",),
    modules=(),
    never=(
        "upgrade",
        "uninstall",
        "auth",
        "models",
        "stats",
        "export",
        "import",
        "mcp",
        "github",
        "agent",
        "debug",
        "session",
        "attach",
    ),
)


def claims(process: Process, launch: Launch = LAUNCH) -> tuple[Claim, ...]:
    """Say which session the command line names."""
    given = arguments(process, launch)
    if given is None:
        return ()
    return (plain_claim(process, given, by_id=("--session", "-s"), go_on=("--continue", "-c")),)
