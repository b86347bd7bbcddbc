"""What every benchmark shares: whole processes measured from outside, homes over a corpus, peers, figures and their record.

Knows how a figure is taken and written down; knows no question. CPU seconds are user and system time of a process and of
everything it waited for (wait4), memory is the greatest resident set of any of them. That set is never smaller than this
script's own at the start of the process, so a script that measures memory loads little before.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
PEER_PLACES = ("", "bin", "venv/bin", "node_modules/.bin", "npm/node_modules/.bin")
TIMEOUT = 900
LEAST_GB = 0.1
MB = 1_000_000


class Taken(NamedTuple):
    """What one run of a program took, and what it printed."""

    cpu: float
    wall: float
    rss_mb: float
    out: bytes


class Peer(NamedTuple):
    """Another program, at the version that figures are given for."""

    name: str
    program: str
    version: str
    install: str
    skips: str


AGENTSVIEW = Peer(
    "agentsview",
    "agentsview",
    "0.46.1",
    "uv pip install agentsview==0.46.1",
    "indexes what was said, not what tools returned; drops the results of Read and Glob; keeps no source bytes by default",
)
FAST_RESUME = Peer(
    "fast-resume",
    "fr",
    "2.14.0",
    "uv pip install fast-resume==2.14.0",
    "reads prompts and answers alone: no tools, no sub-agents, no tokens; keeps no archive",
)
CCUSAGE = Peer(
    "ccusage",
    "ccusage",
    "20.0.24",
    "npm install --prefix npm ccusage@20.0.24",
    "counts tokens alone, keeps nothing",
)


def run(
    argv: Sequence[str | Path], env: Mapping[str, str], *, offline: bool = False, timeout: float = TIMEOUT
) -> Taken:
    """Run a program to its end, its output on a pipe; a failure ends the benchmark with what the program said."""
    with tempfile.TemporaryFile() as talk:
        began = time.perf_counter()
        process = subprocess.Popen(
            [*(_cut_off() if offline else ()), *map(str, argv)],
            env=dict(env), cwd=env["HOME"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=talk,
        )  # fmt: skip
        watchdog = threading.Timer(timeout, process.kill)
        watchdog.start()
        out = process.stdout.read()
        process.stdout.close()
        _, status, spent = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        watchdog.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            talk.seek(0)
            sys.exit(f"{' '.join(map(str, argv))} ended with {process.returncode}: {talk.read()[-2000:].decode()}")
    kilo = 1 if sys.platform == "darwin" else 1024
    return Taken(spent.ru_utime + spent.ru_stime, wall, spent.ru_maxrss * kilo / MB, out)


@contextmanager
def running(argv: Sequence[str | Path], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program beside this one and end it with Ctrl-C."""
    process = subprocess.Popen(
        [*map(str, argv)], env=dict(env), cwd=env["HOME"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@cache
def _cut_off() -> tuple[str, ...]:
    """Return the prefix that takes a program's network away, nothing where this is not allowed."""
    if (
        shutil.which("unshare")
        and not subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode
    ):
        return ("unshare", "-n", "--")
    sys.stderr.write("no network namespace here: peers may use the network\n")
    return ()


def holdfast(*arguments: str) -> list[str]:
    """Return the command line of Holdfast as a person runs it."""
    script = Path(sys.executable).with_name("holdfast")
    return [*([str(script)] if script.exists() else [sys.executable, "-m", "holdfast"]), *arguments]


class Home:
    """A home whose agents' folders are the corpus; what programs keep, they keep beside it, and it goes with it."""

    def __init__(self, folder: Path, corpus: Path, *, linked: bool = True) -> None:
        self.corpus, self.folder, self.data = corpus, folder / "home", folder / "data"
        self.folder.mkdir()
        for held in (p for p in corpus.iterdir() if p.is_dir() and p.name.startswith(".")):
            if linked:
                (self.folder / held.name).symlink_to(held)
            else:
                shutil.copytree(held, self.folder / held.name, copy_function=_link)

    @property
    def env(self) -> dict[str, str]:
        """The least environment: no setting of the person who runs this gets in, and nobody is called."""
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8", "TZ": "UTC",
            "HOLDFAST_HOME": str(self.data),
            "DO_NOT_TRACK": "1", "AGENTSVIEW_TELEMETRY_ENABLED": "0", "AGENTSVIEW_DISABLE_UPDATE_CHECK": "1",
        }  # fmt: skip

    def own(self, path: Path) -> Path:
        """Make a hard-linked file one of this home's own, so that writing to it leaves the corpus alone."""
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
        return path

    def clear(self) -> None:
        """Forget everything that any program kept."""
        shutil.rmtree(self.data, ignore_errors=True)
        for kept in self.folder.iterdir():
            if not (self.corpus / kept.name).exists():
                shutil.rmtree(kept, ignore_errors=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def home(corpus: Path, *, linked: bool = True) -> Iterator[Home]:
    """Make a home over a corpus, with its files read once so that no run pays for a cold disk."""
    if not (corpus / ".claude" / "projects").is_dir():
        sys.exit(f"{corpus} holds no .claude/projects")
    for path in corpus.rglob("*"):
        if path.is_file():
            path.read_bytes()
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=None if linked else corpus.parent) as folder:
        yield Home(Path(folder), corpus, linked=linked)


def size_of(folder: Path, pattern: str = "*") -> int:
    """Add up the files below a folder; what SQLite shares between processes is memory, not storage."""
    return sum(p.stat().st_size for p in folder.rglob(pattern) if p.is_file() and not p.name.endswith("-shm"))


def source_bytes(corpus: Path) -> int:
    """Add up the files of the agents in a corpus: their folders begin with a dot."""
    return sum(size_of(p) for p in corpus.iterdir() if p.is_dir() and p.name.startswith("."))


def find_peer(peer: Peer) -> str | None:
    """Return a peer's program from HOLDFAST_PEERS or the PATH; where there is none, say how to install it."""
    folder = os.environ.get("HOLDFAST_PEERS")
    places = [str(Path(folder, place)) for place in PEER_PLACES] if folder else []
    found = shutil.which(peer.program, path=os.pathsep.join([*places, os.environ["PATH"]]))
    if found is None:
        print(f"{peer.name} {peer.version} is not here: {peer.install}, then HOLDFAST_PEERS=FOLDER or the PATH")
    return found


def shown_name(peer: Peer, program: str) -> str:
    """Return the peer's name and the version that is really there."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"PATH": os.environ["PATH"], "HOME": folder, "LANG": "C.UTF-8"}
        said = run([program, "--version"], env, offline=True).out.decode().split()
    version = next((word.lstrip("v") for word in said if word.lstrip("v")[:1].isdigit()), "of unknown version")
    return f"{peer.name} {version}" + ("" if version == peer.version else f" (not the pinned {peer.version})")


def in_turn(
    tasks: Mapping[str, Callable[[], Taken]], runs: int, *, peer_runs: int | None = None
) -> dict[str, list[Taken]]:
    """Run every task so many times, each once before any runs again, so that they share the machine's moods.

    The first task is ours; the others run `peer_runs` times where that is given.
    """
    found: dict[str, list[Taken]] = {name: [] for name in tasks}
    for turn in range(runs):
        for place, (name, task) in enumerate(tasks.items()):
            if place == 0 or peer_runs is None or turn < peer_runs:
                found[name].append(task())
    return found


def median(taken: Sequence[Taken], what: str) -> float:
    """Return the median of one measure."""
    return statistics.median(getattr(one, what) for one in taken)


class Figures:
    """Prints each figure with its target and ratio, and records them on request.

    Limits that grow with the corpus are given for 1 GB, and are not judged below 100 MB, where starting counts most.
    """

    def __init__(self, question: str, given: argparse.Namespace, *, size: int = 0) -> None:
        self.given, self.gigabytes, self.rows, self.missed = given, size / 1e9, [], 0
        self.load = os.getloadavg()[0]
        of = f", {size / MB:.0f} MB of transcripts" if size else ""
        print(f"{question}{of}\n{machine()}, load {self.load:.1f}")

    def for_size(self, name: str, value: float, *, per_gb: float, unit: str) -> None:
        """Give one of our figures against a limit that grows with the corpus."""
        if self.gigabytes >= LEAST_GB:
            self.limit(name, value, most=per_gb * self.gigabytes, unit=unit)
        else:
            self._row("holdfast", f"{name} {value:.3g} {unit}", f"{per_gb:g} {unit} for 1 GB", "too small to judge")

    def limit(self, name: str, value: float, *, most: float, unit: str) -> None:
        """Give one of our figures against its limit."""
        over = value > most
        self.missed += over
        note = f"{value / most:.2f} of the limit" + (", OVER" if over else "")
        self._row("holdfast", f"{name} {value:.3g} {unit}", f"at most {most:.3g} {unit}", note)

    def check(self, name: str, *, holds: bool, detail: str = "", wanted: str = "equal") -> None:
        """Give one thing that is either as wanted or not."""
        self.missed += not holds
        self._row("holdfast", f"{name}{': ' + detail if detail else ''}", wanted, "equal" if holds else "DIFFERENT")

    def fact(self, who: str, figure: str, note: str = "") -> None:
        """Give a figure that has no limit."""
        self._row(who, figure, "-", note or "-")

    def against(self, peer: str, figure: str, ratio: float, *, skips: str) -> None:
        """Give a peer's figure, what of it Holdfast takes, and what the peer skips."""
        self._row(peer, figure, "-", f"Holdfast takes {ratio:.2f} of it; {peer} {skips}")

    def _row(self, who: str, figure: str, target: str, ratio: str) -> None:
        print(f"  {who:22} {figure:44} {target:22} {ratio}")
        self.rows.append((who, figure, target, ratio))

    def close(self) -> int:
        """Record what was given; returns how many figures missed."""
        if self.given.record:
            command = f"{Path(sys.argv[0]).name} {' '.join(a for a in sys.argv[1:] if a != '--record')}".strip()
            day = time.strftime("%Y-%m-%d", time.gmtime())
            with self.given.results.open("a", encoding="utf-8") as stream:
                for who, figure, target, ratio in self.rows:
                    where = f"{machine()}, load {self.load:.1f}"
                    stream.write(f"| {day} | {where} | `{command}` | {who}: {figure} | {target} | {ratio} |\n")
        return self.missed


@cache
def machine() -> str:
    """Describe this machine in a few words."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{cores} cores {platform.machine()}, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    )


def options(doc: str, *, corpus: bool = True) -> argparse.ArgumentParser:
    """Return the options that every benchmark takes."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if corpus:
        parser.add_argument("corpus", nargs="?", type=Path, default=Path("/tmp/corpus1g"), help="a home of transcripts")
    parser.add_argument("--runs", type=int, default=3, help="runs, of which the median is given")
    parser.add_argument("--peer-runs", type=int, help="fewer runs for slow peers")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="measure Holdfast alone")
    parser.add_argument("--record", action="store_true", help="append the figures to the results")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file they are appended to")
    return parser
