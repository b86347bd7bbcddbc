"""Sessions are saved and then ended: exactly the process that was seen, against real ones that are started here."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import psutil  # type: ignore[import-untyped]
import pytest

from holdfast.errors import Unsafe
from holdfast.interchange.native import NativeFormat
from holdfast.model import Session, Transcript, observed_id
from holdfast.model.live import Board, BoardRow, Claim, Live
from holdfast.model.process import Process
from holdfast.model.session import Parent
from holdfast.redact import Redactor
from holdfast.services._closing import sharing, signals
from holdfast.services.closing import Closing, Manner
from holdfast.services.exchange import Exchange
from holdfast.stores.inmemory import InMemoryStore
from holdfast.testing import builders

QUICK = Manner(grace=5.0)
IGNORES = "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); threading.Event().wait(60)"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")


@pytest.fixture
def started():
    """Start processes, and end each by its own number."""
    running = []

    def start(*argv, ready=False) -> Process:
        process = subprocess.Popen(argv or ("sleep", "60"), stdout=subprocess.PIPE)
        running.append(process)
        if ready:
            process.stdout.readline()
        return seen(process.pid)

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def seen(pid) -> Process:
    """Return a process as it is after its program was loaded."""
    found = psutil.Process(pid)
    while found.exe() == psutil.Process().exe() and found.cmdline() == psutil.Process().cmdline():
        os.sched_yield()
    return Process(pid=pid, started=int(found.create_time() * 1000), name=found.name(), executable=found.exe())


def is_alive(process) -> bool:
    try:
        return psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def named(native, **fields):
    fields = {"name": native, **fields}
    return Session(id=observed_id("claude-code", native), agent="claude-code", native_id=f"native {native}", **fields)


def row(session, process=None, *, state="idle", ambiguous=False) -> BoardRow:
    return BoardRow(session=session, live=Live(state=state, process=process, ambiguous=ambiguous))


@pytest.fixture
def store():
    return InMemoryStore()


@pytest.fixture
def closing(store, tmp_path):
    exchange = Exchange(store, Redactor, {})
    return Closing(store, lambda: Board(at=1), lambda: exchange, tmp_path / "data" / "closed")


def kept(store, name, text="hello", **fields):
    session = named(name, **fields)
    store.put(Transcript(session=session, messages=(builders.message(text),)))
    return store.get(session.id)


def outcomes(done) -> list[str]:
    return [one.outcome for one in done]


def test_only_the_right_ones_end(closing, store, started):
    processes = [started() for _ in range(6)]
    rows = [row(kept(store, f"s{n}"), p) for n, p in enumerate(processes)]
    done = closing.close(rows[:3], QUICK, everything=rows)
    assert outcomes(done) == ["ended"] * 3
    assert [is_alive(p) for p in processes] == [False] * 3 + [True] * 3
    assert [one.pid for one in done] == [p.pid for p in processes[:3]]


def test_a_session_is_saved_before_it_is_ended_and_for_its_owner_alone(closing, store, started, tmp_path):
    key = "AK" + "IA" + "QWERTYUIOPASDFGH"
    parent = kept(store, "the parent", f"my key is {key}")
    kept(store, "below", parent=Parent(id=parent.id, kind="subagent"))
    [done] = closing.close([row(parent, started())], QUICK)
    path = Path(done.path)
    assert path.parent == tmp_path / "data" / "closed"
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    items = list(NativeFormat().load(io.BytesIO(path.read_bytes())))
    assert {t.session.name for t in items} == {"the parent", "below"}
    assert key in str([t.messages for t in items])


def test_what_is_saved_elsewhere_is_masked(closing, store, started, tmp_path):
    key = "AK" + "IA" + "QWERTYUIOPASDFGH"
    session = kept(store, "one", f"my key is {key}")
    [done] = closing.close([row(session, started())], Manner(folder=tmp_path / "out", kind="json", grace=5.0))
    assert Path(done.path).suffix == ".json"
    assert key not in Path(done.path).read_text()


def test_what_cannot_be_saved_is_left_running(closing, store, started, tmp_path):
    (tmp_path / "data").write_text("a file in place of the folder")
    process, other = started(), started()
    done = closing.close([row(kept(store, "one"), process), row(named("unread"), other)], QUICK)
    assert outcomes(done) == ["failed", "ended"]
    assert "not saved, so left running" in done[0].reason
    assert (is_alive(process), is_alive(other)) == (True, False)


def test_a_process_that_became_another_program_while_it_was_saved_is_left_running(closing, started, monkeypatch):
    process = started()
    looks = iter(["", "it runs another program now"])
    with monkeypatch.context() as patched:
        patched.setattr(signals, "difference", lambda _: next(looks))
        [done] = closing.close([row(named("one"), process)], QUICK)
    assert (done.outcome, done.reason, is_alive(process)) == ("refused", "it runs another program now", True)


def test_a_thousand_reused_numbers_signal_nobody(closing, started, monkeypatch):
    sent = []
    process = started()
    reused = [
        msgspec.structs.replace(process, started=process.started - n * 10)
        if n % 2
        else msgspec.structs.replace(process, executable=f"/opt/agent-{n}/bin/claude")
        for n in range(1, 1001)
    ]
    with monkeypatch.context() as patched:
        patched.setattr(signal, "pidfd_send_signal", lambda *a: sent.append(a), raising=False)
        patched.setattr(os, "kill", lambda *a: sent.append(a))
        done = closing.close([row(named(f"s{n}"), p) for n, p in enumerate(reused)], Manner(grace=0.0, kill=True))
    assert set(outcomes(done)) == {"refused"}
    assert sent == []
    assert is_alive(process)


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system has no descriptors of processes")
def test_a_number_that_is_given_away_between_look_and_signal_gets_nothing(started, monkeypatch):
    victim = started()
    held = signals.hold(victim)
    psutil.Process(victim.pid).kill()
    psutil.Process(victim.pid).wait(5)
    with monkeypatch.context() as patched:
        patched.setattr(signals, "difference", lambda _: "")
        patched.setattr(os, "kill", lambda *_: pytest.fail("a number was signalled"))
        assert signals.send(held, signal.SIGTERM) is False
    signals.release(held)


def without_descriptors(monkeypatch):
    monkeypatch.setattr(signals, "os", SimpleNamespace(**{k: v for k, v in vars(os).items() if k != "pidfd_open"}))


def test_without_descriptors_the_process_is_looked_at_right_before(closing, store, started, monkeypatch):
    without_descriptors(monkeypatch)
    process = started()
    [done] = closing.close([row(kept(store, "one"), process)], QUICK)
    assert (done.outcome, is_alive(process)) == ("ended", False)
    other = started()
    held = signals.hold(other)
    looks = iter(["its number is another process's now"])
    monkeypatch.setattr(signals, "difference", lambda _: next(looks))
    assert signals.send(held, signal.SIGTERM) is False
    assert is_alive(other)


@pytest.mark.parametrize(
    "which", ["the first", "ourselves", "our parent", "our group's leader", "our session's leader"]
)
def test_what_carries_us_is_never_signalled(closing, which, monkeypatch):
    pid = {
        "the first": 1, "ourselves": os.getpid(), "our parent": os.getppid(),
        "our group's leader": os.getpgrp(), "our session's leader": os.getsid(0),
    }[which]  # fmt: skip
    now = Process(pid=pid, started=0, name="x")
    if pid > 0 and psutil.pid_exists(pid):
        found = psutil.Process(pid)
        now = Process(pid=pid, started=int(found.create_time() * 1000), name=found.name())
    sent = []
    with monkeypatch.context() as patched:
        patched.setattr(signal, "pidfd_send_signal", lambda *a: sent.append(a), raising=False)
        patched.setattr(os, "kill", lambda *a: sent.append(a))
        [done] = closing.close([row(named("one"), now)], Manner(grace=0.0, kill=True))
    assert (done.outcome, sent) == ("refused", [])
    assert done.reason in ("this is the system's first process", "this command runs in it")


def test_another_users_process_is_refused(closing, started, monkeypatch):
    process = started()
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    [done] = closing.close([row(named("one"), process)], QUICK)
    assert (done.outcome, done.reason, is_alive(process)) == ("refused", "it is another user's", True)


def test_a_process_without_a_known_program_is_told_by_its_name(closing, started):
    process = msgspec.structs.replace(started(), executable="")
    wrong = msgspec.structs.replace(process, name="claude")
    [done] = closing.close([row(named("one"), wrong)], QUICK)
    assert (done.outcome, is_alive(process)) == ("refused", True)
    [done] = closing.close([row(named("one"), process)], QUICK)
    assert (done.outcome, is_alive(process)) == ("ended", False)


def test_one_that_does_not_end_is_told_truthfully_and_killed_only_if_asked(closing, store, started):
    process = started(sys.executable, "-c", IGNORES, ready=True)
    session = kept(store, "stubborn")
    [done] = closing.close([row(session, process)], Manner(grace=0.1))
    assert (done.outcome, done.is_failed, "0.1 s" in done.reason) == ("still-running", True, True)
    assert is_alive(process)
    [done] = closing.close([row(session, process)], Manner(grace=0.1, kill=True, folder=closing.folder / "again"))
    assert (done.outcome, done.is_failed, is_alive(process)) == ("killed", False, False)


def test_a_suspended_process_hears_of_its_end(closing, started):
    process = started()
    os.kill(process.pid, signal.SIGSTOP)
    [done] = closing.close([row(named("one"), msgspec.structs.replace(process, stopped=True))], QUICK)
    assert (done.outcome, is_alive(process)) == ("ended", False)


def test_a_process_that_is_gone_did_not_run(closing, started):
    process = started()
    psutil.Process(process.pid).kill()
    psutil.Process(process.pid).wait(5)
    assert outcomes(closing.close([row(named("one"), process), row(named("two"))], QUICK)) == ["not-running"] * 2


def test_two_sessions_that_cannot_be_told_apart_are_left_alone(closing, started):
    process = started()
    [done] = closing.close([row(named("one"), process, ambiguous=True)], QUICK)
    assert (done.outcome, is_alive(process)) == ("refused", True)


def test_a_process_that_holds_another_session_too_is_left_alone_unless_both_are_meant(closing, started):
    process = started()
    rows = [row(named("one"), process), row(named("two"), process)]
    [done] = closing.close(rows[:1], QUICK, everything=rows)
    assert (done.outcome, done.reason, is_alive(process)) == ("refused", f"process {process.pid} holds two too", True)
    assert outcomes(closing.close(rows, QUICK, everything=rows)) == ["ended", "ended"]


class Source:
    """A source whose processes carry what they are told to."""

    def __init__(self, *claims) -> None:
        self.found = claims

    def claims(self, process, scene):
        return self.found

    def tail(self, path):
        return None


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ((Claim(editor=True),), "an editor shows it: close the chat there"),
        ((Claim(host=True),), "a server of many sessions holds it"),
        ((Claim(native_id="a"), Claim(native_id="b")), "process 7 holds several sessions"),
        ((Claim(native_id="a"),), ""),
        ((Claim(native_id="a", host=True),), ""),
    ],
)
def test_editors_and_servers_are_never_closed_with_one_session(claims, reason):
    process = Process(pid=7, started=1, name="x")
    assert sharing.reason({"codex": cast("Any", Source(*claims))}, lambda _: (), "codex", process) == reason


def test_the_reason_why_not_keeps_a_process_alive(store, started, tmp_path):
    process = started()
    nobody = cast("Any", None)
    closing = Closing(store, lambda: Board(at=1), lambda: nobody, tmp_path, shares=lambda *_: "an editor shows it")
    [done] = closing.close([row(named("one"), process)], QUICK)
    assert (done.outcome, done.reason, is_alive(process)) == ("refused", "an editor shows it", True)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("all", ["test-one", "prod", "Test Two", "Fix [x] it"]),
        ("test-*", ["test-one"]),
        ("TEST-*", ["test-one"]),
        ("*two", ["Test Two"]),
        ("shop", ["prod"]),
        ("/srv/*", ["prod"]),
        ("*[x]*", ["Fix [x] it"]),
        ("t?st-one", ["test-one"]),
        ("nothing-*", []),
        ("nothing", None),
        ("project:shop", None),
        ("two words", None),
    ],
)
def test_a_pattern_matches_names_titles_projects_and_ids(closing, pattern, found):
    parent = Parent(id=observed_id("codex", "p"), kind="subagent")
    sessions = [
        named("test-one"), named("prod", project="/srv/shop"), named("t", name="", title="Test Two"),
        named("f", name="", title="Fix [x] it"), named("test-below", parent=parent),
    ]  # fmt: skip
    got = closing.matching(pattern, sessions)
    assert (None if got is None else [s.shown_name for s in got]) == found


def test_the_beginning_of_an_id_matches(closing):
    session = named("one")
    assert closing.matching(session.id[:6], [session, named("two")]) == [session]
    assert closing.matching(f"{session.id[:3]}*", [session, named("two")]) == [session]


def test_an_export_replaces_nothing_unless_it_may(closing, store, tmp_path):
    session = kept(store, "a/b: c \u6f22")
    path, _ = closing.export(session, tmp_path / "out", kind="markdown")
    assert path.name == f"a-b-c-{session.id}.md"
    with pytest.raises(Unsafe):
        closing.export(session, tmp_path / "out", kind="markdown")
    assert closing.export(session, tmp_path / "out", kind="markdown", force=True)[0] == path
