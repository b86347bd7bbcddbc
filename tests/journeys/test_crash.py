"""Killed from outside at any moment, nothing acknowledged is lost, and the next run needs no manual step."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time

import pytest
from msgspec.structs import replace

from holdfast.model import parse
from holdfast.owned import open_store
from holdfast.services._demo import claude, codex, tales
from holdfast.workspace import Workspace
from tests.journeys._children import PATIENCE, faults, killed_after, start

FEW, MANY = 20, pytest.param(200, marks=pytest.mark.nightly)
NOW_MS = 1_790_000_000_000


def acknowledged(said):
    return [line for line in said if "-" in line]


def lost(url, session, promised):
    with open_store(url) as store:
        kept = [m.id for m in store.session(session).messages()]
        assert faults(store.store) == []
    assert len(kept) == len(set(kept))
    return [one for one in promised if one not in set(kept)]


@pytest.mark.parametrize("times", [FEW, MANY])
def test_no_acknowledged_append_is_lost_when_the_writer_is_killed(tmp_path, times):
    url, chance = f"sqlite:///{tmp_path / 'a' / 'sessions.db'}", random.Random(7)
    promised: list[str] = []
    for number in range(times):
        child = start("append.py", url, "story", f"run{number}", 0, NO_WAIT="1")
        if chance.random() < 0.7:  # else it is killed while it starts, creates the file or opens it
            while child.stdout.readline() not in ("open\n", ""):
                pass
        said, done = killed_after(child, chance.uniform(0, 0.25))
        assert not done
        promised += acknowledged(said)
    assert lost(url, "story", promised) == []
    assert len(promised) > times


def test_the_suite_notices_when_nothing_is_committed(tmp_path):
    url = f"sqlite:///{tmp_path / 'sessions.db'}"
    with open_store(url) as store:
        store.session("story").append({"role": "user", "content": "before"})
    child = start("append.py", url, "story", "run", 0, NO_WAIT="1", NO_COMMIT="1")
    said = [child.stdout.readline().strip() for _ in range(5)]
    more, _ = killed_after(child, 0)
    promised = acknowledged(said + more)
    assert promised
    assert lost(url, "story", promised) == promised


def large_home(home, sessions):
    """Write sessions that take a sync some time."""
    for number in range(sessions):
        for tale, pen, agent in (
            (tales.JWT, claude, ".claude"),
            (tales.WEBHOOKS, codex, ".codex"),
        ):
            native = f"{number:08d}-0000-7000-8000-00000000000{number % 10}"
            again = replace(tale, native=native, turns=tale.turns * 12, minutes_ago=tale.minutes_ago + number * 60)
            pen.write(home / agent, again, NOW_MS)


def variables(home):
    return {"HOME": str(home), "HOLDFAST_HOME": str(home / "data")}


def facts(workspace):
    """Return everything that must not depend on where a sync was stopped."""
    found = {}
    for session in workspace.store.find():
        messages = tuple((m.id, m.seq, m.role, m.text) for m in workspace.store.messages(session.id))
        raw = tuple(
            (f.path, f.version, b"".join(workspace.store.raw(f))) for f in workspace.store.raw_files(session.id)
        )
        found[session.id] = (replace(session, revision=0), messages, raw)
    hits = workspace.search.find(parse('"detection takes that for theft"'), limit=100)
    return found, workspace.usage.table("session").total, sorted({h.session for h in hits})


@pytest.mark.parametrize(("times", "size"), [(20, 30), pytest.param(200, 90, marks=pytest.mark.nightly)])
def test_a_sync_killed_at_any_moment_ends_where_an_undisturbed_one_does(tmp_path, times, size):
    home, chance = tmp_path / "home", random.Random(11)
    large_home(home, size)
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "holdfast", "sync"],
        env=variables(home),
        check=True,
        capture_output=True,
        timeout=PATIENCE,
    )
    undisturbed = time.monotonic() - began
    with Workspace(env=variables(home), home=home) as workspace:
        expected = facts(workspace)
    kills = archives = 0
    while kills < times:
        archives += 1
        data = tmp_path / f"archive{archives}"
        env = {**variables(home), "HOLDFAST_HOME": str(data)}
        before, done = 0, False
        while not done:
            child = start("-m holdfast", "sync", "--json", **env)
            _, done = killed_after(child, chance.uniform(0.2, 1.05) * undisturbed)
            kills += not done
            with Workspace(env=env, home=home) as workspace:
                assert faults(workspace.store) == []
                kept = sum(s.rollup.messages for s in workspace.store.find())
            assert kept >= before
            before = kept
        last = start("-m holdfast", "sync", "--json", **env)
        said, complaint = last.communicate(timeout=PATIENCE)
        assert (last.returncode, json.loads(said)["failed"]) == (0, {}), complaint
        with Workspace(env=env, home=home) as workspace:
            assert facts(workspace) == expected
