"""A running process, as far as it matters for telling which agent it is."""

from __future__ import annotations

from msgspec import Struct


class Process(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One process; `started` (Unix ms) tells it from a later one with the same pid."""

    pid: int
    started: int
    name: str
    argv: tuple[str, ...] = ()
    executable: str = ""
    cwd: str = ""
    tty: str = ""
    pane: str = ""
    """The tmux pane that its terminal is, as `session:window.pane`; only boards ask for it."""
    parent: int = 0
    stopped: bool = False
    """Suspended (Ctrl-Z, SIGSTOP): alive, and doing nothing."""
