"""Boards over a home with real files and real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import msgspec
import pytest

from holdfast import config, processes
from holdfast.model.process import Process
from holdfast.services.monitor import Monitor
from holdfast.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="stand-ins are started as on Linux")
IDENT = "a69e350e-140e-489b-a707-94dac7b9ac1d"
OTHER = "b" + IDENT[1:]
SLEEP = shutil.which("sleep") or ""


class Home:
    """A home with stand-ins, each ended by its own pid."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.cwd = self.home / "shop"
        self.cwd.mkdir(parents=True)
        self.env = {"HOLDFAST_HOME": str(folder / "data"), "HOME": str(self.home), "PATH": os.environ["PATH"]}
        self.workspace = Workspace(config.load({}, env=self.env, cwd=folder), env=self.env, home=self.home)
        self.running: dict[int, subprocess.Popen] = {}

    def start(self, *argv, cwd=None) -> int:
        child = subprocess.Popen([*argv, "900"], executable=SLEEP, cwd=cwd or self.cwd)
        self.running[child.pid] = child
        return child.pid

    def end(self, pid, number=signal.SIGKILL) -> None:
        os.kill(pid, number)
        self.running.pop(pid).wait()

    def close(self) -> None:
        for pid in list(self.running):
            self.end(pid)
        self.workspace.close()

    def transcript(self, *records, ident=IDENT, cwd=None):
        path = self.home / ".claude" / "projects" / "-shop" / f"{ident}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            for place, record in enumerate(records):
                usual = {
                    "sessionId": ident,
                    "cwd": str(cwd or self.cwd),
                    "uuid": f"{ident}-{path.stat().st_size}-{place}",
                }
                stream.write(json.dumps(usual | record) + "\n")

    def registry(self, pid, status=None, *, ident=IDENT, **fields) -> None:
        path = self.home / ".claude" / "sessions" / f"{pid}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        entry = {
            "pid": pid,
            "sessionId": ident,
            "cwd": str(self.cwd),
            "procStart": processes.birth(pid),
            "startedAt": now(),
        }
        entry |= {"status": status, "statusUpdatedAt": now()} if status else {}
        path.write_text(json.dumps(entry | fields))

    def hook(self, state, *, pid=None, ident=IDENT, at=None) -> None:
        folder = self.folder / "data" / "spool"
        folder.mkdir(parents=True, exist_ok=True)
        line = {"v": 1, "at": at or now(), "agent": "claude-code", "native_id": ident, "pid": pid, "cwd": str(self.cwd),
                "event": "Notification", "state": state, "detail": "may it?"}  # fmt: skip
        with (folder / "claude-code.jsonl").open("a") as stream:
            stream.write(json.dumps(line) + "\n")

    def rows(self):
        """Return the rows of our own processes and sessions: whatever else runs here is left out."""
        board = self.workspace.monitor.board()
        return [r for r in board.rows if r.live.process is None or r.live.process.pid in self.running]

    def row(self, ident=IDENT):
        return next((r for r in self.rows() if r.session.native_id == ident), None)

    def state(self, ident=IDENT):
        return self.row(ident).live.state


@pytest.fixture
def home(home, tmp_path):
    del home
    made = Home(tmp_path)
    yield made
    made.close()


def now():
    return int(time.time() * 1000)


def said(kind, content, *, ago=0.0, **message):
    stamp = datetime.fromtimestamp(time.time() - ago, UTC).isoformat().replace("+00:00", "Z")
    return {"type": kind, "timestamp": stamp, "message": {"role": kind, "content": content, **message}}


def prompt(ago=0.0):
    return said("user", "Fix the build", ago=ago)


def answer(ago=0.0, **more):
    usage = {"input_tokens": 1000, "output_tokens": 200, "cache_read_input_tokens": 9000}
    words = [{"type": "text", "text": "Done."}]
    made = said(
        "assistant",
        words,
        ago=ago,
        stop_reason="end_turn",
        id=f"msg_{ago}",
        model="claude-opus-4-5",
        usage=usage,
        **more,
    )
    return made | {"requestId": f"req_{ago}"}


def test_a_turn_is_followed_to_its_end_and_the_kill_of_its_process(home):
    pid = home.start("claude")
    home.registry(pid)
    home.transcript(prompt())
    row = home.row()
    assert (row.live.state, row.live.process.pid, row.session.status) == ("working", pid, "working")
    home.transcript(answer())
    assert home.state() == "done-unread"
    home.transcript(prompt())
    assert home.state() == "working"
    home.end(pid)
    assert home.state() == "ended"


def test_the_registry_tells_what_the_transcript_cannot(home):
    pid = home.start("claude")
    home.transcript(prompt())
    home.registry(pid, "waiting")
    assert home.state() == "waiting-permission"


def test_a_hook_is_believed_before_all_and_only_of_the_process_that_it_spoke_of(home):
    pid = home.start("claude")
    home.registry(pid, "busy")
    home.transcript(prompt())
    home.hook("waiting-permission", pid=pid, at=now() + 10)
    row = home.row()
    assert (row.live.state, row.live.evidence[0].kind, row.live.needs) == (
        "waiting-permission",
        "hook",
        "Notification: may it?",
    )
    home.hook("waiting-permission", pid=pid, ident=OTHER, at=now() - 3_600_000)
    assert home.row(OTHER) is None


def test_what_was_said_of_an_earlier_process_of_the_same_session_says_nothing_of_this_one(home):
    pid = home.start("claude")
    home.registry(pid)
    home.transcript(prompt(ago=3600))
    home.hook("waiting-permission", at=now() - 3_500_000)
    assert home.state() == "idle"
    home.transcript(prompt())
    assert home.state() == "working"


def test_a_hook_names_the_session_where_nothing_else_does(home):
    one, two = home.start("claude"), home.start("claude")
    home.transcript(prompt())
    home.transcript(prompt(), ident=OTHER)
    assert {r.live.ambiguous for r in home.rows()} == {True}
    home.hook("working", pid=one)
    home.hook("working", pid=two, ident=OTHER)
    assert (home.row().live.process.pid, home.row(OTHER).live.process.pid) == (one, two)


def test_a_registry_of_another_process_with_the_same_pid_is_no_live_session(home):
    home.transcript(prompt(ago=60))
    os.utime(home.home / ".claude" / "projects" / "-shop" / f"{IDENT}.jsonl", (time.time() - 60,) * 2)
    pid = home.start("claude", cwd=home.home)
    home.registry(pid, "busy", procStart="1")
    assert home.state() == "ended"
    editor = home.start("vim")
    home.registry(editor, "busy")
    assert home.state() == "ended"


def test_two_sessions_of_one_folder_are_not_guessed_at(home):
    home.start("claude"), home.start("claude")
    home.transcript(prompt())
    home.transcript(prompt(), ident=OTHER)
    found = [(r.live.ambiguous, r.live.process) for r in home.rows()]
    assert found == [(True, None), (True, None)]


def test_the_sessions_of_one_process_follow_each_other_and_the_newest_is_its(home):
    pid = home.start("claude")
    home.transcript(prompt(ago=3), answer(ago=2))
    home.transcript(prompt(), ident=OTHER)
    assert home.row(OTHER).live.process.pid == pid
    assert home.state() == "ended"


def test_a_folder_behind_a_link_is_the_same_folder(home):
    link = home.home / "link"
    link.symlink_to(home.cwd)
    pid = home.start("claude")
    home.transcript(prompt(), cwd=link)
    assert home.row().live.process.pid == pid


def test_an_agent_of_which_nothing_is_written_down_yet_has_a_row_that_stays_the_same(home):
    pid = home.start("claude")
    first, second = ([r for r in home.rows() if r.live.process and r.live.process.pid == pid] for _ in range(2))
    assert [r.session.id for r in first] == [r.session.id for r in second]
    assert first[0].live.state == "unknown"


def test_a_finished_turn_is_news_until_the_session_was_shown(home):
    pid = home.start("claude")
    home.registry(pid)
    home.transcript(prompt(), answer())
    row = home.row()
    assert row.live.state == "done-unread"
    home.workspace.monitor.mark_read(row.session.id)
    assert home.state() == "idle"
    home.transcript(prompt(ago=-0.1), answer(ago=-0.2))
    assert home.state() == "done-unread"


def test_a_thousand_scans_keep_one_id_and_what_was_said_of_a_session_is_found_by_its_state(home):
    pid = home.start("claude")
    home.registry(pid)
    home.transcript(prompt())
    row = home.row()
    home.workspace.sessions.tag(row.session, ["api"])
    table = tuple(p for p in processes.snapshot() if p.pid == pid)
    watching = home.workspace.monitor
    scans = Monitor(watching.store, watching.sources, watching.roots, watching.spool, processes=lambda: table)
    assert {tuple(scans.lives()) for _ in range(1000)} == {(row.session.id,)}
    (listed,) = scans.listed(home.workspace.sessions.find())
    assert (listed.id, listed.tags, listed.status) == (row.session.id, ("api",), "working")


def test_a_resumed_session_keeps_its_id(home):
    pid = home.start("claude")
    home.registry(pid)
    home.transcript(prompt())
    before = home.row().session.id
    home.end(pid)
    again = home.start("claude")
    home.registry(again)
    home.transcript(prompt())
    assert (home.row().session.id, home.row().live.process.pid) == (before, again)


def test_tokens_per_minute_context_and_cost_of_today_are_on_the_row(home):
    pid = home.start("claude")
    home.registry(pid)
    home.transcript(prompt(), answer())
    row = home.row()
    assert row.tokens_per_minute == pytest.approx(1200 / 5)
    assert sum(row.burn) == 1200
    assert float(row.cost_today) > 0
    assert (row.context.used, row.context.limit) == (10_200, 200_000)


def test_no_secret_of_a_command_line_reaches_a_board(home):
    key = "sk-" + "ant-" + "Zq7" * 14
    pid = home.start(f"ANTHROPIC_API_KEY={key}") and home.start("claude", "900", "900")
    secret = Process(
        pid=pid,
        started=now() - 1000,
        name="claude",
        argv=processes.masked(("claude", "--api-key", key)),
        cwd=str(home.cwd),
    )
    watching = home.workspace.monitor
    found = Monitor(
        watching.store, watching.sources, watching.roots, watching.spool, processes=lambda: (secret,)
    ).board()
    assert key not in msgspec.json.encode(found).decode()
    assert key not in msgspec.json.encode(home.workspace.monitor.board()).decode()


def test_a_watched_board_comes_anew_as_soon_as_a_hook_writes(home):
    stop = threading.Event()
    boards = home.workspace.monitor.watch(stop, interval=600)
    next(boards)
    home.hook("working")
    began = time.monotonic()
    next(boards)
    assert time.monotonic() - began < 60
    stop.set()
    assert list(boards) == []


def test_a_spool_that_grew_too_long_is_cut_and_its_newest_lines_stay(home):
    pid = home.start("claude")
    home.registry(pid)
    home.transcript(prompt())
    home.hook("working")
    path = home.folder / "data" / "spool" / "claude-code.jsonl"
    path.write_text(path.read_text() * (5_000_000 // path.stat().st_size))
    home.hook("waiting-question", pid=pid)
    assert home.state() == "waiting-question"
    assert path.stat().st_size < 4 << 20
    assert home.state() == "waiting-question"


def test_a_board_with_nothing_running_says_so(home):
    monitor = home.workspace.monitor
    board = Monitor(monitor.store, monitor.sources, monitor.roots, monitor.spool, processes=lambda: ()).board()
    assert (board.rows, board.counts, board.windows) == ((), {}, ())
