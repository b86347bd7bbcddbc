"""Commands that may do no harm: no network, one writable folder, no secrets, bounded time, processes and output.

Knows a command line and a folder; refuses to know who asked for it, and why. Where neither bubblewrap nor Landlock is there
nothing runs, unless `sandbox="off"` says that a person wants it so.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from holdfast.errors import BadInput, NotFound, Unavailable, Unsafe
from holdfast.sandbox._confine import Confinement, confinement, refused_calls, rules, wrapped
from holdfast.sandbox._environment import cleaned
from holdfast.sandbox._output import Bounded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Confinement", "Ran", "Sandbox", "cleaned", "confinement", "run"]

Sandbox = Literal["required", "off"]
TIMEOUT = 60.0
LIMIT = 200_000
MOST_PROCESSES = 256
LARGEST_FILE = 2 << 30
_LAUNCHER = Path(__file__).with_name("_launch.py")
_ENDING = 8.0
"""Seconds after which the launcher itself is ended."""


class Ran(Struct, frozen=True, kw_only=True):
    """How a command ended. `exit` is its code, negative for a signal; `cut` counts the bytes of output left out."""

    argv: tuple[str, ...]
    exit: int
    stdout: str = ""
    stderr: str = ""
    cut: int = 0
    seconds: float = 0.0
    timed_out: bool = False
    too_many_processes: bool = False
    confined: Confinement | None = None

    @property
    def ok(self) -> bool:
        """Whether it ended by itself and well."""
        return self.exit == 0 and not self.timed_out and not self.too_many_processes


def run(
    argv: Sequence[str],
    root: Path,
    *,
    timeout: float = TIMEOUT,
    limit: int = LIMIT,
    sandbox: Sandbox = "required",
    using: Confinement | None = None,
    processes: int = MOST_PROCESSES,
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Run a program in a folder and return how it ended; whatever it started has ended too.

    `timeout` in seconds; `limit` in bytes of output of each kind, the beginning and the end are kept. `using` chooses between what
    can confine. errors.Unavailable where nothing can and `sandbox` is not "off", Unsafe for a folder that holds a home, NotFound
    for a program that is not there.
    """
    folder = root.resolve()
    chosen = _chosen(folder, sandbox, using)
    variables = cleaned(os.environ if env is None else env)
    program = _program(argv, folder, variables)
    scratch = Path(tempfile.mkdtemp(prefix="holdfast-"))
    try:
        plan = _plan([program, *argv[1:]], folder, scratch, chosen) | {"processes": processes}
        own = {"TMPDIR": str(scratch)} | ({"HOME": str(scratch)} if chosen else {})
        plan["limits"]["RLIMIT_NPROC"] = _tasks() + processes
        plan["env"] = variables | own | {"PWD": str(folder)}
        began = time.monotonic()
        said, out, err, timed_out = _launched(plan, timeout, limit)
        return Ran(
            argv=tuple(argv),
            exit=_exit(said),
            stdout=out.text(),
            stderr=err.text(),
            cut=out.cut + err.cut,
            seconds=round(time.monotonic() - began, 3),
            timed_out=timed_out,
            too_many_processes=bool(said.get("many")),
            confined=chosen,
        )
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _chosen(folder: Path, sandbox: Sandbox, using: Confinement | None) -> Confinement | None:
    """Return what confines a command in a folder, None where a person does without; an error where it must not run at all."""
    if sys.platform != "linux":
        raise Unavailable("commands can be run on Linux alone so far")
    if sandbox == "off":
        return None
    home = _home()
    if folder == home or folder in home.parents:
        raise Unsafe(f"{folder} holds a whole home, and all of it could be changed", "start in a project's folder")
    found = using or confinement()
    if found is None:
        raise Unavailable(
            "nothing here can confine a command: neither bubblewrap nor a kernel with Landlock (6.2 or newer)",
            "install bubblewrap, or accept commands that can do what you can: holdfast config set tools.sandbox off",
        )
    return found


def _home() -> Path:
    try:
        return Path.home().resolve()
    except RuntimeError:
        return Path("/nonexistent")


def _program(argv: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
    """Return the file that a command line starts."""
    if not argv or not argv[0]:
        raise BadInput("there is no command", "name a program and its arguments")
    if any("\0" in a for a in argv):
        raise BadInput("a command cannot hold a NUL byte")
    name = str(folder / argv[0]) if "/" in argv[0] else argv[0]
    found = shutil.which(name, path=env.get("PATH", os.defpath))
    if found is None:
        raise NotFound(
            f"there is no program {argv[0]!r}", "commands run without a shell; for its words write: sh -c '...'"
        )
    return str(Path(found).absolute())


def _plan(argv: list[str], folder: Path, scratch: Path, chosen: Confinement | None) -> dict[str, Any]:
    plan: dict[str, Any] = {"cwd": str(folder), "argv": argv, "ruleset": "", "rules": [], "filter": ""}
    if chosen == "bubblewrap":
        plan["argv"] = wrapped(argv, folder, scratch, _home())
    elif chosen == "landlock":
        plan["ruleset"], plan["rules"] = rules(folder, scratch, _home())
        plan["filter"] = refused_calls()
    limits = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": LARGEST_FILE}
    return plan | {"program": plan["argv"][0], "parent": os.getpid(), "limits": limits}


def _tasks() -> int:
    """Count this user's processes and threads: the kernel's limit counts them all."""
    count, me = 0, os.getuid()
    for place in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        with suppress(OSError):
            if place.name.isdigit() and place.stat().st_uid == me:
                count += sum(1 for _ in (place / "task").iterdir())
    return count


def _launched(plan: dict[str, Any], timeout: float, limit: int) -> tuple[dict[str, Any], Bounded, Bounded, bool]:
    """Start the launcher, hand it the plan and read until it has ended."""
    read, write = os.pipe()
    heard, report = os.pipe()
    out, err = Bounded(limit), Bounded(limit)
    line = [sys.executable, "-I", "-S", str(_LAUNCHER), str(read), str(report)]
    try:
        process = subprocess.Popen(  # noqa: S603 - the launcher, given as a list
            line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=(read, report),
            start_new_session=True, cwd="/", env={"PATH": os.defpath},
        )  # fmt: skip
    except OSError:
        os.close(write)
        os.close(heard)
        raise
    finally:
        os.close(read)
        os.close(report)
    try:
        with process, os.fdopen(heard, "rb") as reports:
            try:
                with suppress(BrokenPipeError), os.fdopen(write, "wb") as file:
                    file.write(json.dumps(plan).encode())
                timed_out = _read(process, {process.stdout: out, process.stderr: err}, timeout)
            finally:
                _ended(process)
            said = reports.read()
    finally:
        _ended(process)
    return _said(said, err), out, err, timed_out


def _read(process: subprocess.Popen[bytes], kept: dict[Any, Bounded], timeout: float) -> bool:
    """Take the output until it ends; tell whether time was up before."""
    deadline, timed_out = time.monotonic() + timeout, False
    with selectors.DefaultSelector() as waiting:
        for stream in kept:
            waiting.register(stream, selectors.EVENT_READ)
        while waiting.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                if timed_out:
                    break
                timed_out, deadline = True, time.monotonic() + _ENDING
                process.terminate()
                continue
            for key, _ in waiting.select(left):
                data = os.read(key.fd, 1 << 16)
                kept[key.fileobj].add(data)
                if not data:
                    waiting.unregister(key.fileobj)
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))
    if process.poll() is None and not timed_out:  # it closed its output and goes on
        timed_out = True
    return timed_out


def _ended(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_ENDING)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _said(report: bytes, err: Bounded) -> dict[str, Any]:
    """Return what the launcher reported; errors.Unavailable where the command could not be started."""
    if not report:
        return {"status": None}
    said: dict[str, Any] = {}
    for part in report.decode().replace("}{", "}\n{").splitlines():
        said |= json.loads(part)
    if "failed" in said:
        raise Unavailable(f"the command could not be started: {said['failed']}", err.text()[:500])
    return said


def _exit(said: dict[str, Any]) -> int:
    status = said.get("status")
    return -int(signal.SIGKILL) if status is None else os.waitstatus_to_exitcode(status)
