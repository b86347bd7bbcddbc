"""Children that are started, let go together, and killed from outside at a random moment."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from holdfast.stores.base import SupportsVerify

PROGRAMS = Path(__file__).resolve().parent / "programs"
PATIENCE = 120


def start(program, *arguments, **environment):
    """Start one of the programs beside this file, or a module for a name that begins with `-m`."""
    command = program.split() if program.startswith("-m") else [str(PROGRAMS / program)]
    return subprocess.Popen(
        [sys.executable, *command, *map(str, arguments)],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def let_go(children):
    """Open the gate for children that wait on their stdin, once all of them have begun."""
    for child in children:
        assert child.stdout.readline() == "begun\n", child.stderr.read()
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()


def finished(child):
    """Wait for a child and return what it said, line by line."""
    said, complaint = child.communicate(timeout=PATIENCE)
    assert child.returncode == 0, complaint
    return said.splitlines()


def killed_after(child, seconds):
    """Kill a child that long after now, wherever it stands; returns what it said, and None for one that was done before."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(seconds)
    done = child.poll() is not None
    child.kill()
    said, complaint = child.communicate(timeout=PATIENCE)
    assert not done or child.returncode == 0, complaint
    return said.splitlines(), done


def faults(store):
    """Verify a store and return what is wrong with it."""
    assert isinstance(store, SupportsVerify)
    return [f"{fault.place}: {fault.problem}" for fault in store.verify()]
