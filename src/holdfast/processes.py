"""The processes of this user, as far as telling agents apart needs it.

Knows the system's process table; refuses to know any agent. Only processes of the own user are looked at, never their
environment, and secrets in a command line are masked before it leaves this module. A process that ends while it is looked
at, or that may not be looked at, is left out.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, TypeVar

import psutil  # type: ignore[import-untyped]

from holdfast.model.process import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")
MASK = "[masked]"
LONGEST = 512
"""Characters of one argument that are kept: prompts on command lines can be books."""
PATIENCE = 1.0
"""Seconds that tmux may take to answer."""
BEYOND = 256
"""Characters after them that are masked all the same, so that the cut leaves no half of a key."""
_FLAG = re.compile(
    r"(?i)^-{1,2}[\w.-]*(?:key|token|secret|passw(?:or)?d|passphrase|credentials?|auth|authorization|bearer|cookie|pat)$"
)
_ASSIGNED = re.compile(
    r"(?i)((?:key|token|secret|passw(?:or)?d|passphrase|credentials?|authorization|cookie)[\"']?\s*[=:]\s*[\"']?)"
    r"(?:(?:bearer|basic)\s+)?[^\s\"'&,;]+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}")
_KNOWN = re.compile(
    r"\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[a-z]-[\w-]{10,}"
    r"|\bA(?:KIA|SIA)[A-Z0-9]{16}|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bhf_\w{20,}|\bnpm_\w{30,}|\bgsk_\w{20,}|\bxai-\w{20,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
)
_IN_URL = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_DENSE = re.compile(r"(?<![\w/.+=-])[A-Za-z0-9_+/=-]{32,}(?![\w/.+=-])")
_HARMLESS = re.compile(r"(?i)^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z/_-]+|[0-9_-]+)$")


def snapshot() -> tuple[Process, ...]:
    """Return this user's processes, zombies left out."""
    own = _own()
    found = (_seen(p, own) for p in psutil.process_iter())
    return tuple(process for process in found if process is not None)


def panes() -> dict[str, str]:
    """Return tmux's panes (`session:window.pane`) by their terminals; none where tmux is absent or has no server."""
    tmux = shutil.which("tmux")
    if tmux is None:
        return {}
    form = "#{pane_tty} #{session_name}:#{window_index}.#{pane_index}"
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed command, found on the PATH
            [tmux, "list-panes", "-a", "-F", form], capture_output=True, timeout=PATIENCE, check=False, text=True,
            errors="replace", stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found = (line.partition(" ") for line in answer.stdout.splitlines())
    return {tty: pane for tty, _, pane in found if tty and pane}


def written(pid: int) -> tuple[str, ...]:
    """Return the files that a process holds open for writing, as far as the system tells."""
    if sys.platform == "linux":
        return _written_by_proc(pid)
    try:
        return tuple(str(f.path) for f in psutil.Process(pid).open_files())
    except (psutil.Error, OSError):
        return ()


def birth(pid: int) -> str:
    """Return the system's own mark of a process's start (Linux: field 22 of its stat), empty where there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:  # noqa: PTH123 - asked for many at once
            fields = stream.read().rpartition(b")")[2].split()
    except OSError:
        return ""
    return fields[19].decode() if len(fields) > 19 else ""  # noqa: PLR2004 - the 22nd of all, counted after pid and name


def masked(argv: Sequence[str]) -> tuple[str, ...]:
    """Return a command line without the secrets in it: after flags that name one, assigned, or of a known shape."""
    kept: list[str] = []
    hide = False
    for argument in argv:
        kept.append(MASK if hide and not argument.startswith("-") else _masked(argument[: LONGEST + BEYOND])[:LONGEST])
        hide = bool(_FLAG.match(argument))
    return tuple(kept)


def _masked(text: str) -> str:
    text = _ASSIGNED.sub(rf"\1{MASK}", text)
    text = _BEARER.sub(rf"\1 {MASK}", text)
    text = _KNOWN.sub(MASK, text)
    text = _IN_URL.sub(MASK, text)
    return _DENSE.sub(lambda m: m[0] if _HARMLESS.match(m[0]) or not _is_mixed(m[0]) else MASK, text)


def _is_mixed(text: str) -> bool:
    """Tell a key from a word, a number or a path."""
    digits = sum(c.isdigit() for c in text)
    return digits >= 3 and "/" not in text and any(c.isalpha() for c in text)  # noqa: PLR2004 - rarer in words than in keys


def _own() -> Callable[[psutil.Process], bool]:
    if hasattr(os, "getuid"):
        uid = os.getuid()
        return lambda p: bool(p.uids().effective == uid)
    user = psutil.Process().username()
    return lambda p: bool(p.username() == user)


def _seen(process: psutil.Process, own: Callable[[psutil.Process], bool]) -> Process | None:
    try:
        with process.oneshot():
            if not own(process):
                return None
            status = process.status()
            if status in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                return None
            return Process(
                pid=process.pid,
                started=int(process.create_time() * 1000),
                name=process.name(),
                argv=masked(_or(process.cmdline, [])),
                executable=_or(process.exe, ""),
                cwd=_or(process.cwd, ""),
                tty=_or(process.terminal, "") or "",
                parent=process.ppid() or 0,
                stopped=status == psutil.STATUS_STOPPED,
            )
    except (psutil.Error, OSError):
        return None


def _or(ask: Callable[[], T], otherwise: T) -> T:
    """Ask for what may be hidden from us; the rest of the process is still worth knowing."""
    try:
        return ask()
    except (psutil.AccessDenied, PermissionError):
        return otherwise


def _written_by_proc(pid: int) -> tuple[str, ...]:
    folder = f"/proc/{pid}/fd"
    found: dict[str, None] = {}
    try:
        names = os.listdir(folder)  # noqa: PTH208 - numbers alone, no paths
    except OSError:
        return ()
    for name in names:
        try:
            path = os.readlink(f"{folder}/{name}")  # noqa: PTH115 - as above
            if path.startswith("/") and _is_file(path) and _is_writable(pid, name):
                found[path] = None
        except OSError:
            continue
    return tuple(found)


def _is_file(path: str) -> bool:
    return not path.startswith(("/dev/", "/proc/")) and not path.endswith(" (deleted)")


def _is_writable(pid: int, number: str) -> bool:
    with open(f"/proc/{pid}/fdinfo/{number}", "rb") as stream:  # noqa: PTH123 - as above
        for line in stream:
            if line.startswith(b"flags:"):
                return bool(int(line.split()[1], 8) & (os.O_WRONLY | os.O_RDWR))
    return False
