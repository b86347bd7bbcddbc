"""A home with made-up sessions of several agents, and the real commands run on it.

Knows which sessions there are and which commands show them; refuses to touch anything outside the folder it is given.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from holdfast.errors import Unsafe
from holdfast.model import observed_id
from holdfast.services._demo import claude, codex, gemini, tales

MARK = ".holdfast-demo"
"""A file that says that a folder is a demo's own, so that it may be removed."""
SEARCHED = "spent refresh token"
_FOREIGN = (
    "HOLDFAST_",
    "XDG_",
    "CLAUDE_",
    "CODEX_",
    "GEMINI_",
    "OPENCODE_",
    "COPILOT_",
    "AIDER_",
    "KIRO_",
    "VIBE_",
    "PI_",
)
_SECONDS = 60
_DELETE = "rm"


class Step(Struct, frozen=True, kw_only=True):
    """One command as a person would type it, and what it printed; `note` says why it is run."""

    note: str
    line: str
    output: str
    exit_code: int = 0


def write_home(home: Path, *, now: float | None = None) -> Path:
    """Write the sessions of Claude Code, Codex and Gemini CLI below a home; returns the transcript of the story's bug."""
    now_ms = int((time.time() if now is None else now) * 1000)
    files = [claude.write(home / ".claude", tale, now_ms) for tale in tales.CLAUDE]
    claude.write_history(home / ".claude", tales.LOST, now_ms)
    for tale in tales.CODEX:
        codex.write(home / ".codex", tale, now_ms)
    for tale in tales.GEMINI:
        gemini.write(home / ".gemini", tale, now_ms)
    return files[0]


def environment(home: Path, base: Mapping[str, str]) -> dict[str, str]:
    """Return variables under which a command sees this home alone, and none of the agents that run."""
    kept = {name: value for name, value in base.items() if not name.startswith(_FOREIGN)}
    return kept | {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "HOLDFAST_HOME": str(home / ".local/share/holdfast"),
        "HOLDFAST_MONITORING_AUTO_DISCOVER": "false",
    }


def terminal_of(home: Path, base: Mapping[str, str], *, width: int, colour: bool) -> dict[str, str]:
    """Return variables for a terminal (or a pipe, without colour) of so many columns in this home."""
    found = environment(home, base) | {"COLUMNS": str(width)}
    if not colour:
        return found | {"NO_COLOR": "1"}
    found.pop("NO_COLOR", None)
    return found | {"FORCE_COLOR": "1", "TERM": "xterm-256color", "HOLDFAST_OUTPUT_PAGER": "cat"}


class Demo:
    """Writes a home, runs commands in it, and removes it."""

    def __init__(self, *, env: Mapping[str, str] | None = None, now: Callable[[], float] = time.time) -> None:
        """Take the variables that commands start with, and a clock in seconds."""
        self.env = os.environ if env is None else env
        self.now = now

    def run(self, keep: Path | None = None, *, width: int = 100, colour: bool = False) -> Generator[Step]:
        """Yield each command when it has run, with `colour` on a terminal of its own.

        The home is removed at the end, unless `keep` names an empty folder for it.
        """
        home = _prepared(keep)
        try:
            story = write_home(home, now=self.now())
            variables = terminal_of(home, self.env, width=width, colour=colour)
            for note, command in _commands(story):
                if command[0] == _DELETE:
                    story.unlink()
                    yield Step(note=note, line=f"rm {_shown(story, home)}", output="")
                else:
                    yield run_command(note, command, home, variables)
        finally:
            if keep is None:
                shutil.rmtree(home, ignore_errors=True)


def _prepared(keep: Path | None) -> Path:
    """Make the home: a temporary folder, or one a person named that holds nothing of theirs."""
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="holdfast-demo-")).resolve()
    if keep.exists() and any(keep.iterdir()) and not (keep / MARK).exists():
        raise Unsafe(f"{keep} is not empty", "name a new or empty folder: holdfast demo --keep DIR")
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    (keep / MARK).touch()
    return keep.resolve()


def _commands(story: Path) -> Sequence[tuple[str, Sequence[str]]]:
    jwt = observed_id("claude-code", story.stem)[:6]
    return (
        ("Read everything that Claude Code, Codex and Gemini CLI left on this machine", ("sync",)),
        ("Every session, whichever agent ran it", ("list",)),
        ("Where did we solve this before? Tool output counts too", ("search", SEARCHED)),
        ("Read one of them", ("show", jwt)),
        ("What it cost, every request counted once", ("usage", "--by", "agent")),
        ("What the agents are about to delete", ("list", "--expiring")),
        ("Take one along, secrets masked", ("export", jwt, "-o", "jwt.md", "-f", "markdown")),
        ("The agent deletes its transcript", (_DELETE,)),
        ("Holdfast still has it, byte for byte", ("restore", jwt)),
    )


def run_command(note: str, command: Sequence[str], home: Path, variables: Mapping[str, str]) -> Step:
    """Run a command in a home and keep what it prints."""
    argv = [sys.executable, "-m", "holdfast", *command]
    run = _on_terminal if variables.get("FORCE_COLOR") and os.name == "posix" else _on_pipe
    output, code = run(argv, home, dict(variables))
    return Step(note=note, line=shlex.join(("holdfast", *command)), output=output, exit_code=code)


def _on_pipe(argv: Sequence[str], home: Path, variables: dict[str, str]) -> tuple[str, int]:
    answer = subprocess.run(  # noqa: S603 - our own interpreter, our own words
        argv,
        cwd=home,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=_SECONDS,
        check=False,
    )
    return answer.stdout.decode("utf-8", "replace"), answer.returncode


def _on_terminal(argv: Sequence[str], home: Path, variables: dict[str, str]) -> tuple[str, int]:
    """Give the command a terminal for its results, so that they fit the width as they would for a person."""
    import pty  # noqa: PLC0415 - where there are terminals

    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(  # noqa: S603 - our own interpreter, our own words
            argv, cwd=home, env=variables, stdout=theirs, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        ) as running:
            os.close(theirs)
            shown = b"".join(_until_closed(ours))
            told = running.communicate(timeout=_SECONDS)[1]
    finally:
        os.close(ours)
    output = shown.decode("utf-8", "replace").replace("\r\n", "\n") + told.decode("utf-8", "replace")
    return output, running.returncode


def _until_closed(terminal: int) -> Generator[bytes]:
    """Yield what is written to a terminal until its last writer has ended."""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so, others return nothing
            return
        if not piece:
            return
        yield piece


def _shown(path: Path, home: Path) -> str:
    return f"~/{path.relative_to(home)}"
