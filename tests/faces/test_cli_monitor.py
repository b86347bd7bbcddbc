"""`monitor`, and what `list` and `show` say of agents that run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stand-ins are started as on Linux")
IDENT = "c69e350e-140e-489b-a707-94dac7b9ac1d"
TITLE = "Which port is free?"


@pytest.fixture
def live(cli, monkeypatch):
    """Return the command line on a machine where one Claude Code waits for an answer."""
    monkeypatch.setenv("HOLDFAST_MONITORING_AUTO_DISCOVER", "true")
    cwd = cli.home / "live"
    cwd.mkdir()
    child = subprocess.Popen(["claude", "900"], executable=shutil.which("sleep"), cwd=cwd)
    stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    usual = {"sessionId": IDENT, "cwd": str(cwd), "timestamp": stamp}
    call = {
        "type": "tool_use",
        "id": "t1",
        "name": "AskUserQuestion",
        "input": {"questions": [{"question": "Which port?"}]},
    }
    records = (
        {"type": "user", "uuid": "u1", "message": {"role": "user", "content": TITLE}},
        {"type": "assistant", "uuid": "u2", "parentUuid": "u1", "message": {"role": "assistant", "content": [call]}},
    )
    path = cli.home / ".claude" / "projects" / "-live" / f"{IDENT}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(usual | r) + "\n" for r in records))
    entry = {"pid": child.pid, "sessionId": IDENT, "cwd": str(cwd), "startedAt": int(time.time() * 1000)}
    registry = cli.home / ".claude" / "sessions" / f"{child.pid}.json"
    registry.parent.mkdir(exist_ok=True)
    registry.write_text(json.dumps(entry))
    cli.pid = child.pid
    yield cli
    child.kill()
    child.wait()


def test_a_board_names_what_waits_and_what_it_asks(live):
    (found,) = [s for s in live.json("monitor")["sessions"] if s["live"]["pid"] == live.pid]
    assert (found["session"]["title"], found["live"]["state"], found["live"]["needs"]) == (
        TITLE,
        "waiting-question",
        "Which port?",
    )
    assert [e["kind"] for e in found["live"]["evidence"]] == ["transcript"]
    shown = live("monitor", "--once").stdout
    assert "waiting-question" in shown
    assert "Which port?" in shown


def test_running_sessions_stand_first_in_a_list_with_their_true_state(live):
    first, *others = live.json("list")["sessions"]
    assert (first["native_id"], first["status"]) == (IDENT, "waiting-question")
    assert {s["status"] for s in others if s["native_id"]} == {"ended"}
    assert "waiting-question" in live("list").stdout.splitlines()[1]


@pytest.mark.parametrize("status", ["waiting", "active", "waiting-question"])
def test_states_and_their_groups_are_filters(live, status):
    for line in (("list", "--status", status), ("list", f"status:{status}")):
        assert IDENT in [s["native_id"] for s in live.json(*line)["sessions"]]


@pytest.mark.parametrize(("status", "is_found"), [("waiting", True), ("waiting-question", True), ("ended", False)])
def test_search_export_and_usage_choose_by_the_states_of_now(live, status, is_found):
    path = live.home / ".claude" / "projects" / "-live" / f"{IDENT}.jsonl"
    stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    usage = {"input_tokens": 7, "output_tokens": 9}
    call = {"type": "tool_use", "id": "t2", "name": "AskUserQuestion", "input": {"questions": [{"question": "So?"}]}}
    message = {"id": "m9", "role": "assistant", "model": "claude-opus-4-7", "content": [call], "usage": usage}
    record = {"type": "assistant", "uuid": "u9", "parentUuid": "u2", "sessionId": IDENT, "timestamp": stamp}
    with path.open("a") as stream:
        stream.write(json.dumps(record | {"message": message, "requestId": "r9"}) + "\n")
    ident = live.json("list")["sessions"][0]["id"]
    hits = live.json("search", "port", "--status", status)["hits"]
    assert (ident in {h["session"] for h in hits}) == is_found
    rows = live.json("usage", "--by", "session", f"status:{status}")["rows"]
    assert (ident in {r["key"] for r in rows}) == is_found
    exported = live("export", f"status:{status}", "--format", "jsonl").stdout
    assert (TITLE in exported) == is_found


def test_states_that_nothing_is_in_find_nothing_of_it(live):
    assert IDENT not in [s["native_id"] for s in live.json("list", "--status", "idle")["sessions"]]
    assert IDENT not in [s["native_id"] for s in live.json("list", "-status:waiting")["sessions"]]


def test_a_list_that_looks_for_nothing_shows_what_is_archived(live):
    live.json("list")
    assert "waiting-question" not in {s["status"] for s in live.json("list", "--no-sync")["sessions"]}


def test_a_session_is_shown_with_the_evidence_of_its_state(live):
    live.json("list")
    shown = live.json("show", IDENT)
    assert (shown["session"]["status"], shown["live"]["pid"]) == ("waiting-question", live.pid)


def test_showing_a_session_takes_it_for_read(live):
    end = {"role": "assistant", "content": [{"type": "text", "text": "8080."}], "stop_reason": "end_turn"}
    stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    path = live.home / ".claude" / "projects" / "-live" / f"{IDENT}.jsonl"
    with path.open("a") as stream:
        record = {"type": "assistant", "uuid": "u3", "parentUuid": "u2", "sessionId": IDENT, "timestamp": stamp}
        stream.write(json.dumps(record | {"message": end}) + "\n")
    assert live.json("list")["sessions"][0]["status"] == "done-unread"
    assert live("show", IDENT).exit_code == 0
    assert live.json("list")["sessions"][0]["status"] == "idle"


@pytest.fixture
def strange(tmp_path):
    """Return the pids of agents at work in a folder of which no archive knows anything."""
    cwd = tmp_path / "elsewhere"
    cwd.mkdir()
    children = [subprocess.Popen([n, "900"], executable=shutil.which("sleep"), cwd=cwd) for n in ("claude", "codex")]
    yield {c.pid for c in children}
    for child in children:
        child.kill()
        child.wait()


def test_a_process_whose_session_is_not_archived_stands_on_the_board_alone(live, strange):
    listed = [s for line in ((), ("--all",), ("--status", "waiting")) for s in live.json("list", *line)["sessions"]]
    archived = {s["id"] for s in live.json("list", "--all", "--no-sync")["sessions"]}
    assert {s["id"] for s in listed} <= archived
    assert strange <= {s["live"]["pid"] for s in live.json("monitor")["sessions"]}
    assert {line.split(",")[0] for line in live("list", "--format", "csv").stdout.splitlines()[1:]} <= archived


def test_another_archive_lists_nothing_of_what_runs(live, strange, tmp_path, monkeypatch):
    monkeypatch.setenv("HOLDFAST_STORE", f"sqlite:///{tmp_path}/other.db")
    assert [s for s in live.json("list")["sessions"] if not s["native_id"]] == []


def test_an_empty_archive_says_where_it_looked_though_agents_run(empty, strange, monkeypatch):
    monkeypatch.setenv("HOLDFAST_MONITORING_AUTO_DISCOVER", "true")
    answer = empty("list")
    assert answer.stdout == ""
    assert "Looked in" in answer.stderr
    assert "holdfast demo" in answer.stderr


def test_a_state_ends_with_its_process(live):
    live.json("list")
    os.kill(live.pid, 9)
    os.waitid(os.P_PID, live.pid, os.WEXITED | os.WNOWAIT)
    assert IDENT not in [s["native_id"] for s in live.json("list", "--status", "waiting")["sessions"]]


def test_where_nobody_is_to_look_nothing_is_looked_for(live, monkeypatch):
    monkeypatch.setenv("HOLDFAST_MONITORING_AUTO_DISCOVER", "false")
    assert live.json("show", "-")["live"] is None
