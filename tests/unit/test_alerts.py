"""Alerts: told when something begins, not while it lasts; told by the ways a person opted in to, and harmlessly."""

from __future__ import annotations

import io
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from msgspec.structs import replace

from holdfast.alerts import (
    Alert,
    Bell,
    Command,
    Desktop,
    Memory,
    Rules,
    Webhook,
    acknowledged,
    changes,
    deliver,
    due,
    sinks_of,
)
from holdfast.config import load
from holdfast.errors import BadInput
from holdfast.model import Context, Session
from holdfast.model.live import STATES, Board, BoardRow, Health, Live, Window

NOW = 1_700_000_000_000
MINUTE = 60_000
RULES = Rules()


def row(state="working", *, ident="a", since=None, used=0, streak=0, secrets=0, silent=0, at=NOW, needs="") -> BoardRow:
    return BoardRow(
        session=Session(id=ident, agent="codex", native_id=ident, name="the shop", active=at - silent),
        live=Live(state=state, since=since, needs=needs),
        context=Context(used=used, limit=100),
        health=Health(session=ident, scoring="default", score=1.0, grade="healthy", streak=streak),
        secrets=secrets,
    )


def board(*rows, at=NOW, windows=()) -> Board:
    return Board(at=at, rows=rows, windows=windows)


def began(old, new, rules=RULES) -> list[str]:
    return [a.rule for a in changes(old, new, rules)]


@pytest.mark.parametrize("state", STATES)
def test_a_session_that_begins_to_need_a_person_is_told(state):
    wanted = (
        ["needs-me"]
        if state in ("waiting-permission", "waiting-question", "waiting-limit", "error", "done-unread")
        else []
    )
    assert began(board(row()), board(row(state), at=NOW + 1)) == wanted
    assert began(board(row(state)), board(row(state), at=NOW + 1)) == []


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ({"used": 89}, {"used": 90}, "context-full"),
        ({"streak": 2}, {"streak": 3}, "error-streak"),
        ({"silent": 10 * MINUTE - 1}, {"silent": 10 * MINUTE}, "stall"),
        ({"secrets": 0}, {"secrets": 1}, "secret"),
        ({"secrets": 1}, {"secrets": 2}, "secret"),
    ],
)
def test_a_limit_that_is_crossed_is_told_once(before, after, rule):
    old, new = board(row(**before)), board(row(**after))
    assert began(old, new) == [rule]
    assert began(new, new) == []
    assert began(new, old) == ([] if rule != "secret" or not before["secrets"] else ["secret"])


def test_a_plans_limit_that_comes_near_is_told():
    near, far = (board(row(), windows=(Window(name="5 hours", used=u, agent="codex"),)) for u in (0.8, 0.79))
    assert began(far, near) == ["limit-near"]
    assert began(near, near) == []


def test_nothing_begins_on_the_first_board():
    assert began(None, board(row("waiting-permission", used=99, streak=9, secrets=1))) == []


def test_a_session_that_is_new_on_the_board_is_told_of_and_an_ended_one_is_not():
    assert began(board(), board(row("error"))) == ["needs-me"]
    assert began(board(), board(row("ended", used=99, streak=9, secrets=1))) == []


def test_another_question_between_two_boards_is_another_occurrence():
    old = board(row("waiting-permission", since=NOW - 5))
    assert began(old, board(row("waiting-permission", since=NOW - 5), at=NOW + 5000)) == []
    assert began(old, board(row("waiting-permission", since=NOW + 3000), at=NOW + 5000)) == ["needs-me"]


def test_an_idle_session_does_not_stall():
    assert began(board(row()), board(row("idle", silent=99 * MINUTE))) == []


@pytest.mark.parametrize(
    ("name", "value", "new"),
    [
        ("thresholds.token_critical", 0.5, {"used": 60}),
        ("thresholds.error_streak", 1, {"streak": 1}),
        ("thresholds.stall_minutes", 1, {"silent": 2 * MINUTE}),
        ("alerts.rules", ("stall",), {"state": "error"}),
    ],
)
def test_every_setting_changes_what_is_told(name, value, new):
    before, after = (Rules.of(load(f, env={"HOLDFAST_HOME": "/nowhere"})) for f in ({}, {name: value}))
    assert before == RULES
    assert began(board(row()), board(row(**new)), before) != began(board(row()), board(row(**new)), after)


class Person:
    """Looks at one board after another, and counts what is told."""

    def __init__(self, rules=RULES, minute=0) -> None:
        self.rules = rules
        self.minute = minute
        self.memory = Memory()
        self.old: Board | None = None
        self.at = NOW

    def sees(self, *rows, after=5000) -> list[int]:
        self.at += after
        new = board(*rows, at=self.at)
        self.memory, found = due(self.memory, self.old, new, self.rules, minute=self.minute)
        self.old = new
        return [a.times for a in found]


def test_a_cause_is_told_at_most_three_times_while_it_lasts():
    person = Person()
    waiting = row("waiting-permission", since=NOW)
    assert person.sees(row()) == []
    assert [person.sees(waiting, after=MINUTE) for _ in range(30)] == [
        [1], [], [], [], [], [2], [], [], [], [], [3], *[[]] * 19]  # fmt: skip


def test_once_is_enough_where_a_person_said_so():
    person = Person(replace(RULES, repeats=1))
    person.sees(row("idle"))
    assert [t for _ in range(20) for t in person.sees(row("idle", used=95), after=MINUTE)] == [1]


def test_what_a_person_took_note_of_is_not_told_again_until_it_ended():
    person = Person()
    person.sees(row("idle"))
    assert person.sees(row("idle", used=95)) == [1]
    person.memory = acknowledged(person.memory, "a")
    assert [person.sees(row("idle", used=95), after=10 * MINUTE) for _ in range(3)] == [[], [], []]
    person.sees(row("idle"))
    person.sees(row("idle"), after=11 * MINUTE)
    assert person.sees(row("idle", used=95)) == [1]


def test_what_flickers_is_told_once():
    person = Person()
    person.sees(row("idle"))
    told = [t for n in range(40) for t in person.sees(row("idle", used=95 if n % 2 else 5))]
    assert told == [1]


def test_every_new_question_is_told():
    person = Person()
    person.sees(row())
    told = []
    for _ in range(5):
        told += person.sees(row("waiting-permission", since=person.at + 4000), after=20_000)
        told += person.sees(row(), after=20_000)
    assert told == [1] * 5


def test_quiet_hours_hold_alerts_back_until_they_end():
    rules = replace(RULES, quiet=(22 * 60, 7 * 60))
    person = Person(rules, minute=23 * 60)
    person.sees(row())
    assert person.sees(row("error", since=NOW + 6000)) == []
    person.minute = 7 * 60
    assert person.sees(row("error", since=NOW + 6000)) == [1]
    assert [rules.is_quiet(m) for m in (22 * 60 - 1, 22 * 60, 0, 7 * 60 - 1, 7 * 60)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert [replace(rules, quiet=(60, 120)).is_quiet(m) for m in (59, 60, 119, 120)] == [False, True, True, False]


@pytest.mark.parametrize("text", ["22-7", "25:00-07:00", "night", "22:00-07:60"])
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(BadInput, match="quiet_hours"):
        Rules.of(load({"alerts.quiet_hours": text}, env={"HOLDFAST_HOME": "/nowhere"}))


HOSTILE = Alert(
    rule="needs-me",
    cause="c",
    priority="high",
    title="-rf \x1b]0;x\x07$(id)",
    message="`id`;\nrm {session}\u202e",
    session="abc",
)


def test_the_bell_rings_and_osc_9_says_a_harmless_line():
    plain, spoken = io.StringIO(), io.StringIO()
    Bell(plain).send(HOSTILE)
    Bell(spoken, osc9=True).send(HOSTILE)
    assert plain.getvalue() == "\x07"
    assert spoken.getvalue() == "\x1b]9;`id`; rm {session}  (-rf  ]0;x $(id))\x07"


def test_a_notification_is_arguments_never_a_shell_or_an_option():
    ran: list[list[str]] = []
    Desktop(run=ran.append, which=lambda name: f"/bin/{name}" if name == "notify-send" else None).send(HOSTILE)
    Desktop(run=ran.append, which=lambda name: f"/bin/{name}" if name == "osascript" else None).send(HOSTILE)
    assert ran[0][:4] == ["/bin/notify-send", "--app-name=holdfast", "--urgency=critical", "--"]
    assert ran[0][4].startswith("Holdfast: ")
    assert ran[1][0:2] == ["/bin/osascript", "-e"]
    assert "rm" not in ran[1][2]
    assert not any("\x1b" in word or "\u202e" in word for words in ran for word in words)


def test_a_desktop_without_notifications_is_a_problem_that_is_told():
    assert deliver([HOSTILE], [Desktop(which=lambda name: None)]) == (
        "desktop: neither notify-send nor osascript is there",
    )


def test_a_command_gets_each_value_inside_one_argument_and_nothing_is_filled_in_twice():
    ran: list[list[str]] = []
    Command(["/bin/page", "{message}", "id={session}", "{rule} {priority} {other} {", "{session"], run=ran.append).send(
        HOSTILE
    )
    assert ran == [[
        "/bin/page", "`id`; rm {session}  (-rf  ]0;x $(id))", "id=abc", "needs-me high {other} {", "{session"]]  # fmt: skip


def test_a_command_runs_without_a_shell_and_its_failure_is_told(tmp_path):
    out = tmp_path / "out"
    write = f"import sys; open({str(out)!r}, 'w').write(sys.argv[1])"
    assert deliver([HOSTILE], [Command([sys.executable, "-c", write, "{message}"])]) == ()
    assert out.read_text() == "`id`; rm {session}  (-rf  ]0;x $(id))"
    failed = deliver(
        [HOSTILE, HOSTILE], [Command([sys.executable, "-c", "raise SystemExit(3)"]), Command([str(tmp_path / "none")])]
    )
    assert len(failed) == 1
    assert "none" in failed[0]


class Receiver(BaseHTTPRequestHandler):
    """Keeps what is posted; answers 302 on /moved."""

    got: list = []  # noqa: RUF012 - reset by the fixture

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(302 if self.path == "/moved" else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self):
        self.got.append((self.path, "", {}))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def receiver():
    """Return the address of a server on this machine."""
    Receiver.got = []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_the_alert_as_json(receiver):
    assert deliver([HOSTILE], [Webhook(f"{receiver}/alert")]) == ()
    path, kind, body = Receiver.got[0]
    assert (path, kind) == ("/alert", "application/json")
    assert (body["rule"], body["session"], body["message"]) == ("needs-me", "abc", HOSTILE.message)


def test_a_webhook_follows_no_redirect_and_its_failure_stops_nothing(receiver):
    stream = io.StringIO()
    problems = deliver([HOSTILE], [Webhook(f"{receiver}/moved"), Webhook("http://127.0.0.1:1/x"), Bell(stream)])
    assert len(problems) == 1
    assert [path for path, _, _ in Receiver.got] == ["/moved"]
    assert stream.getvalue() == "\x07"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x", "localhost:1", "http://", "http://[bad"])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(BadInput, match="webhook"):
        Webhook(url)


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


def test_nothing_is_told_unless_a_person_opted_in():
    env = {"HOLDFAST_HOME": "/nowhere"}
    assert sinks_of(load(env=env), terminal=Screen()) == ()
    flags = {
        "alerts.bell": "bell",
        "alerts.desktop": True,
        "alerts.command": ["x"],
        "alerts.webhook": "http://127.0.0.1",
    }
    for name, value in flags.items():
        found = sinks_of(load({name: value}, env=env), terminal=Screen())
        assert [f"alerts.{s.name}" for s in found] == [name]


def test_the_bell_does_not_ring_into_a_file():
    assert sinks_of(load({"alerts.bell": "osc9"}, env={"HOLDFAST_HOME": "/nowhere"}), terminal=io.StringIO()) == ()
