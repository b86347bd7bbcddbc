"""The process between Holdfast and a command: it applies the limits, starts the command and leaves nothing of it behind.

Knows a plan that it is given; refuses to know why. It runs alone, with the standard library and nothing of Holdfast.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import struct
import sys
import time
from contextlib import suppress
from typing import Any

NO_NEW_PRIVILEGES, DIES_WITH_PARENT, ADOPTS, SECCOMP, LOSES = 38, 1, 36, 22, 24
CAPABILITIES = 64
CREATE, ADD, RESTRICT = 444, 445, 446
LOOK_EVERY = 0.05
GRACE = 1.0
"""Seconds between asking a command to end and ending it."""
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, *values: int | ctypes.Array[Any]) -> None:
    """Set one thing of this process; OSError where the kernel refuses."""
    given = [v if isinstance(v, ctypes.Array) else ctypes.c_ulong(v) for v in (*values, 0, 0, 0, 0)[:4]]
    _checked(_libc.prctl(option, *given), f"prctl {option}")


def powerless() -> None:
    """Give up what the system's administrator may do, for ever: with it a process could read the memory of others."""
    with suppress(OSError):  # who is not the administrator has nothing to lose, and may not ask
        for number in range(CAPABILITIES):
            prctl(LOSES, number)
    header = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0), 8)
    _checked(_libc.capset(header, ctypes.create_string_buffer(24)), "capset")


def landlock(ruleset: str, rules: list[tuple[str, int]]) -> None:
    """Give up every access but those of the rules: (path, what is allowed below it)."""
    attributes = bytes.fromhex(ruleset)
    made = _checked(
        _libc.syscall(CREATE, ctypes.c_char_p(attributes), ctypes.c_size_t(len(attributes)), ctypes.c_uint(0)),
        "landlock",
    )
    for path, allowed in rules:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", allowed, place)
        _checked(_libc.syscall(ADD, made, 1, ctypes.c_char_p(rule), ctypes.c_uint(0)), f"landlock {path}")
        os.close(place)
    _checked(_libc.syscall(RESTRICT, made, ctypes.c_uint(0)), "landlock")
    os.close(made)


def seccomp(program: str) -> None:
    """Refuse the system calls that the program names."""
    code = bytes.fromhex(program)
    kept = ctypes.create_string_buffer(code, len(code))
    described = struct.pack("@HP", len(code) // 8, ctypes.addressof(kept))
    prctl(SECCOMP, 2, ctypes.create_string_buffer(described, len(described)))


def start(plan: dict[str, Any], report: int) -> None:
    """Become the command; never comes back."""
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(plan["cwd"])
        for name, most in plan["limits"].items():
            kind = getattr(resource, name)
            hard = resource.getrlimit(kind)[1]
            limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (limit, limit))
        prctl(NO_NEW_PRIVILEGES, 1)
        if plan["ruleset"]:
            powerless()
            landlock(plan["ruleset"], plan["rules"])
        if plan["filter"]:
            seccomp(plan["filter"])
        os.execve(plan["program"], plan["argv"], plan["env"])  # noqa: S606 - no shell is what is wanted
    except OSError as error:
        os.write(report, json.dumps({"failed": str(error)}).encode())
    finally:
        os._exit(126)


def descendants() -> list[int]:
    """Return every process that came of this one, wherever it put itself."""
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - many times a second
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - the same
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                if state != b"Z":
                    parents.setdefault(int(parent), []).append(int(name))
    found, new = [], [os.getpid()]
    while new:
        new = [child for pid in new for child in parents.get(pid, ())]
        found += new
    return found


def reap(command: int) -> int | None:
    """Take in what has ended and return the command's status if it is among them."""
    status = None
    with suppress(ChildProcessError):
        while True:
            pid, found = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            status = found if pid == command else status
    return status


def signalled(number: int) -> set[int]:
    """Send a signal to every descendant and return them."""
    found = set(descendants())
    for pid in found:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return found


def end(command: int) -> int | None:
    """End every descendant: all are stopped first, so that none starts another meanwhile."""
    status, stopped = None, set[int]()
    while (now := signalled(signal.SIGSTOP)) - stopped:
        stopped = now
    for _ in range(500):
        if not signalled(signal.SIGKILL):
            break
        signal.sigtimedwait({signal.SIGCHLD}, 0.01)
        found = reap(command)
        status = found if found is not None else status
    found = reap(command)
    return found if found is not None else status


def watch(command: int, most: int) -> dict[str, Any]:
    """Wait until the command ends, is told to end or has too many processes; nothing of it runs afterwards."""
    deadline = None
    status, many = None, False
    while status is None:
        seen = signal.sigtimedwait(WATCHED, LOOK_EVERY)
        if seen is not None and seen.si_signo != signal.SIGCHLD and deadline is None:
            deadline = time.monotonic() + GRACE
            signalled(signal.SIGTERM)
        status = reap(command)
        many = status is None and len(descendants()) > most
        if many or (deadline is not None and time.monotonic() > deadline):
            break
    ended = end(command)
    return {"status": ended if status is None else status, "many": many}


def main() -> None:
    """Run the plan that comes through one descriptor and report through another."""
    given, report = int(sys.argv[1]), int(sys.argv[2])
    with os.fdopen(given, "rb") as file:
        plan = json.load(file)
    os.set_inheritable(report, False)
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    prctl(DIES_WITH_PARENT, int(signal.SIGTERM))
    prctl(ADOPTS, 1)
    if os.getppid() != plan["parent"]:
        return
    command = os.fork()
    if command == 0:
        start(plan, report)
    for standard in (1, 2):  # the pipes close when the command's own ends do
        os.close(standard)
    said = watch(command, plan["processes"])
    os.write(report, json.dumps(said).encode())


if __name__ == "__main__":
    main()
