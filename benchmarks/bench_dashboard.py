"""How soon does the dashboard show sessions, how fast does it answer a key, and what does it cost while nobody types?

Run: python benchmarks/bench_dashboard.py [--sessions 1000] [--keys 300] [--idle 30] [--messages 50000] [--record]
It runs in a pseudo-terminal of 120 by 40, with 20 stand-in agents; a frame is there when its last byte has come.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import signal
import statistics
import struct
import tempfile
import termios
import time
from pathlib import Path

import psutil
from _measure import Figures, holdfast, home, options, run
from bench_list import record, write_sessions
from bench_live import LIVE, stand_ins, write_live

COLUMNS, LINES = 120, 40
PAINT_MS, KEY_MS, IDLE_SHARE, RSS_MB, OPEN_MS, PAGE_MS = 600, 50, 2, 120, 500, 20
FIRST = 200
SLICE = 0.004
"""Seconds of silence after which a frame has ended."""


class Screen:
    """The dashboard in a pseudo-terminal."""

    def __init__(self, env):
        self.pid, self.end = pty.fork()
        if not self.pid:
            os.execve(holdfast()[0], holdfast(), env | {"TERM": "xterm-256color", "COLORTERM": "truecolor"})
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = psutil.Process(self.pid)

    def read(self, seconds):
        """Return what came within so many seconds, nothing where it stayed silent."""
        ready, _, _ = select.select([self.end], [], [], seconds)
        return os.read(self.end, 1 << 20) if ready else b""

    def until(self, wanted, seconds=60):
        """Read until some bytes have come; return how long that took in ms."""
        began, seen = time.perf_counter(), b""
        while wanted not in seen:
            if time.perf_counter() - began > seconds:
                raise SystemExit(f"{wanted!r} did not come within {seconds} s")
            seen += self.read(0.2)
        return (time.perf_counter() - began) * 1000

    def settle(self, seconds=1.0):
        """Read until nothing came for so long."""
        while self.read(seconds):
            pass

    def key(self, key):
        """Type a key; return the ms until the last byte of its frame."""
        began = last = time.perf_counter()
        os.write(self.end, key)
        seen = self.read(1.0)
        while seen:
            last = time.perf_counter()
            seen = self.read(SLICE)
        return (last - began) * 1000

    @property
    def cpu_ms(self):
        spent = self.process.cpu_times()
        return (spent.user + spent.system) * 1000

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.end)


def write_long(corpus, messages):
    """Write one session of so many messages, the one that was active last."""
    path = corpus / ".claude" / "projects" / "-home-ada-long" / "00000000-0000-4000-8000-000000000001.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    began = int(time.time()) - messages - 60
    with path.open("w", encoding="utf-8") as stream:
        for n in range(messages):
            role = "assistant" if n % 2 else "user"
            content = [{"type": "text", "text": f"step {n} is done"}] if n % 2 else f"do step {n}"
            said = {"role": role, "content": content} | ({"model": "claude-sonnet-4-5", "id": f"m{n}"} if n % 2 else {})
            stream.write(json.dumps(record(role, path.stem, began + n, **said)) + "\n")


def paint_ms(folder, sessions):
    """Return CPU ms until sessions are on the screen, the archive being read before."""
    write_sessions(folder, sessions)
    with home(folder) as place:
        run(holdfast("sync"), place.env, offline=True)
        taken = []
        for _ in range(3):
            screen = Screen(place.env)
            try:
                screen.until(b"unknown")
                taken.append(screen.cpu_ms)
            finally:
                screen.close()
    return statistics.median(taken)


def keys_ms(screen, many):
    """Return the time to frame of so many keys that go up and down."""
    return sorted(screen.key(b"j" if n % 40 < 20 else b"k") for n in range(many))


def idle_share(screen, seconds):
    """Return per cent of a core over some seconds in which nobody types."""
    before, until = screen.cpu_ms, time.monotonic() + seconds
    while time.monotonic() < until:
        screen.read(0.5)
    return (screen.cpu_ms - before) / seconds / 10


def main():
    parser = options(__doc__, corpus=False)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--keys", type=int, default=300)
    parser.add_argument("--idle", type=int, default=30)
    parser.add_argument("--messages", type=int, default=50_000)
    given = parser.parse_args()
    figures = Figures(f"dashboard: {given.sessions} sessions, {LIVE} live, one of {given.messages:,} messages", given)
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "few").mkdir()
        paint = paint_ms(Path(name) / "few", FIRST)
    figures.limit(f"first useful paint, {FIRST} sessions", paint, most=PAINT_MS, unit="ms CPU")
    with tempfile.TemporaryDirectory() as name:
        folder, running = Path(name), []
        try:
            running += stand_ins(folder, LIVE)
            write_sessions(folder, given.sessions)
            write_long(folder, given.messages)
            write_live(folder, running)
            with home(folder) as place:
                run(holdfast("sync"), place.env, offline=True)
                measure(figures, place.env, given)
        finally:
            for child, _, _ in running:
                child.kill()
                child.wait()
    figures.close()


def measure(figures, env, given):
    screen = Screen(env)
    try:
        screen.until(b"tok/min")
        screen.settle()
        keys = keys_ms(screen, given.keys)
        figures.limit("key to frame, p95", keys[int(len(keys) * 0.95)], most=KEY_MS, unit="ms")
        figures.fact("key to frame, median", f"{statistics.median(keys):.1f} ms")
        screen.settle(2)
        figures.limit("idle", idle_share(screen, given.idle), most=IDLE_SHARE, unit="% of a core")
        figures.limit("resident", screen.process.memory_info().rss / 1e6, most=RSS_MB, unit="MB")
        for key in (b"/", b"do step 0", b"\r"):
            screen.key(key)
            screen.settle(0.5)
        os.write(screen.end, b"\r")
        figures.limit("open the long transcript", screen.until(b"following"), most=OPEN_MS, unit="ms")
        screen.settle()
        pages = sorted(screen.key(b"\x1b[5~") for _ in range(100))
        figures.limit("page, median", statistics.median(pages), most=PAGE_MS, unit="ms")
        figures.fact("page, p95", f"{pages[94]:.1f} ms")
    finally:
        screen.close()


if __name__ == "__main__":
    main()
