"""Signals to exactly one process: the one that was seen, never a later one with its number, never one that carries us.

A descriptor of the process is taken first where the system has one; what it refers to is then looked at, and the signal goes to
the descriptor. A number that was given away meanwhile gets nothing.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]
from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.model.process import Process

FIRST = 1
"""The process that all others hang from."""


class Held(Struct, frozen=True, kw_only=True):
    """A process that was found to be the one that is meant; `descriptor` is -1 where the system has none."""

    process: Process
    descriptor: int = -1

    @property
    def is_suspended(self) -> bool:
        """Tell whether it stands still and would not hear of its end."""
        return self.process.stopped


def refusal(process: Process) -> str:
    """Say why a process must never be signalled by us, whatever it is; nothing where it may be."""
    if process.pid <= FIRST:
        return "this is the system's first process"
    if process.pid in _own():
        return "this command runs in it"
    return ""


def hold(process: Process) -> Held | str:
    """Return the process that was seen, if it is still there and the same; else say what is wrong."""
    wrong = refusal(process)
    if wrong:
        return wrong
    descriptor = -1
    if hasattr(os, "pidfd_open"):
        try:
            descriptor = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return GONE
        except OSError:  # an old kernel, or a sandbox that forbids it
            descriptor = -1
    wrong = difference(process)
    if wrong:
        release(Held(process=process, descriptor=descriptor))
        return wrong
    return Held(process=process, descriptor=descriptor)


GONE = "gone"


def difference(process: Process) -> str:
    """Say in what the process of that number differs from the one that was seen; nothing where it is the same one."""
    try:
        now = psutil.Process(process.pid)
        if now.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return GONE
        if int(now.create_time() * 1000) != process.started:
            return "its number is another process's now"
        if hasattr(os, "getuid") and set(now.uids()[:2]) != {os.getuid()}:
            return "it is another user's"
        if process.executable and now.exe() != process.executable:
            return "it runs another program now"
        if not process.executable and now.name() != process.name:
            return "it bears another name now"
    except psutil.NoSuchProcess:
        return GONE
    except (psutil.Error, OSError):
        return "it cannot be looked at"
    return ""


def send(held: Held, number: signal.Signals) -> bool:
    """Signal a held process; False where it is gone. Without a descriptor it is looked at again right before."""
    try:
        if held.descriptor >= 0:
            signal.pidfd_send_signal(held.descriptor, number)
        elif difference(held.process):
            return False
        else:
            os.kill(held.process.pid, number)
    except ProcessLookupError:
        return False
    if held.is_suspended and number == signal.SIGTERM and sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError):
            if held.descriptor >= 0:
                signal.pidfd_send_signal(held.descriptor, signal.SIGCONT)
            else:
                os.kill(held.process.pid, signal.SIGCONT)
    return True


def ended(waiting: Iterable[Held], within: float) -> set[int]:
    """Wait until held processes have ended, at most so many seconds; returns the numbers of those that have."""
    left = {h.process.pid: h for h in waiting}
    found: set[int] = set()
    until = time.monotonic() + within
    while True:
        done = {pid for pid, held in left.items() if _is_over(held)}
        found |= done
        left = {pid: held for pid, held in left.items() if pid not in done}
        rest = until - time.monotonic()
        if not left or rest <= 0:
            return found
        _pause(left.values(), rest)


def release(held: Held) -> None:
    """Let go of a process."""
    if held.descriptor >= 0:
        os.close(held.descriptor)


def _own() -> set[int]:
    """Return the processes that carry this one: itself, its ancestors, the leaders of its group and session."""
    own = {os.getpid(), *(p.pid for p in psutil.Process().parents())}
    if hasattr(os, "getpgrp"):
        own |= {os.getpgrp(), os.getsid(0)}
    return own


def _is_over(held: Held) -> bool:
    if held.descriptor >= 0 and hasattr(select, "poll"):
        poll = select.poll()
        poll.register(held.descriptor, select.POLLIN)
        return bool(poll.poll(0))
    return difference(held.process) != ""


def _pause(waiting: Iterable[Held], seconds: float) -> None:
    """Wait until one of them ends, or a moment where nothing tells."""
    descriptors = [h.descriptor for h in waiting if h.descriptor >= 0]
    if descriptors and hasattr(select, "poll"):
        poll = select.poll()
        for descriptor in descriptors:
            poll.register(descriptor, select.POLLIN)
        poll.poll(seconds * 1000)
        return
    with contextlib.suppress(psutil.TimeoutExpired, psutil.Error):
        psutil.Process(next(iter(waiting)).process.pid).wait(min(seconds, 0.2))
