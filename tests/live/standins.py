"""Stand-in processes: a program of a few dozen bytes that sleeps, started under any name and command line.

It knows nothing of agents. The program is written as machine code, so that it starts in a millisecond, takes any arguments,
carries a name of its own and needs no memory. It ends by itself after fifteen minutes, whatever becomes of the tests.
"""

from __future__ import annotations

import os
import platform
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 900
DEADLINE = 5.0
SUPPORTED = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
_BASE = 0x400000
_HEADERS = 64 + 56


def sleeper() -> bytes:
    """Return an ELF program that sleeps and exits."""
    code, machine = (_arm(), 183) if platform.machine() == "aarch64" else (_intel(), 62)
    size = _HEADERS + len(code)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack("<16sHHIQQQIHHHHHH", ident, 2, machine, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000) + code


def _intel() -> bytes:
    code = bytes.fromhex("31f6 b823000000 0f05 31ff b83c000000 0f05")
    return b"\x48\x8d\x3d" + struct.pack("<i", len(code)) + code + struct.pack("<qq", SECONDS, 0)


def _arm() -> bytes:
    words = (0x100000E0, 0xAA1F03E1, 0xD2800CA8, 0xD4000001, 0xD2800000, 0xD2800BA8, 0xD4000001)
    return struct.pack("<7I", *words) + struct.pack("<qq", SECONDS, 0)


class StandIns:
    """Starts stand-ins and ends them, each by its own pid."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self._code = sleeper()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._others: list[int] = []

    def program(self, name: str, *, real: str = "") -> Path:
        """Return the path of a program of this name; with `real` it is a symlink to a file of that name."""
        path = self.folder / name
        if path.exists():
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        if real:
            path.symlink_to(self.program(real))
        else:
            path.write_bytes(self._code)
            path.chmod(0o755)
        return path

    def start(self, *argv: str, cwd: Path, name: str = "", real: str = "", fds: tuple[int, ...] = ()) -> int:
        """Start a stand-in with this command line; its program is named like the first word unless a name is given."""
        path = self.program(name or Path(argv[0]).name, real=real)
        return self._spawn(argv, path, cwd, fds)

    def start_pair(self, script: Path, child: tuple[str, ...], *, cwd: Path, worker: str = "node") -> tuple[int, int]:
        """Start a launcher that has started a worker, as Node programs do; returns both pids."""
        interpreter = self.folder / "pair" / "node"
        if not interpreter.exists():
            interpreter.parent.mkdir(parents=True, exist_ok=True)
            interpreter.symlink_to(os.path.realpath(sys.executable))
        script.parent.mkdir(parents=True, exist_ok=True)
        program = str(self.program(f"worker/{worker}"))
        script.write_text(
            "import subprocess, sys\n"
            f"child = subprocess.Popen({list(child)!r}, executable={program!r})\n"
            "print(child.pid, flush=True)\n"
            "child.wait()\n"
        )
        argv = ("node", str(script))
        process = subprocess.Popen(
            argv, executable=interpreter, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            env={"PYTHONHOME": sys.base_prefix, "PYTHONSAFEPATH": "1"},
        )  # fmt: skip
        assert process.stdout is not None
        found = int(process.stdout.readline())
        process.stdout.close()
        self._running[process.pid] = process
        self._others.append(found)
        return process.pid, found

    def _spawn(self, argv: tuple[str, ...], path: Path, cwd: Path, fds: tuple[int, ...]) -> int:
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(
            argv, executable=path, cwd=cwd, pass_fds=fds, stdin=quiet, stdout=quiet, stderr=quiet, env={}
        )
        self._running[process.pid] = process
        _await_name(process.pid, path.name)
        return process.pid

    def kill(self, pid: int, *, reap: bool = True) -> None:
        """End one with SIGKILL; unreaped it stays a zombie until the end."""
        process = self._running[pid]
        process.kill()
        if reap:
            self._running.pop(pid).wait()

    def stop(self, pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)

    def resume(self, pid: int) -> None:
        os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        for pid in self._others:
            _end(pid)
        for process in self._running.values():
            process.kill()
            process.wait()
        self._running.clear()


def _await_name(pid: int, name: str) -> None:
    """Wait until a process has become its program, which is a moment after its start."""
    limit = time.monotonic() + DEADLINE
    while Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() != name[:15]:
        assert time.monotonic() < limit, f"{name} did not start"


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def start_ticks(pid: int) -> str:
    """Return field 22 of a process's stat: its start, as agents note it."""
    text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    return text.rpartition(")")[2].split()[19]
