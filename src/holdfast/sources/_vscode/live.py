"""Visual Studio Code when it runs: no agent, but the process in whose windows chats go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.model.live import Claim
from holdfast.sources._live import named

if TYPE_CHECKING:
    from holdfast.model.process import Process

EDITORS = frozenset(
    {
        "code",
        "code-insiders",
        "code-oss",
        "codium",
        "codium-insiders",
        "positron",
        "Code",
        "Code - Insiders",
        "VSCodium",
    }
)


def claims(process: Process) -> tuple[Claim, ...]:
    """Say that a process is the editor itself: none of its processes for windows, extensions and shells."""
    argv = process.argv
    if not argv or named(argv[0]) not in EDITORS:
        return ()
    if any(
        a.startswith("--type=") or a.endswith((".js", ".mjs")) or a in ("tunnel", "serve-web", "--version")
        for a in argv[1:]
    ):
        return ()
    return (Claim(editor=True),)
