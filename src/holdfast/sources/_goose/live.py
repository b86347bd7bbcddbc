"""Goose when it runs: its command. Where a turn stands is read from the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sources._live import Launch, arguments, plain_claim

if TYPE_CHECKING:
    from holdfast.model.live import Claim
    from holdfast.model.process import Process

LAUNCH = Launch(
    names=("goose",),
    scripts=(),
    modules=(),
    never=(
        "configure",
        "list",
        "export",
        "remove",
        "diagnostics",
        "info",
        "mcp",
        "update",
        "schedule",
        "project",
        "projects",
        "recipe",
        "bench",
        "up",
        "down",
        "create",
        "status",
        "reset",
        "redo",
        "version",
        "fix",
        "validate",
        "-dir",
        "postgres",
        "mysql",
        "sqlite3",
    ),
)


def claims(process: Process) -> tuple[Claim, ...]:
    """Say which session the command line names."""
    given = arguments(process, LAUNCH)
    if given is None:
        return ()
    return (plain_claim(process, given, by_id=("--session-id", "--id"), go_on=("--resume", "-r")),)
